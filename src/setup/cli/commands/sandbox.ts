import { existsSync, readFileSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { stopSupervisor } from '../../host/supervisor/client.ts';
import { postInstallPath } from '../../core/record.ts';
import { SetupError } from '../../kit/errors.ts';
import { type Text, column, inWords, message, term } from '../../kit/text.ts';
import { programDirectory } from '../../paths.ts';
import { catalogueFor } from '../../ui/catalogue.ts';
import type { Arguments } from '../args.ts';
import type { ExitCode } from '../exit-codes.ts';
import { type Status, inspectInstallation } from '../installation.ts';
import { lockPath, takeLock } from '../lock.ts';
import { print } from '../output.ts';
import { placeOf } from '../place.ts';
import { kindOfRoot, sandboxRoot } from '../sandbox-root.ts';
import { setup } from './setup.ts';

/** Prints lines in the language of the user. */
function say(lines: readonly Text[]): void {
  const { catalogue } = catalogueFor(process.env);
  print(lines.map((line) => `${inWords(line, catalogue)}\n`).join(''));
}

/** How to reach a port of loopback from the machine that the user really sits at. */
function tunnel(web: string): readonly Text[] {
  if (process.env['SSH_CONNECTION'] === undefined) return [];
  const { port } = new URL(web);
  return [
    '',
    '  You are on a remote machine. To reach the engine from your own one:',
    message`    ${`ssh -L ${port}:localhost:${port} ${process.env['USER'] ?? 'root'}@${hostname()}`}`,
  ];
}

/** How to go on: by the scripts of the clone where the trial lies in its usual place, else by the program itself. */
function furtherCommands(root: string): readonly Text[] {
  if (root === join(programDirectory, '.sandbox')) {
    return ['  Stop it with "npm stop", look at it with "npm run -s status", remove it with "npm run reset".'];
  }
  return [
    '  Stop it, look at it, and remove it:',
    ...['sandbox stop', 'status', 'sandbox reset'].map((words) => message`    ${`engine-setup ${words} --root=${root}`}`),
  ];
}

/**
 * What a newcomer needs, on one screen. The password is shown because it was made up here, for a trial that only this machine can reach
 * (docs/decisions/0005); a password that somebody chose is never shown.
 */
function welcome(status: Status): readonly Text[] {
  const { addresses, passwordFile, caFile, root } = status;
  const password =
    passwordFile === undefined
      ? term('the one that you have chosen')
      : message`${readFileSync(passwordFile, 'utf8').trim()}   (kept in ${passwordFile})`;
  return [
    '',
    '  The engine is running.',
    '',
    message`    ${column('Address', 9)} ${addresses?.web ?? ''}`,
    message`    ${column('User', 9)} ${status.user ?? ''}`,
    message`    ${column('Password', 9)} ${password}`,
    '',
    ...(caFile?.endsWith('/ca.pem') === true ? [message`  Your browser will warn until it trusts the CA of this trial, ${caFile}.`] : []),
    ...furtherCommands(root),
    ...tunnel(addresses?.web ?? ''),
    '',
  ];
}

async function start(args: Arguments, root: string, version: string): Promise<ExitCode> {
  // Once it is installed, a trial keeps to the answers that it was installed with.
  const usual = existsSync(join(root, postInstallPath)) ? [] : [join(programDirectory, 'answers/sandbox.yaml')];
  // Whoever wants to be asked runs the wizard.
  const code = await setup({ ...args, root, configAppend: [...usual, ...args.configAppend], yes: true, noInput: true }, version);
  if (code === 0) say(welcome(await inspectInstallation(placeOf(root))));
  return code;
}

async function whileLocked(root: string, work: () => Promise<void>): Promise<void> {
  if (kindOfRoot(root) !== 'sandbox') {
    say([message`There is no sandbox at ${root}.`]);
    return;
  }
  const lock = await takeLock(lockPath(root));
  try {
    await work();
  } finally {
    if (existsSync(lockPath(root))) lock.release();
  }
}

/** `engine-setup sandbox start|stop|reset`: a trial on one machine, everything below one directory. */
export async function sandbox(args: Arguments, version: string): Promise<ExitCode> {
  const root = sandboxRoot(args.root ?? '.sandbox');
  const [verb, ...rest] = args.words;
  if (rest.length > 0 || verb === undefined || !['start', 'stop', 'reset'].includes(verb)) {
    throw new SetupError('usage', 'sandbox wants one word: start, stop or reset', { remedy: 'See engine-setup --help.' });
  }
  if (verb === 'start') return start(args, root, version);
  await whileLocked(root, async () => {
    await stopSupervisor(root);
    if (verb === 'reset') rmSync(root, { recursive: true, force: true });
    say([verb === 'reset' ? message`${root} is removed.` : 'All services are stopped. Their data stays.']);
  });
  return 0;
}
