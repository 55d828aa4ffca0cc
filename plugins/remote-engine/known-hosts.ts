import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { type HostReader, readText } from '#kit';

/** What files of OpenSSH say about the keys of a host: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT. Keys are in base64. */
export interface KnownKeys {
  readonly known: ReadonlySet<string>;
  readonly revoked: ReadonlySet<string>;
}

const files = ['/root/.ssh/known_hosts', '/etc/ssh/ssh_known_hosts'];

/** The name under which a host stands there. */
export const nameInKnownHosts = (host: string, port: number): string =>
  port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;

/** The fingerprint of a key, as ssh-keygen prints it. */
export const fingerprintOf = (base64: string): string =>
  `SHA256:${createHash('sha256').update(Buffer.from(base64, 'base64')).digest('base64').replace(/=+$/, '')}`;

/** Whether a hashed name, `|1|SALT|HASH`, is that of this host. */
function isHashOf(hashed: string, name: string): boolean {
  const [, version, salt = '', hash = ''] = hashed.split('|');
  const wanted = Buffer.from(hash, 'base64');
  const found = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest();
  return version === '1' && wanted.length === found.length && timingSafeEqual(wanted, found);
}

/** Whether a pattern with `*` and `?` fits a name. */
function fits(pattern: string, name: string): boolean {
  const expression = pattern.toLowerCase().replace(/[\\^$.+()[\]{}|]/g, '\\$&');
  return new RegExp(`^${expression.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(name);
}

/** Whether a line speaks of a host. One pattern with `!` that fits is enough for no. */
function speaksOf(names: string, name: string): boolean {
  if (names.startsWith('|')) return isHashOf(names, name);
  const all = names.split(',');
  const denied = all.some((one) => one.startsWith('!') && fits(one.slice(1), name));
  return !denied && all.some((one) => !one.startsWith('!') && fits(one, name));
}

/** What the text of such a file says of a host. Lines of authorities say nothing of its key. */
export function keysIn(text: string, name: string): KnownKeys {
  const [known, revoked] = [new Set<string>(), new Set<string>()];
  for (const line of text.split('\n')) {
    const words = line.trim().split(/\s+/);
    const marker = words[0]?.startsWith('@') === true ? words.shift() : undefined;
    const [names = '#', , key] = words;
    if (names.startsWith('#') || key === undefined || !speaksOf(names, name)) continue;
    if (marker === undefined) known.add(key);
    else if (marker === '@revoked') revoked.add(key);
  }
  return { known, revoked };
}

/** What is known of a host on this one. */
export async function knownKeys(host: HostReader, at: { readonly host: string; readonly port: number }): Promise<KnownKeys> {
  const texts = await Promise.all(files.map((path) => readText(host, path)));
  return keysIn(texts.join('\n'), nameInKnownHosts(at.host, at.port));
}
