import { finish, withDatabase } from '../tool.ts';
import { help, readArguments } from './arguments.ts';
import { run } from './commands.ts';

await finish(process, async () => {
  const { request, ...where } = readArguments(process.argv.slice(2));
  if (request.verb === 'help') return help.trimEnd();
  return withDatabase('engine-config', where, process.env, (database) => run(database, request));
});
