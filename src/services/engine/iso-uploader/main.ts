import { ConfigError } from '../../frame/config.ts';
import { createAsk } from '../directory-tool/keyboard.ts';
import { Problem } from '../tool.ts';
import { help, readArguments } from './arguments.ts';
import { createScreen } from './screen.ts';
import { settle } from './settings.ts';
import { work } from './uploader.ts';

try {
  const given = readArguments(process.argv.slice(2));
  if (given === null) process.stdout.write(help);
  else {
    const settings = await settle(given);
    const screen = createScreen({ ...settings, output: process.stdout, errors: process.stderr });
    const ask = createAsk(process.stdin, (text) => process.stderr.write(text));
    if (!(await work(given, { settings, screen, ask }))) process.exitCode = 1;
  }
} catch (error) {
  if (!(error instanceof Problem) && !(error instanceof ConfigError)) throw error;
  process.stderr.write(`ERROR: ${error.message}\n`);
  process.exitCode = error instanceof Problem ? error.code : 1;
}
