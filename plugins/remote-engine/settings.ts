import {
  type HostReader,
  type Kind,
  type Setting,
  SetupError,
  type SshLogin,
  type Text,
  type Verdict,
  type View,
  fact,
  message,
  port,
  readText,
  setting,
  text,
} from '#kit';
import { covers } from '../../src/setup/pki/inspect.ts';
import { authority, engineElsewhere } from '../database/settings.ts';
import { dwh, dwhAlone, paths as warehouse } from '../dwh/settings.ts';
import { engineHere } from '../engine/settings.ts';
import { realRoot } from '../environment/settings.ts';
import { fqdn, hostNameFlaw } from '../network/settings.ts';
import { paths as pki } from '../pki/settings.ts';
import { websocketAlone, websocketProxy } from '../websocket/settings.ts';
import { enrolment, judgeSigned, paths } from './enrolment.ts';
import { judgeHostKeys } from './host-key.ts';
import { failureText, loginAt } from './login.ts';

/** A component on this host works for an engine on another one. */
const isElsewhere = (view: View): boolean => !engineHere(view) && [dwh, websocketProxy].some((component) => view.find(component) === true);

export const engineFqdn = setting({
  key: 'OVESETUP_ENGINE_CONFIG/fqdn',
  section: 'network',
  kind: text,
  about: 'Name of the host with the engine, where the engine is not on this one.',
  ask: { name: 'OVESETUP_NETWORK_FQDN_the_engine', text: 'Host fully qualified DNS name of the engine server' },
  preview: 'Engine Host FQDN',
  keep: true,
  when: isElsewhere,
  validate: (value, _view, host) => hostNameFlaw(value, host),
});

/** Whether the proxy of this host has no certificate of the engine's authority yet, or none that lasts. */
const wantsCertificate = (view: View): boolean => {
  const { certificate } = view.fact(enrolment);
  return websocketAlone(view) && (certificate === undefined || !covers(certificate, view.get(fqdn)));
};

/** Whether the engine's host has been told of the history of this one: that is written down last. */
export const told = fact('engine-told', async (host) => (await readText(host, warehouse.example)) !== undefined);

/** Whether a data warehouse of this host has still to become acquainted with the engine. */
const wantsEngine = (view: View): boolean => dwhAlone(view) && (view.fact(engineElsewhere) === undefined || !view.fact(told));

const styles = { '1': 'auto_ssh', '2': 'manual_files' } as const;
type Style = (typeof styles)[keyof typeof styles];

/** Asked by number and stored by name, as answer files know it; both are read. */
const style: Kind<Style> = {
  name: 'one of auto_ssh, manual_files',
  choices: Object.keys(styles),
  schema: { enum: [...Object.keys(styles), 1, 2, ...Object.values(styles)] },
  parse(raw) {
    const word = String(raw).trim().toLowerCase();
    const found = Object.entries(styles).find((pair) => pair.includes(word));
    if (found === undefined) throw new SetupError('refused', '1 (auto_ssh) or 2 (manual_files) is expected');
    return found[1];
  },
  format: (value) => Object.entries(styles).find(([, name]) => name === value)?.[0] ?? value,
};

export const setupStyle = setting({
  key: 'OVESETUP_CONFIG/remoteEngineSetupStyle',
  section: 'network',
  kind: style,
  about: 'How what the engine on the other host has to know gets there: over ssh as root, or by files that you copy.',
  ask: {
    name: 'REMOTE_ENGINE_SETUP_STYLE',
    text: 'How should the remote engine be configured?',
    notes: [
      'Setup will need to do some actions on the remote engine server, in one of these ways:',
      '(1) over ssh, as root',
      '(2) by hand, with files that it prepares',
    ],
  },
  when: (view) => wantsEngine(view) || (isElsewhere(view) && wantsCertificate(view)),
  initial: 'auto_ssh',
});

const overSsh = (view: View): boolean => view.find(setupStyle) === 'auto_ssh';

export const sshPort: Setting<number> = setting({
  key: 'OVESETUP_CONFIG/remoteEngineHostSshPort',
  section: 'network',
  kind: port,
  about: 'Port of ssh on the host with the engine.',
  ask: { name: 'SSH_ACCESS_REMOTE_ENGINE_PORT', text: 'ssh port on remote engine server' },
  when: overSsh,
  initial: 22,
  validate: (value, view, host) =>
    judgeHostKeys({ host: view.get(engineFqdn), port: value }, view.peek(hostKey), { host, setting: hostKey }),
});

export const hostKey = setting({
  key: 'OVESETUP_CONFIG/remoteEngineHostKey',
  section: 'network',
  kind: text,
  about:
    'Fingerprint of the ssh host key of the host with the engine, as `ssh-keygen -l` prints it: `SHA256:` and 43 characters. Not needed where known_hosts of root has the key.',
  when: overSsh,
  validate: (value) =>
    /^SHA256:[A-Za-z0-9+/]{43}$/.test(value) ? undefined : 'SHA256: and 43 characters are expected, as ssh-keygen -l prints them',
});

