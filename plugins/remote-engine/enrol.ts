import { type Host, SetupError, type Step, type View, file, message, nothing, readText } from '#kit';
import { directories, keys } from '#steps';
import { covers, parseCertificate } from '../../src/setup/pki/inspect.ts';
import { realRoot } from '../environment/settings.ts';
import { fqdn } from '../network/settings.ts';
import { paths as pki } from '../pki/settings.ts';
import { websocketAlone } from '../websocket/settings.ts';
import { enrolmentOn, judgeSigned, paths } from './enrolment.ts';
import { failureText, loginAt } from './login.ts';
import { belowRoot, certificateComes, engineFqdn, hostKey, rootPassword, setupStyle, signedCertificate, sshPort } from './settings.ts';

// node-forge is loaded only where a request is really made: it costs more than all our own modules together.
const newRequest = async (view: View, host: Host): Promise<string> => {
  const { makeRequest } = await import('../../src/setup/pki/request.ts');
  return makeRequest({ key: (await readText(host, paths.key)) ?? '', names: [view.get(fqdn)] });
};

/** Whether a request asks for this name with this key: it is the one that would be made now. */
const isFor = async (request: string | undefined, key: string | undefined, name: string): Promise<boolean> => {
  if (request === undefined || key === undefined) return false;
  const { asksFor } = await import('../../src/setup/pki/request.ts');
  return asksFor(request, { key, name });
};

/** The request as a file, for whoever carries it over. */
const request = (view: View): Step => ({
  id: 'pki/websocket-request',
  chapter: 'pki.certificates',
  title: 'Writing the certificate request of the WebSocket proxy',
  needs: ['pki/keys'],
  undo: 'restore-files',
  async check(host) {
    const [found, key] = [await readText(host, paths.request), await readText(host, paths.key)];
    if (await isFor(found, key, view.get(fqdn))) return nothing;
    return { kind: found === undefined ? 'create' : 'update', note: paths.request, touches: [paths.request] };
  },
  apply: async (host) => host.files.write(paths.request, file(await newRequest(view, host), 0o644)),
});

/** What the engine's host prints for the request, over ssh. */
async function signedOverSsh(view: View, host: Host): Promise<string> {
  const at = { host: view.get(engineFqdn), port: view.get(sshPort) };
  const login = await loginAt(at, { hostKey: view.find(hostKey), password: view.get(rootPassword) }, host);
  const command = `engine-setup pki sign - --name=${view.get(fqdn)}`;
  const outcome = await host.runOverSsh({ ...login, timeoutMs: 120_000 }, command, await newRequest(view, host));
  if (typeof outcome === 'string') throw new SetupError('failed', failureText(outcome, login));
  if (outcome.code === 0) return outcome.stdout;
  const said = outcome.stderr.trim().slice(0, 1000);
  throw new SetupError('failed', message`${at.host} did not sign the certificate of the WebSocket proxy: ${said}`, {
    remedy: message`See whether this works there: ${command}`,
  });
}

/** The certificate of the proxy, and with it those of the engine and of the authority. */
const certificate = (view: View): Step => ({
  id: 'pki/websocket-proxy',
  chapter: 'pki.certificates',
  title: 'Having the certificate of the WebSocket proxy signed by the engine',
  needs: ['pki/keys'],
  notify: ['ovirt-websocket-proxy'],
  undo: 'restore-files',
  async check(host) {
    const { certificate: found } = await enrolmentOn(host);
    if (found !== undefined && covers(found, view.get(fqdn))) return nothing;
    const there = parseCertificate(await readText(host, paths.certificate));
    const touches = [paths.certificate, paths.engine, paths.authority];
    return { kind: there === undefined ? 'create' : 'update', note: paths.certificate, touches };
  },
  async apply(host) {
    const path = belowRoot(view.find(signedCertificate) ?? '', view.fact(realRoot));
    const signed = view.find(setupStyle) === 'manual_files' ? ((await readText(host, path)) ?? '') : await signedOverSsh(view, host);
    const judged = judgeSigned(signed, { key: (await readText(host, paths.key)) ?? '', name: view.get(fqdn), now: host.now() });
    if (typeof judged === 'string' || !('own' in judged)) throw new SetupError('failed', judged);
    for (const [to, what] of [
      [paths.authority, judged.authority],
      [paths.engine, judged.engine],
      [paths.certificate, judged.own],
    ] as const)
      await host.files.write(to, file(String(what), 0o644));
  },
});

/** The steps that give the proxy of this host its certificate, where the engine is on another one. */
export function enrolmentSteps(view: View): readonly Step[] {
  if (!websocketAlone(view)) return [];
  const byHand = view.find(setupStyle) === 'manual_files';
  return [
    directories({ id: 'pki/directories', chapter: 'pki.refresh', title: 'Creating directories of the PKI', quiet: true }, [
      { path: '/etc/pki', mode: 0o755 },
      { path: pki.home, mode: 0o755 },
      { path: `${pki.home}/certs`, mode: 0o755 },
      { path: `${pki.home}/keys`, mode: 0o755 },
      ...(byHand ? [{ path: paths.folder, mode: 0o755 }] : []),
    ]),
    keys({ id: 'pki/keys', chapter: 'pki.authority', title: 'Generating keys', quiet: true, needs: ['pki/directories'] }, [
      { path: paths.key, bits: 2048, mode: 0o600 },
    ]),
    ...(byHand ? [request(view)] : []),
    ...(certificateComes(view) ? [certificate(view)] : []),
  ];
}
