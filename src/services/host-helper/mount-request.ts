import { mountName, plainConnection } from '../frame/mount-name.ts';
import { fileSystem, isFileSystem, mountOptions } from './file-systems.ts';
import { Refusal } from './refusal.ts';
import type { Settings } from './settings.ts';

/** A mount that is allowed. */
export interface Mount {
  readonly source: string;
  readonly origin: 'network' | 'device' | 'folder';
  /** What mount(8) calls the file system. */
  readonly type: string;
  readonly options: string;
  /** The folder at which it is seen. */
  readonly point: string;
}

const longestSource = 1_000;
/** One name in a folder is this long at most. */
const longestName = 255;
const host = String.raw`(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*)|\[[0-9A-Fa-f:.]+\]|[0-9.]+)(?::\d{1,5})?`;
const networkForm = new RegExp(String.raw`^${host}(?:,${host})*:/`);

/**
 * Reads what the agent asks to mount: `{"fileSystem": "nfs", "source": "server:/path", "options": "soft,timeo=100"}`. The place is not for the
 * agent to say: it follows from the source.
 * @throws Refusal
 */
export function readMount(body: unknown, settings: Pick<Settings, 'fileSystems' | 'sharedFolders' | 'mountFolder'>): Mount {
  const { fileSystem: name, options: wanted = '' } = objectOf(body);
  const source = readSource(body);
  if (typeof name !== 'string' || typeof wanted !== 'string') throw new Refusal(400, 'fileSystem and options must be texts');
  if (!isFileSystem(name) || !settings.fileSystems.includes(name))
    throw new Refusal(400, `File systems of the type ${name} are not mounted here; these are: ${settings.fileSystems.join(', ')}`);
  const { origin, type, ...rest } = fileSystem(name);
  const flaw = {
    network: networkForm.test(source) ? null : 'must be HOST:/PATH',
    device: source.startsWith('/dev/') ? null : 'must be a block device, /dev/...',
    folder: settings.sharedFolders.includes(source) ? null : 'is not one of SHARED_FOLDERS in the configuration of the helper',
  }[origin];
  if (flaw !== null) throw new Refusal(400, `${source} ${flaw}`);
  const options = mountOptions({ origin, type, ...rest }, wanted);
  if ('refused' in options) throw new Refusal(400, `The mount option ${options.refused} is not allowed for ${name}`);
  return { source, origin, type, options: options.full, point: pointOf(source, settings) };
}

/** Reads what the agent asks to unmount: `{"source": "server:/path"}`. Returns the folder at which it is seen. Throws Refusal. */
export const readUnmount = (body: unknown, settings: Pick<Settings, 'mountFolder'>): string => pointOf(readSource(body), settings);

function readSource(body: unknown): string {
  const { source } = objectOf(body);
  if (typeof source !== 'string' || source.length > longestSource) throw new Refusal(400, 'source must be a text');
  // Neither blanks nor what means something to systemd, to mount(8) or in a table of mounts.
  if (!/^[A-Za-z0-9[/][^\p{C}\p{Z}"'\\%$]*$/u.test(source) || source.split('/').some((name) => name === '..' || name === '.'))
    throw new Refusal(400, 'The source has characters or folder names that are not allowed');
  return plainConnection(source);
}

function pointOf(source: string, { mountFolder }: Pick<Settings, 'mountFolder'>): string {
  const name = mountName(source);
  if (Buffer.byteLength(name) > longestName || /^\.*$/.test(name)) throw new Refusal(400, 'The source has too long a name');
  return `${mountFolder}/${name}`;
}

function objectOf(body: unknown): Readonly<Record<string, unknown>> {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
  throw new Refusal(400, 'A JSON object is expected');
}
