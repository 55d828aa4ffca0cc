import { createHash } from 'node:crypto';
import { type Entry, type Host, SetupError, readText, message } from '#kit';

/** What a stash file holds: the entry, with its content in base64. A directory is only noted, never copied. */
type Copy =
  | { readonly kind: 'file'; readonly content: string; readonly mode: number; readonly owner?: string; readonly group?: string }
  | Exclude<Entry, { kind: 'file' }>;

const encode = (entry: Entry): Copy =>
  entry.kind === 'file' ? { ...entry, content: Buffer.from(entry.content).toString('base64') } : entry;
const decode = (copy: Copy): Entry => (copy.kind === 'file' ? { ...copy, content: Buffer.from(copy.content, 'base64') } : copy);

/**
 * Copies what lies at a path into the stash of a run, under the hash of the copy.
 * Returns the hash; null if nothing is there.
 */
export async function stash(host: Host, directory: string, path: string): Promise<string | null> {
  const entry = await host.files.read(path);
  if (entry === undefined) return null;
  const text = JSON.stringify(encode(entry));
  const hash = createHash('sha256').update(text).digest('hex');
  const target = `${directory}/stash/${hash}`;
  if ((await host.files.read(`${directory}/stash`)) === undefined)
    await host.files.write(`${directory}/stash`, { kind: 'directory', mode: 0o700 });
  if ((await host.files.read(target)) === undefined)
    await host.files.write(target, { kind: 'file', content: Buffer.from(text), mode: 0o600 });
  return hash;
}

/** Puts back what a stash copy holds; null removes what is there now. */
export async function restore(host: Host, directory: string, path: string, hash: string | null): Promise<void> {
  if (hash === null) {
    await host.files.remove(path);
    return;
  }
  const text = await readText(host, `${directory}/stash/${hash}`);
  if (text === undefined || createHash('sha256').update(text).digest('hex') !== hash) {
    throw new SetupError('failed', message`The safety copy of ${path} is missing or damaged: ${directory}/stash/${hash}`);
  }
  await host.files.write(path, decode(JSON.parse(text) as Copy));
}
