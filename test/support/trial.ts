import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Status } from '../../src/setup/cli/installation.ts';
import { freePort } from './free-port.ts';

const program = fileURLToPath(new URL('../../bin/engine-setup', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The real program while it runs. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves once the text has appeared on stdout; rejects if the program ends before. */
  until(text: string): Promise<void>;
}

/** Starts the real program. */
export function start(args: readonly string[], { input, env }: { input?: string; env?: NodeJS.ProcessEnv } = {}): Running {
  const child = spawn(program, args, { stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  if (input !== undefined) child.stdin?.end(input);
  return watch(child);
}

/** Follows what a program prints, from its start. */
export function watch(child: ChildProcess): Running {
  let stdout = '';
  let stderr = '';
  let over = false;
  const watchers = new Set<() => void>();
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
    for (const watcher of watchers) watcher();
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (code) => {
      over = true;
      for (const watcher of watchers) watcher();
      resolve({ code, stdout, stderr });
    }),
  );
  return {
    child,
    ended,
    until: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (stdout.includes(text)) resolve();
          else if (over) reject(new Error(`"${text}" never appeared:\n${stdout}${stderr}`));
          else return;
          watchers.delete(look);
        };
        watchers.add(look);
        look();
      }),
  };
}

/** Runs the real program to its end. */
export const run = (args: readonly string[], more: Parameters<typeof start>[1] = {}): Promise<Ended> => start(args, more).ended;

/** An installation below a directory of its own, on ports of its own. */
export interface Trial {
  readonly directory: string;
  readonly root: string;
  readonly answers: string;
  readonly password: string;
  readonly httpsPort: number;
  readonly databasePort: number;
  readonly websocketPort: number;
  readonly imageioPort: number;
  readonly ovnPorts: { readonly keystone: number; readonly neutron: number; readonly northbound: number };
  /** Arguments of an unattended run. */
  readonly unattended: readonly string[];
  status(): Promise<Status>;
  /** Ends every service and removes the directory. */
  remove(): Promise<void>;
}

export async function newTrial(directory = mkdtempSync(join(tmpdir(), 'engine-setup-trial-'))): Promise<Trial> {
  const root = join(directory, 'root');
  const answers = join(directory, 'answers.conf');
  const [httpsPort, databasePort, websocketPort, imageioPort] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const ovnPorts = { keystone: await freePort(), neutron: await freePort(), northbound: await freePort() };
  const password = 'canary-Geheim%4711';
  const lines = [
    '[environment:default]',
    'OVESETUP_CONFIG/fqdn=str:localhost',
    `OVESETUP_CONFIG/publicHttpsPort=int:${httpsPort}`,
    `OVESETUP_DB/port=int:${databasePort}`,
    `OVESETUP_CONFIG/websocketProxyPort=int:${websocketPort}`,
    `OVESETUP_CONFIG/imageioProxyPort=int:${imageioPort}`,
    `OVESETUP_CONFIG/fenceKdumpListenerPort=int:${await freePort()}`,
    `OVESETUP_VMCONSOLE_PROXY_CONFIG/vmconsoleProxyTrialPort=int:${await freePort()}`,
    `OVESETUP_OVN/ovirtProviderOvnKeystonePort=int:${ovnPorts.keystone}`,
    `OVESETUP_OVN/ovirtProviderOvnNeutronPort=int:${ovnPorts.neutron}`,
    `OVESETUP_OVN/northboundPort=int:${ovnPorts.northbound}`,
    `OVESETUP_OVN/southboundPort=int:${await freePort()}`,
    `OVESETUP_CONFIG/adminPassword=str:${password}`,
    'OVESETUP_PKI/organization=str:Trial & Söhne',
    'OVESETUP_DIALOG/confirmSettings=bool:True',
  ];
  writeFileSync(answers, `${lines.join('\n')}\n`, { mode: 0o600 });
  return {
    directory,
    root,
    answers,
    password,
    httpsPort,
    databasePort,
    websocketPort,
    imageioPort,
    ovnPorts,
    unattended: [`--root=${root}`, `--config-append=${answers}`],
    status: async () => JSON.parse((await run(['status', `--root=${root}`, '--json'])).stdout) as Status,
    async remove() {
      if (existsSync(root)) await run(['sandbox', 'reset', `--root=${root}`]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Every path below a directory with what it is: two equal manifests mean that nothing was changed in between. */
export function manifest(directory: string, leaveOut: readonly string[] = []): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  const walk = (path: string): void => {
    for (const name of existsSync(path) ? readdirSync(path).sort() : []) {
      const child = join(path, name);
      const shown = child.slice(directory.length);
      if (leaveOut.some((prefix) => shown === prefix || shown.startsWith(`${prefix}/`))) continue;
      const stat = lstatSync(child);
      const mode = (stat.mode & 0o7777).toString(8);
      if (stat.isSymbolicLink()) found[shown] = `link to ${readlinkSync(child)}`;
      else if (stat.isDirectory()) {
        found[shown] = `directory ${mode}`;
        walk(child);
      } else if (stat.isFile()) found[shown] = `file ${mode} ${createHash('sha256').update(readFileSync(child)).digest('hex')}`;
      else found[shown] = `special ${mode}`;
    }
  };
  walk(directory);
  return found;
}

/** Files below a directory that hold one of some texts, as `/etc/file` there. */
export const filesHolding = (directory: string, ...texts: readonly string[]): readonly string[] =>
  readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => texts.some((text) => readFileSync(path).includes(text)))
    .map((path) => path.slice(directory.length));

/** What a run keeps of itself: its log, its journal, its answer file. */
export const ownPaths = ['/var/log/ovirt-engine/setup', '/var/lib/ovirt-engine/setup', '/run/engine-setup.lock'];

/** The same with what services write while they run, whatever setup does. */
export const livePaths = [...ownPaths, '/var/log', '/var/lib/pgsql'];

/** Waits for a condition that will come. */
export async function eventually(what: string, condition: () => boolean | Promise<boolean>, limitMs = 60_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
