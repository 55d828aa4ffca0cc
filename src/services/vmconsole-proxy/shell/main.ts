import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { isatty } from 'node:tty';
import { parseArgs } from 'node:util';
import { accept, type Visitor } from './accept.ts';
import { EngineSilence, engineDoor, type ShownKey } from '../engine-door.ts';
import { loadSettings, usualConfiguration } from '../settings.ts';

/*
 * What sshd runs for whoever it has let in, and nothing else (`command=` of the line that the program for keys has printed):
 * `main.ts accept --entityid=ID --entity=NAME`. Who that is was told by the engine; which key was shown, and what the user wants, stands
 * in the environment (ssh(1), ENVIRONMENT; ExposeAuthInfo in sshd_config(5)).
 */

/** The key that was shown, of the file that sshd has written for this session. */
function shownKey(file: string | undefined): ShownKey {
  const lines = file === undefined ? '' : readFileSync(file, 'utf8');
  const [, type, base64] = /^publickey (\S+) (\S+)$/m.exec(lines) ?? [];
  if (type === undefined || base64 === undefined) throw new Error('sshd does not say which key was shown');
  return { type, base64 };
}

/** The program that comes to hosts. It gets nothing of our environment but what the terminal is. */
const ssh = (words: readonly string[]): ChildProcess =>
  spawn('/usr/bin/ssh', words, { stdio: 'inherit', env: { PATH: '/usr/bin:/bin', TERM: process.env['TERM'] ?? 'dumb' } });

const complain = (line: string): void => void process.stderr.write(`${line}\r\n`);

async function main(): Promise<number> {
  const { values } = parseArgs({
    allowPositionals: true,
    options: {
      config: { type: 'string', default: usualConfiguration },
      entityid: { type: 'string', default: '' },
      entity: { type: 'string', default: '' },
    },
  });
  const { SSH_USER_AUTH, SSH_CONNECTION = '', SSH_ORIGINAL_COMMAND = '' } = process.env;
  const visitor: Visitor = {
    user: { id: values.entityid, name: values.entity },
    key: shownKey(SSH_USER_AUTH),
    source: SSH_CONNECTION.split(' ', 1)[0] ?? '',
    words: SSH_ORIGINAL_COMMAND,
  };
  const settings = await loadSettings(values.config);
  const gone = new AbortController();
  for (const signal of ['SIGHUP', 'SIGTERM'] as const) process.on(signal, () => gone.abort());
  return accept(visitor, {
    engine: await engineDoor(settings.engine, Date.now),
    settings,
    terminal: {
      // Only the menu reads; a stream that nobody asked for takes no byte from the console.
      get input() {
        return process.stdin;
      },
      output: process.stdout,
      isTerminal: isatty(0),
    },
    print: (text) => void process.stdout.write(text),
    complain,
    connect: ssh,
    gone: gone.signal,
    now: Date.now,
  });
}

try {
  process.exitCode = await main();
} catch (error) {
  // What goes wrong inside is nothing for strangers; whether the engine answers, they may know.
  complain(error instanceof EngineSilence ? error.message : 'The VM console proxy is not set up as it should be.');
  process.exitCode = 1;
}
