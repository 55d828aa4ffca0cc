import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError, loadConfig } from '../frame/config.ts';
import { readDatabase } from '../frame/database-settings.ts';
import { type Database, DatabaseUnavailable, openDatabase } from '../frame/database.ts';
import type { Log } from '../frame/log.ts';

/*
 * What the programs of administrators have in common: which installation they work on, its database, and how they end.
 */

/** Something the person at the keyboard can mend. */
export class Problem extends Error {
  /** 2 for how the tool was called, 1 for what it found. */
  readonly code: 1 | 2;

  constructor(message: string, code: 1 | 2 = 1) {
    super(message);
    this.name = 'Problem';
    this.code = code;
  }
}

export const misuse = (message: string): Problem => new Problem(message, 2);

/** Which installation a command is for. */
export interface Where {
  /** The configuration of the engine. */
  readonly config?: string | undefined;
  /** The folder that holds an installation. */
  readonly root?: string | undefined;
}

/** The part of a process that such a program needs. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  exitCode?: number | string | null | undefined;
}

const quiet: Log = { info: () => undefined, warning: () => undefined, error: () => undefined };
const defaults = fileURLToPath(new URL('defaults.conf', import.meta.url));

/**
 * Opens the database of an installation for as long as `work` takes. `name` is what the server calls the session. The
 * configuration is the one given, the one below the root, that of ENGINE_CONF, or the usual one. Throws ConfigError.
 */
export async function withDatabase<Result>(
  name: string,
  { config, root }: Where,
  env: Terminal['env'],
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  const below = root === undefined ? undefined : join(root, 'etc/ovirt-engine/engine.conf');
  const file = config ?? below ?? env['ENGINE_CONF'] ?? '/etc/ovirt-engine/engine.conf';
  const database = openDatabase(readDatabase(await loadConfig(file, defaults), 'ENGINE_DB'), quiet, { name, connections: 1 });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/** Prints what a command answers, or what went wrong, and sets the exit code. */
export async function finish(terminal: Terminal, answer: () => Promise<string>): Promise<void> {
  try {
    const text = await answer();
    if (text !== '') terminal.stdout.write(`${text}\n`);
  } catch (error) {
    const { text, code } = explain(error);
    terminal.stderr.write(`${text}\n`);
    terminal.exitCode = code;
  }
}

/** What went wrong, in words. Texts of the database may hold values, so they are not repeated. */
function explain(error: unknown): { readonly text: string; readonly code: number } {
  if (error instanceof Problem) return { text: error.message, code: error.code };
  if (error instanceof ConfigError) return { text: error.message, code: 1 };
  if (error instanceof DatabaseUnavailable) return { text: 'The database cannot be reached. Is it running?', code: 1 };
  const state = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
  return {
    text: `The database refused what was asked${state}. Is the schema that of this version? engine-setup brings it there.`,
    code: 1,
  };
}
