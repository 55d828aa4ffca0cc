import { finish, withDatabase } from '../tool.ts';
import { readVersion } from '../version.ts';
import { type Arguments, readArguments } from './arguments.ts';
import { findCommand, help } from './commands.ts';
import { createAsk } from './keyboard.ts';

/** Runs a command line and returns what to print. */
async function run(given: Arguments): Promise<string> {
  if (given.flag('version')) return (await readVersion()).own;
  if (given.flag('help') || given.words.length === 0) return help.trimEnd();
  const command = findCommand(given);
  const where = { config: given.text('db-config'), root: given.text('root') };
  const ask = createAsk(process.stdin, (text) => void process.stderr.write(text));
  const sources = { environment: process.env, ask, atTerminal: process.stdin.isTTY };
  return withDatabase('ovirt-aaa-jdbc-tool', where, process.env, (database) => command({ database, now: Date.now, sources }));
}

await finish(process, async () => run(readArguments(process.argv.slice(2))));