export const rootPassword = setting({
  key: 'OVESETUP_CONFIG/remoteEngineHostRootPassword',
  section: 'network',
  kind: text,
  about: 'Password of root on the host with the engine, for ssh. Empty: root logs in with the keys in /root/.ssh of this host.',
  ask: { name: 'SSH_ACCESS_REMOTE_ENGINE_PASSWORD', text: 'root password on remote engine server' },
  secret: true,
  remember: false,
  // With the keys of root where it is left empty.
  initial: '',
  when: overSsh,
  async validate(value, view, host) {
    const at = { host: view.get(engineFqdn), port: view.get(sshPort) };
    const login = await loginAt(at, { hostKey: view.find(hostKey), password: value }, host);
    const why = await host.network.sshLogin(login);
    if (why !== undefined) return failureText(why, login);
    return wantsEngine(view) && !view.stated(authority) ? authorityOver(login, host) : undefined;
  },
});

/** The authority of the engine, from its host. */
async function authorityOver(login: SshLogin, host: HostReader): Promise<Verdict> {
  const found = await host.network.readOverSsh(login, pki.authority);
  if (typeof found === 'string') return failureText(found, login);
  const pem = certificatesOf(found.text);
  if (pem === undefined) return message`${login.host} has no certificate of an authority in ${pki.authority}: is the engine set up there?`;
  return { warnings: [], learned: { setting: authority, value: pem } };
}

/** The certificates of a text as PEM; undefined where there are none. */
function certificatesOf(text: string | undefined): string | undefined {
  try {
    return authority.kind.parse(text);
  } catch {
    return undefined;
  }
}

export const authorityFile = setting({
  key: 'OVESETUP_CONFIG/remoteEngineAuthorityFile',
  section: 'network',
  kind: text,
  about:
    "File with the certificate of the internal CA of the engine on another host, by which its database is known. Empty: this host trusts the database's certificate anyway, or it has none.",
  ask: {
    name: 'REMOTE_ENGINE_AUTHORITY_FILE',
    text: 'File with the CA certificate of the engine, or nothing if this host trusts its database anyway',
    notes: [message`The database of the engine is known by a certificate. Copy ${pki.authority} of its host to this one.`],
    showsInitial: false,
  },
  remember: false,
  when: (view) => wantsEngine(view) && view.find(setupStyle) === 'manual_files' && !view.stated(authority),
  initial: '',
  async validate(path, view, host) {
    if (path === '') return undefined;
    const found = await readText(host, belowRoot(path, view.fact(realRoot)));
    if (found === undefined) return message`${path} is not there`;
    const pem = certificatesOf(found);
    return pem === undefined
      ? message`${path} holds no certificates in PEM`
      : { warnings: [], learned: { setting: authority, value: pem } };
  },
});

/** What is done on the host with the engine, where that is done by hand. */
export const byHand = (view: View): readonly Text[] => [
  message`Copy ${view.fact(realRoot)}${paths.request} to ${view.get(engineFqdn)}, and run there:`,
  message`  engine-setup pki sign websocket-proxy.csr --name ${view.get(fqdn)} >websocket-proxy.pem`,
  'Then copy websocket-proxy.pem to this host.',
];

export const signedCertificate = setting({
  key: 'OVESETUP_CONFIG/websocketProxySignedCertificate',
  section: 'pki',
  kind: text,
  about:
    'File with what `engine-setup pki sign` has printed on the host with the engine for the WebSocket proxy of this one. Empty: it comes later.',
  ask: {
    name: 'WEBSOCKET_PROXY_SIGNED_CERTIFICATE',
    text: 'File with the signed certificate of the WebSocket proxy, or nothing if it is not there yet',
    notes: byHand,
  },
  remember: false,
  when: (view) => wantsCertificate(view) && view.find(setupStyle) === 'manual_files' && view.fact(enrolment).key !== undefined,
  initial: '',
  async validate(path, view, host) {
    if (path === '') return undefined;
    const found = await readText(host, belowRoot(path, view.fact(realRoot)));
    if (found === undefined) return message`${path} is not there`;
    const judged = judgeSigned(found, { key: view.fact(enrolment).key ?? '', name: view.get(fqdn), now: host.now() });
    return typeof judged === 'object' && 'own' in judged ? undefined : judged;
  },
});

/** Files are named as everybody sees them, also those below a root. */
export const belowRoot = (path: string, root: string): string =>
  root !== '' && path.startsWith(`${root}/`) ? path.slice(root.length) : path;

/** Whether the certificate of the proxy is there, or comes with this run. */
export const certificateComes = (view: View): boolean =>
  websocketAlone(view) && (!wantsCertificate(view) || overSsh(view) || (view.find(signedCertificate) ?? '') !== '');
