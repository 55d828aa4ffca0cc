import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError, loadConfig } from '../../frame/config.ts';
import { DatabaseUnavailable, openDatabase } from '../../frame/database.ts';
import { readDatabase } from '../../frame/database-settings.ts';
import type { Log } from '../../frame/log.ts';
import { help, readArguments } from './arguments.ts';
import { Problem, run } from './commands.ts';

const quiet: Log = { info: () => undefined, warning: () => undefined, error: () => undefined };

async function answer(args: readonly string[]): Promise<string> {
  const { request, config, root } = readArguments(args);
  if (request.verb === 'help') return help.trimEnd();
  const below = root === undefined ? undefined : join(root, 'etc/ovirt-engine/engine.conf');
  const file = config ?? below ?? process.env['ENGINE_CONF'] ?? '/etc/ovirt-engine/engine.conf';
  const defaults = fileURLToPath(new URL('../defaults.conf', import.meta.url));
  const database = openDatabase(readDatabase(await loadConfig(file, defaults), 'ENGINE_DB'), quiet, {
    name: 'engine-config',
    connections: 1,
  });
  try {
    return await run(database, request);
  } finally {
    await database.close();
  }
}

/** What went wrong, in words. */
function explain(error: unknown): string {
  if (error instanceof Problem || error instanceof ConfigError) return error.message;
  if (error instanceof DatabaseUnavailable) return 'The database cannot be reached. Is it running?';
  const state = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
  return `The database refused what was asked${state}. Is the schema that of this version? engine-setup brings it there.`;
}

try {
  const text = await answer(process.argv.slice(2));
  if (text !== '') process.stdout.write(`${text}\n`);
} catch (error) {
  process.stderr.write(`engine-config: ${explain(error)}\n`);
  process.exitCode = 1;
}
