import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { freePort } from './free-port.ts';

const programs = ['Xtigervnc', 'xterm', 'vncpasswd'].map((name) => `/usr/bin/${name}`);

/** Whether this machine has what a display takes (Debian: tigervnc-standalone-server, tigervnc-tools, xterm). */
export const hasVncServer = programs.every((path) => existsSync(path));

export interface VncServer {
  readonly port: number;
  readonly password: string;
  /** Gives it another password, for connections that come from now on. */
  setPassword(password: string): Promise<void>;
  /** What was typed into its terminal, a line at most. */
  typed(): Promise<string>;
  stop(): Promise<void>;
}

/** Starts a real X server that is shown by VNC, with a terminal that writes down the first line that is typed into it. */
export async function startVncServer(tls?: { readonly certificate: string; readonly key: string }): Promise<VncServer> {
  const folder = await mkdtemp(join(tmpdir(), 'vnc-server-'));
  const [port, password] = [await freePort(), 'canary77'];
  const [passwordFile, line] = [join(folder, 'password'), join(folder, 'line')];
  const setPassword = async (text: string): Promise<void> => {
    const { stdout } = await execa('vncpasswd', ['-f'], { input: `${text}\n`, encoding: 'buffer' });
    await writeFile(passwordFile, stdout);
    await chmod(passwordFile, 0o600);
  };
  await setPassword(password);

  const display = `:${7000 + (port % 2000)}`;
  const security = tls === undefined ? ['VncAuth'] : ['X509Vnc', '-X509Cert', tls.certificate, '-X509Key', tls.key];
  const children: ChildProcess[] = [];
  const begin = (program: string, args: readonly string[]): void => {
    children.push(spawn(program, args, { stdio: 'ignore', env: { PATH: process.env['PATH'], HOME: folder } }));
  };
  begin('Xtigervnc', [
    ...[display, '-rfbport', String(port), '-localhost', '-geometry', '640x480', '-nolisten', 'tcp'],
    ...['-PasswordFile', passwordFile, '-SecurityTypes', ...security],
  ]);
  await untilItListens(port);
  begin('xterm', [
    '-display',
    display,
    '-geometry',
    '80x24+0+0',
    '-bg',
    'navy',
    '-fg',
    'yellow',
    '-e',
    'sh',
    '-c',
    `read line; echo "$line" > ${line}`,
  ]);
  return {
    port,
    password,
    setPassword,
    async typed() {
      for (let tries = 0; tries < 200 && !existsSync(line); tries++) await sleep(50);
      return (await readFile(line, 'utf8')).trim();
    },
    async stop() {
      for (const child of children.reverse()) child.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function untilItListens(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const socket = connect(port, '127.0.0.1');
    const listens = await new Promise<boolean>((resolve) =>
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false)),
    );
    socket.destroy();
    if (listens) return;
    await sleep(50);
  }
  throw new Error('the VNC server does not listen');
}
