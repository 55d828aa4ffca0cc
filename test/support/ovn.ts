import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { freePort } from './free-port.ts';
import { eventually } from './trial.ts';

/*
 * The databases of OVN as Debian's package ovn-central brings them, started by hand, without root and without a datapath.
 */

const schemas = '/usr/share/ovn';

/** Whether the programs are here. */
export const ovnIsHere = existsSync(join(schemas, 'ovn-nb.ovsschema')) && existsSync('/usr/sbin/ovsdb-server');

export interface OvnFiles {
  readonly key: string;
  readonly certificate: string;
  readonly authority: string;
}

export interface TestOvn {
  /** `unix:...`, for ovn-nbctl and for the provider. */
  readonly socket: string;
  /** `ssl:127.0.0.1:PORT`, where there are certificates. */
  readonly tls: string;
  readonly folder: string;
  nbctl(...args: string[]): Promise<string>;
  /** What OVN makes of it, where it translates (`northd`). */
  sbctl(...args: string[]): Promise<string>;
  /** Ends the northbound database, as a power cut would; `start` brings it back with what it had. */
  kill(): Promise<void>;
  /** Lets it hang, or go on. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a northbound database, with TLS where files are given; with `northd` also the southbound one and what translates between them. */
export async function startOvn({ files, northd = false }: { readonly files?: OvnFiles; readonly northd?: boolean } = {}): Promise<TestOvn> {
  const folder = await mkdtemp(join(tmpdir(), 'ovn-'));
  const port = await freePort();
  const socketOf = (name: string): string => join(folder, `${name}.sock`);
  const children = new Map<string, ChildProcess>();

  const run = async (name: string, program: string, args: readonly string[], ready: () => boolean): Promise<void> => {
    const child = spawn(program, [...args], {
      stdio: 'ignore',
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', OVN_RUNDIR: folder, OVS_RUNDIR: folder },
    });
    children.set(name, child);
    await eventually(`${name} of OVN`, () => {
      if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}`);
      return ready();
    });
  };
  const database = async (name: 'nb' | 'sb', more: readonly string[]): Promise<void> => {
    const file = join(folder, `${name}.db`);
    if (!existsSync(file)) await execa('ovsdb-tool', ['create', file, join(schemas, `ovn-${name}.ovsschema`)]);
    await rm(socketOf(name), { force: true });
    const remotes = [`--remote=punix:${socketOf(name)}`, ...more];
    await run(name, 'ovsdb-server', [file, ...remotes, `--unixctl=${join(folder, `${name}.ctl`)}`, '-vconsole:off'], () =>
      existsSync(socketOf(name)),
    );
  };
  const start = (): Promise<void> =>
    database(
      'nb',
      files === undefined
        ? []
        : [
            `--remote=pssl:${port}:127.0.0.1`,
            `--private-key=${files.key}`,
            `--certificate=${files.certificate}`,
            `--ca-cert=${files.authority}`,
            '--ssl-protocols=TLSv1.2',
          ],
    );
  const end = async (name: string, how: NodeJS.Signals): Promise<void> => {
    const child = children.get(name);
    children.delete(name);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGCONT');
    child.kill(how);
    await ended;
  };

  await start();
  if (northd) {
    await database('sb', []);
    const args = [
      `--ovnnb-db=unix:${socketOf('nb')}`,
      `--ovnsb-db=unix:${socketOf('sb')}`,
      `--unixctl=${join(folder, 'northd.ctl')}`,
      '-vconsole:off',
    ];
    await run('northd', 'ovn-northd', args, () => existsSync(join(folder, 'northd.ctl')));
  }
  const socket = `unix:${socketOf('nb')}`;
  return {
    socket,
    tls: `ssl:127.0.0.1:${port}`,
    folder,
    nbctl: async (...args) => (await execa('ovn-nbctl', [`--db=${socket}`, '--timeout=10', ...args])).stdout,
    sbctl: async (...args) => (await execa('ovn-sbctl', [`--db=unix:${socketOf('sb')}`, '--timeout=10', ...args])).stdout,
    kill: () => end('nb', 'SIGKILL'),
    signal: (name) => void children.get('nb')?.kill(name),
    start,
    async stop() {
      for (const name of [...children.keys()]) await end(name, 'SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
