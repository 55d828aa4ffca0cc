import { isatty } from 'node:tty';
import { bridge } from './bridge.ts';
import { consoleSocket } from './console-socket.ts';

/*
 * What sshd of a host runs for the VM console proxy, and nothing else (ForceCommand in sshd_config(5)): it connects the terminal with the
 * socket of one console. Its words go to the user at the other end of the proxy.
 */

const complain = (line: string): void => {
  process.stderr.write(`${line}\r\n`);
  process.exitCode = 1;
};

const path = consoleSocket(process.env['SSH_ORIGINAL_COMMAND'] ?? '');
if (path === undefined) {
  complain('There is no such command.');
} else if (!isatty(0)) {
  complain('A console needs a terminal.');
} else {
  const gone = new AbortController();
  for (const signal of ['SIGHUP', 'SIGTERM'] as const) process.on(signal, () => gone.abort());
  const { stdin, stdout } = process;
  // Every key is for the console, also those that would end this program.
  stdin.setRawMode(true);
  try {
    await bridge(path, { input: stdin, output: stdout, gone: gone.signal });
    stdin.setRawMode(false);
    if (!gone.signal.aborted) process.stdout.write('\r\nThe console was closed.\r\n');
  } catch {
    stdin.setRawMode(false);
    complain('The console is not there.');
  }
  // A terminal that has gone away leaves handles behind that never end.
  setTimeout(() => process.exit(), 500).unref();
}
