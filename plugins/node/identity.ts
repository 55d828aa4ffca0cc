import { type Host, type HostReader, type Step, type View, file, nothing, readText } from '#kit';
import { directories, keys, writeFile } from '#steps';
import { isPrivateKey } from '../../src/setup/pki/inspect.ts';
import { isRequestOf } from '../../src/setup/pki/own-request.ts';
import { sshPublicKeyLine } from '../../src/setup/pki/ssh-certificate.ts';
import { unit as agentUnit } from '../node-agent/settings.ts';
import { unit as imageioUnit } from '../node-imageio/settings.ts';
import { unit as consoleUnit } from '../node-vmconsole/settings.ts';
import { accounts, authority, certificate, consoleAuthority, consoleCertificate, isEnrolled, paths } from './settings.ts';

/* Keys are made on the host, and never leave it. The engine signs requests for them. */

const bits = 2048;

const keyOf = async (host: HostReader): Promise<string> => (await readText(host, paths.key)) ?? '';

/** The request that the engine signs (PKCS#10): of it the key counts, the engine knows the name. */
const request: Step = {
  id: 'node/request',
  chapter: 'pki.certificates',
  title: 'Writing the certificate request of this host',
  needs: ['node/keys'],
  undo: 'restore-files',
  async check(host) {
    const [found, key] = [await readText(host, paths.request), await keyOf(host)];
    if (found !== undefined && isPrivateKey(key) && isRequestOf(found, key)) return nothing;
    return { kind: found === undefined ? 'create' : 'update', note: paths.request, touches: [paths.request] };
  },
  async apply(host: Host) {
    // node-forge is loaded only where a request is really made: it costs more than all our own modules together.
    const { makeRequest } = await import('../../src/setup/pki/request.ts');
    await host.files.write(paths.request, file(makeRequest({ key: await keyOf(host), names: [] }), 0o644));
  },
};

const publicKeyOf = async (host: HostReader): Promise<string | undefined> => {
  const key = await readText(host, paths.consoleKey);
  return isPrivateKey(key) ? `${sshPublicKeyLine(key)}\n` : undefined;
};

/** The same for the SSH server of consoles, whose requests are public keys. */
const consolePublicKey: Step = {
  id: 'node/console-public-key',
  chapter: 'pki.certificates',
  title: 'Writing the public key of the SSH server for serial consoles',
  quiet: true,
  needs: ['node/keys'],
  undo: 'restore-files',
  async check(host) {
    const [found, wanted] = [await readText(host, paths.consolePublicKey), await publicKeyOf(host)];
    if (wanted !== undefined && found === wanted) return nothing;
    return { kind: found === undefined ? 'create' : 'update', note: paths.consolePublicKey, touches: [paths.consolePublicKey] };
  },
  apply: async (host) => host.files.write(paths.consolePublicKey, file((await publicKeyOf(host)) ?? '', 0o644)),
};

/** What the engine has issued. */
function issued(view: View): readonly Step[] {
  const readers = [agentUnit, imageioUnit];
  const put = (id: string, path: string, content: string, title: string, ...notify: readonly string[]): Step =>
    writeFile({ id: `node/${id}`, chapter: 'pki.certificates', title, quiet: true, needs: ['node/request'], notify }, { path, content });
  return [
    put('authority', paths.authority, view.get(authority), 'Installing the certificate of the authority', ...readers),
    put('certificate', paths.certificate, view.get(certificate), 'Installing the certificate of this host', ...readers),
    put(
      'console-authority',
      paths.consoleAuthority,
      `${view.get(consoleAuthority)}\n`,
      'Installing the authority for serial consoles',
      consoleUnit,
    ),
    put(
      'console-certificate',
      paths.consoleCertificate,
      `${view.get(consoleCertificate)}\n`,
      'Installing the certificate for serial consoles',
      consoleUnit,
    ),
  ];
}

/** Keys and requests; certificates, once the engine has issued them. */
export const identity = (view: View): readonly Step[] => [
  directories(
    { id: 'node/pki', chapter: 'pki.refresh', title: 'Creating directories of keys', quiet: true },
    paths.folders.map((path) => ({ path, mode: 0o755 })),
  ),
  keys({ id: 'node/keys', chapter: 'pki.authority', title: 'Generating keys', quiet: true, needs: ['node/pki', 'node/accounts'] }, [
    { path: paths.key, bits, mode: 0o600, owner: accounts.agent, group: accounts.agent },
    { path: paths.consoleKey, bits, mode: 0o600, owner: accounts.vmconsole, group: accounts.vmconsole },
  ]),
  request,
  consolePublicKey,
  ...(isEnrolled(view) ? issued(view) : []),
];
