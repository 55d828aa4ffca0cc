import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Assignment, ConfigError, parseConf } from './conf-parser.ts';

export { ConfigError } from './conf-parser.ts';

/** Typed access to a configuration. Every getter throws ConfigError that names the key and the line that set it. */
export interface Config {
  /**
   * The value; must not be empty.
   * @param flaw says what is wrong with a value, as what it must be; null if nothing is
   */
  text(key: string, flaw?: (value: string) => string | null): string;
  /** The value, or null where it is unset or empty. */
  optionalText(key: string): string | null;
  /** A whole number within bounds. */
  integer(key: string, least: number, most: number): number;
  /** A TCP port, 1 to 65535. */
  port(key: string): number;
  /** True for t, true, y, yes and 1 in any case; anything else, also nothing, is false. */
  yesNo(key: string): boolean;
  /** One of several words. */
  choice<Choice extends string>(key: string, choices: readonly Choice[]): Choice;
  /**
   * Words between blanks or commas; none where it is unset.
   * @param flaw says what is wrong with a word, as what it must be; null if nothing is
   */
  words(key: string, flaw?: (word: string) => string | null): readonly string[];
  /** A path from the root, without a slash at its end. */
  path(key: string): string;
  /** An address to listen at; null for `*`, which is every address of the machine. */
  address(key: string): string | null;
}

/** What is wrong with a path from the root, if anything. */
export const pathFlaw = (value: string): string | null => (/^\/[^\0]*[^/\0]$/.test(value) ? null : 'must be a path from the root');

/** How the files of a configuration are written, and where its drop-ins lie. */
export interface Dialect {
  /** Adds what a file says to `values`, and returns its problems, each as `file:line: text`. */
  readonly parse: (text: string, file: string, values: Map<string, Assignment>) => string[];
  readonly folder: string;
}

/**
 * Reads the defaults file, then `mainFile`, then `<mainFile>.d/*.conf` in the order of their names; the last assignment
 * of a key wins. The main file and its folder may be missing. Throws ConfigError with all problems of all files.
 */
export async function loadConfig(
  mainFile: string,
  defaultsFile: string,
  { parse, folder }: Dialect = { parse: parseConf, folder: `${mainFile}.d` },
): Promise<Config> {
  const values = new Map<string, Assignment>();
  const problems: string[] = [];
  for (const file of [defaultsFile, mainFile, ...(await dropIns(folder))]) {
    const text = await readIfPresent(file, problems);
    problems.push(...parse(text, file, values));
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return createConfig(values, mainFile);
}

/** Wraps parsed values. `mainFile` is named where a key was set nowhere. */
export function createConfig(values: ReadonlyMap<string, Assignment>, mainFile: string): Config {
  const fail = (key: string, problem: string): never => {
    throw new ConfigError([`${values.get(key)?.place ?? mainFile}: ${key} ${problem}`]);
  };
  const config: Config = {
    text(key, flaw) {
      const value = config.optionalText(key) ?? fail(key, 'must have a value');
      const problem = flaw?.(value) ?? null;
      return problem === null ? value : fail(key, problem);
    },
    optionalText: (key) => {
      const value = values.get(key)?.value ?? '';
      return value === '' ? null : value;
    },
    integer: (key, least, most) => {
      const value = config.text(key);
      const number = /^\d{1,15}$/.test(value) ? Number(value) : NaN;
      return number >= least && number <= most ? number : fail(key, `must be a whole number from ${least} to ${most}`);
    },
    port: (key) => config.integer(key, 1, 65_535),
    yesNo: (key) => /^(t|true|y|yes|1)$/i.test(values.get(key)?.value ?? ''),
    choice: (key, choices) => {
      const value = config.text(key);
      return choices.find((one) => one === value) ?? fail(key, `must be ${choices.join(' or ')}`);
    },
    words: (key, flaw) => {
      const words = (config.optionalText(key) ?? '').split(/[\s,]+/).filter((word) => word !== '');
      const problem = words.map((word) => flaw?.(word) ?? null).find((one) => one !== null);
      return problem === undefined ? words : fail(key, problem);
    },
    path: (key) => config.text(key, pathFlaw),
    address: (key) => {
      const value = config.text(key);
      return value === '*' ? null : value;
    },
  };
  return config;
}

async function dropIns(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw new ConfigError([`${folder}: cannot be listed (${codeOf(error)})`]);
  });
  return names
    .filter((name) => name.endsWith('.conf'))
    .sort()
    .map((name) => join(folder, name));
}

async function readIfPresent(file: string, problems: string[]): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (!isMissing(error)) problems.push(`${file}: cannot be read (${codeOf(error)})`);
    return '';
  }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown error';
const isMissing = (error: unknown): boolean => codeOf(error) === 'ENOENT';
