import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { type ProcessId, identify, isAlive } from '../../src/setup/host/process-table.ts';
import { sandboxHost } from '../../src/setup/host/sandbox.ts';
import { stopSupervisor } from '../../src/setup/host/supervisor/client.ts';
import { readHolder } from '../../src/setup/host/supervisor/records.ts';
import { type UnitState, unitStates } from '../../src/setup/host/supervisor/unit-states.ts';
import type { Host } from '../../src/setup/kit/host.ts';
import { there } from './there.ts';
import { until } from './waiting.ts';

/** A sandbox with a supervisor of its own, for each test of the file. */
export interface SupervisorTests {
  readonly root: string;
  readonly host: Host;
  /** Installs a unit whose program has these words; further lines go into its section `[Service]`. */
  unit(name: string, argv: readonly string[], lines?: readonly string[]): Promise<void>;
  stateOf(name: string): Promise<UnitState | undefined>;
  /** The process of a unit that runs. */
  processOf(name: string): Promise<ProcessId>;
  /** Waits until a unit runs in another process than before, and returns that. */
  runsAnew(name: string, before: ProcessId): Promise<ProcessId>;
  killSupervisor(): Promise<void>;
}

/** The words that have a shell run a script. */
export const shell = (script: string): readonly string[] => ['/bin/sh', '-c', script];

/** What stands in a file, which may be missing. */
export const textOf = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');

/** Processes with this in their command line. */
export const processesWith = (argument: string): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && textOf(`/proc/${name}/cmdline`).includes(argument))
    .map(Number)
    .filter((pid) => pid !== process.pid && identify(pid) !== undefined);

const word = (text: string): string =>
  `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%').replaceAll('$', '$$$$')}"`;

/** Makes an empty sandbox before each test, and ends everything that it has started after it. */
export function useSupervisor(): SupervisorTests {
  let sandbox: { readonly root: string; readonly host: Host } | undefined;
  beforeEach(async () => {
    const root = await realpath(await mkdtemp(join(tmpdir(), 'supervisor-')));
    sandbox = { root, host: sandboxHost(root) };
  });
  afterEach(async () => {
    await stopSupervisor(tests.root);
    await rm(tests.root, { recursive: true, force: true });
  });

  const tests: SupervisorTests = {
    get root() {
      return there(sandbox).root;
    },
    get host() {
      return there(sandbox).host;
    },
    async unit(name, argv, lines = []) {
      const text = `[Unit]\nDescription=${name}\n[Service]\nType=exec\nExecStart=${argv.map(word).join(' ')}\n${lines.join('\n')}\n`;
      await tests.host.files.write(`/etc/systemd/system/${name}.service`, { kind: 'file', content: Buffer.from(text), mode: 0o644 });
    },
    stateOf: async (name) => (await unitStates(tests.root)).find((state) => state.name === name),
    processOf: async (name) => identify((await tests.stateOf(name))?.pid ?? -1)!,
    runsAnew: (name, before) =>
      until(async () => {
        const { state, pid } = (await tests.stateOf(name)) ?? {};
        return state === 'running' && pid !== before.pid && identify(pid ?? -1);
      }),
    async killSupervisor() {
      const holder = readHolder(tests.root)!;
      process.kill(holder.pid, 'SIGKILL');
      await until(() => !isAlive(holder));
    },
  };
  return tests;
}
