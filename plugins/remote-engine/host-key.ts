import { type HostReader, type Setting, type SshHostKey, type Text, type Verdict, message } from '#kit';
import { fingerprintOf, knownKeys, nameInKnownHosts } from './known-hosts.ts';

/* Whether the server that answers is the right host. Until that is settled, no password is sent. */

export interface SshServer {
  readonly host: string;
  readonly port: number;
}

/** Somebody waits for the answer. */
export const timeoutMs = 10_000;

const list = (keys: readonly SshHostKey[]): string => keys.map(({ fingerprint, type }) => `${fingerprint} (${type})`).join(', ');

/** A key that is known was replaced, or is not to be trusted any more. */
async function mistrust(keys: readonly SshHostKey[], at: SshServer, host: HostReader): Promise<Text | undefined> {
  const { known, revoked } = await knownKeys(host, at);
  const name = nameInKnownHosts(at.host, at.port);
  const bad = keys.find(({ base64 }) => revoked.has(base64));
  if (bad !== undefined) return message`${name} shows the host key ${bad.fingerprint}, which is revoked in known_hosts`;
  if (known.size === 0 || keys.some(({ base64 }) => known.has(base64))) return undefined;
  return message`${name} shows other host keys than it has in known_hosts: ${list(keys)}. It is another host, or somebody is in between. If its keys were made anew, remove the old ones: ssh-keygen -R '${name}'`;
}

/**
 * Judges the host keys of a server: known ones pass, changed ones do not, and about others somebody is asked.
 * @param said the fingerprint that an answer names
 * @param setting keeps the fingerprint that somebody confirms
 */
export async function judgeHostKeys(
  at: SshServer,
  said: string | undefined,
  on: { readonly host: HostReader; readonly setting: Setting<string> },
): Promise<Verdict> {
  const keys = await on.host.network.sshHostKeys({ ...at, timeoutMs });
  const [best] = keys;
  if (best === undefined)
    return (await on.host.network.answersSsh({ ...at, timeoutMs }))
      ? message`The SSH server at ${at.host}, port ${at.port} has no host key of a kind that is taken: Ed25519, ECDSA, or RSA with SHA-2`
      : message`No SSH server answers at ${at.host}, port ${at.port}`;
  const flaw = await mistrust(keys, at, on.host);
  if (flaw !== undefined) return flaw;
  if (said !== undefined)
    return keys.some(({ fingerprint }) => fingerprint === said)
      ? undefined
      : message`The SSH server at ${at.host}, port ${at.port} has not the host key that ${on.setting.key} names, but ${list(keys)}`;
  const { known } = await knownKeys(on.host, at);
  if (keys.some(({ base64 }) => known.has(base64))) return undefined;
  return {
    id: 'remote-host-key',
    doubt: message`Nobody has confirmed yet that ${at.host}, port ${at.port} is the right host. Its SSH server has the key ${list([best])}`,
    question: 'Is that the fingerprint of the host with the engine, as ssh-keygen -l prints it there?',
    remedy: message`Compare the fingerprint with the host's, and give it as ${on.setting.key}. --allow remote-host-key takes whatever key there is.`,
    settles: { setting: on.setting, value: best.fingerprint },
  };
}

/** Fingerprints of the keys that were confirmed: the one that somebody named, or those that known_hosts has. */
export async function confirmedKeys(at: SshServer, said: string | undefined, host: HostReader): Promise<readonly string[]> {
  if (said !== undefined) return [said];
  const { known, revoked } = await knownKeys(host, at);
  return [...known].filter((key) => !revoked.has(key)).map(fingerprintOf);
}
