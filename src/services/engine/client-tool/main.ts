import { finish, withDatabase } from '../tool.ts';
import { help, readArguments } from './arguments.ts';
import { register } from './register.ts';

await finish(process, async () => {
  const given = readArguments(process.argv.slice(2));
  if (given === null) return help.trimEnd();
  const { wanted, file, where } = given;
  return withDatabase('ovirt-register-sso-client-tool', where, process.env, (database) => register(database, wanted, file));
});
