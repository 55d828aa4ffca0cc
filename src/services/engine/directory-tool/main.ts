import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError, loadConfig } from '../../frame/config.ts';
import { DatabaseUnavailable, openDatabase } from '../../frame/database.ts';
import { readDatabase } from '../../frame/database-settings.ts';
import type { Log } from '../../frame/log.ts';
import { readVersion } from '../version.ts';
import { type Arguments, readArguments } from './arguments.ts';
import { findCommand, help } from './commands.ts';
import { createAsk } from './keyboard.ts';
import { Problem } from './problem.ts';

const quiet: Log = { info: () => undefined, warning: () => undefined, error: () => undefined };

/** Runs a command line and returns what to print. */
async function run(given: Arguments): Promise<string> {
  if (given.flag('version')) return (await readVersion()).own;
  if (given.flag('help') || given.words.length === 0) return help.trimEnd();
  const command = findCommand(given);
  const ofRoot = given.text('root') === undefined ? undefined : join(given.text('root') ?? '', 'etc/ovirt-engine/engine.conf');
  const file = given.text('db-config') ?? ofRoot ?? process.env['ENGINE_CONF'] ?? '/etc/ovirt-engine/engine.conf';
  const defaults = fileURLToPath(new URL('../defaults.conf', import.meta.url));
  const database = openDatabase(readDatabase(await loadConfig(file, defaults), 'ENGINE_DB'), quiet);
  const ask = createAsk(process.stdin, (text) => void process.stderr.write(text));
  try {
    return await command({ database, now: Date.now, sources: { environment: process.env, ask, atTerminal: process.stdin.isTTY } });
  } finally {
    await database.close();
  }
}

/** What went wrong, in words, and the exit code. Texts of the database may hold values, so they are not repeated. */
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

try {
  process.stdout.write(`${await run(readArguments(process.argv.slice(2)))}\n`);
} catch (error) {
  const { text, code } = explain(error);
  process.stderr.write(`${text}\n`);
  process.exitCode = code;
}
