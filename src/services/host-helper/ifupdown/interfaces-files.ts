import { lstat, readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { Refusal } from '../refusal.ts';
import { placeOf, readStatements, type Statement } from './interfaces-text.ts';

const mostFiles = 200;
const mostBytes = 1_048_576;

/** Files by their paths, one character for each byte. */
export type InterfacesFiles = ReadonlyMap<string, string>;

/**
 * Reads a file of interfaces(5) and those that it names.
 * @param instead what files are taken to hold, whatever they do
 * @throws Refusal (501) for what cannot be followed, with file and line
 */
export async function readInterfaces(main: string, instead: InterfacesFiles = new Map()): Promise<InterfacesFiles> {
  const found = new Map<string, string>();
  const read = async (path: string, by: string): Promise<void> => {
    if (found.has(path)) throw new Refusal(501, `${by}: ${path} is read a second time`);
    if (found.size === mostFiles) throw new Refusal(501, `${by}: more than ${mostFiles} files belong to ${main}`);
    const text = instead.get(path) ?? (await contentOf(path, by));
    if (text === undefined) return;
    found.set(path, text);
    for (const statement of readStatements(text, path))
      for (const further of await sourced(statement)) await read(further, placeOfIt(statement));
  };
  await read(main, main);
  return found;
}

const placeOfIt = ({ file, from }: Statement): string => placeOf(file, from + 1);

async function contentOf(path: string, by: string): Promise<string | undefined> {
  const what = await stat(path).catch(() => null);
  if (what === null) {
    // ifupdown passes over what is not there; what is there and leads nowhere, or cannot be seen, is another matter.
    if ((await lstat(path).catch(() => null)) === null) return undefined;
    throw new Refusal(501, `${by}: ${path} cannot be read`);
  }
  if (!what.isFile()) throw new Refusal(501, `${by}: ${path} is no file`);
  if (what.size > mostBytes) throw new Refusal(501, `${by}: ${path} has more than ${mostBytes} bytes`);
  return await readFile(path, 'latin1');
}

/** The files that a statement names. */
async function sourced(statement: Statement): Promise<readonly string[]> {
  const { file, keyword, words } = statement;
  if (!keyword.startsWith('source')) return [];
  const refuse = (word: string): Refusal => new Refusal(501, `${placeOfIt(statement)}: ${word} is no plain path, and is not followed`);
  const lists = await Promise.all(
    words.map(async (word) => {
      // wordexp(3) knows more: variables, quotes, home folders. `*` and `?` in the last part are what people write.
      if (!/^[A-Za-z0-9_.,:@+/*?-]+$/.test(word)) throw refuse(word);
      const path = resolve(dirname(file), word);
      const [folder, last] = [dirname(path), basename(path)];
      if (/[*?]/.test(keyword === 'source' ? folder : path)) throw refuse(word);
      if (keyword !== 'source')
        return (await namesIn(path)).filter((name) => /^[a-zA-Z0-9_-]+$/.test(name)).map((name) => `${path}/${name}`);
      if (!/[*?]/.test(last)) return [path];
      const form = new RegExp(
        `^${last
          .replaceAll(/[.+]/g, String.raw`\$&`)
          .replaceAll('*', '.*')
          .replaceAll('?', '.')}$`,
      );
      const isHidden = (name: string): boolean => name.startsWith('.') && !last.startsWith('.');
      return (await namesIn(folder)).filter((name) => form.test(name) && !isHidden(name)).map((name) => `${folder}/${name}`);
    }),
  );
  return lists.flat();
}

const namesIn = async (folder: string): Promise<readonly string[]> => (await readdir(folder).catch(() => [])).toSorted();

const statementsIn = (files: InterfacesFiles): readonly Statement[] => [...files].flatMap(([file, text]) => readStatements(text, file));

/** Whether files have a stanza for a device. */
export function definedIn(files: InterfacesFiles): (device: string) => boolean {
  const stanzas = statementsIn(files).filter(({ keyword }) => keyword === 'iface');
  return (device) => stanzas.some(({ words }) => words[0] === device);
}

/** Whether files say that a device is brought up with the host, or as soon as it is there. */
export const isSelectedIn = (files: InterfacesFiles, device: string): boolean =>
  statementsIn(files).some(({ keyword, words }) => /^(?:auto|allow-\S+)$/.test(keyword) && words.includes(device));
