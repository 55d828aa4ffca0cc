import { posix } from 'node:path';
import { message } from '#kit';
import { type HbaEntry, type HbaFlaw, type HbaRecord, type Name, databaseName, parseHba, userName } from './hba.ts';
import { type Word, linesOf } from './hba-words.ts';

/** How the files of a server are read; undefined: it is not there, or not to be read. */
export interface HbaSource {
  text(path: string): Promise<string | undefined>;
  /** Names in a folder. */
  list(path: string): Promise<readonly string[]>;
}

/** All rules of a server in their order, with what its files include. */
export interface HbaRules {
  readonly records: readonly HbaRecord[];
  readonly flaws: readonly HbaFlaw[];
}

/** As deep as PostgreSQL follows files into files. */
const deepest = 10;

async function wordsIn(path: string, source: HbaSource, depth: number): Promise<readonly Word[] | undefined> {
  const text = depth > deepest ? undefined : await source.text(path);
  if (text === undefined) return undefined;
  const words = linesOf(text).flatMap(({ fields }) => fields.flat());
  const parts = await Promise.all(
    words.map(async (word) =>
      !word.quoted && word.text.startsWith('@') && word.text.length > 1
        ? ((await wordsIn(posix.resolve(posix.dirname(path), word.text.slice(1)), source, depth + 1)) ?? [word])
        : [word],
    ),
  );
  return parts.flat();
}

/** Names, those of `@file` among them. A file that cannot be read stays what it is: nobody knows who is meant. */
async function namesOf(names: readonly Name[], path: string, source: HbaSource, nameOf: (word: Word) => Name): Promise<readonly Name[]> {
  const parts = await Promise.all(
    names.map(async (name) => {
      if (name.kind !== 'file') return [name];
      return (await wordsIn(posix.resolve(posix.dirname(path), name.text), source, 1))?.map(nameOf) ?? [name];
    }),
  );
  return parts.flat();
}

/** The files that an include names: one, or those of a folder that end in .conf, in the order of their names. */
async function filesOf(entry: Extract<HbaEntry, { kind: 'include' }>, path: string, source: HbaSource): Promise<readonly string[]> {
  const named = posix.resolve(posix.dirname(path), entry.path);
  if (entry.how !== 'include_dir') return [named];
  const names = (await source.list(named)).filter((name) => name.endsWith('.conf') && !name.startsWith('.'));
  return [...names].sort((a, b) => (a < b ? -1 : 1)).map((name) => posix.join(named, name));
}

/** Reads a pg_hba.conf with everything that it includes. */
export async function readHba(path: string, source: HbaSource, depth = 0): Promise<HbaRules> {
  const text = await source.text(path);
  const records: HbaRecord[] = [];
  const flaws: HbaFlaw[] = [];
  const file = depth === 0 ? {} : { file: path };
  for (const entry of parseHba(text ?? '')) {
    if (entry.kind === 'flaw') flaws.push({ ...entry, ...file });
    else if (entry.kind === 'record')
      records.push({
        ...entry,
        ...file,
        databases: await namesOf(entry.databases, path, source, databaseName),
        users: await namesOf(entry.users, path, source, userName),
      });
    else
      for (const each of await filesOf(entry, path, source)) {
        const missing = depth >= deepest || (await source.text(each)) === undefined;
        if (missing && entry.how === 'include')
          flaws.push({ kind: 'flaw', line: entry.line, ...file, text: message`${each} cannot be included` });
        if (missing) continue;
        const inner = await readHba(each, source, depth + 1);
        records.push(...inner.records);
        flaws.push(...inner.flaws);
      }
  }
  return { records, flaws };
}
