import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readArguments } from '../../src/setup/cli/args.ts';
import { endNow, verdict } from '../../src/setup/cli/commands/setup.ts';
import { compose } from '../../src/setup/cli/compose.ts';
import { dialogKind, surroundings } from '../../src/setup/cli/dialog-kind.ts';
import { readInput } from '../../src/setup/cli/input.ts';
import { listenToSignals } from '../../src/setup/cli/signals.ts';
import { runPipeline } from '../../src/setup/core/pipeline.ts';
import { type MemoryHost, memoryHost } from '../../src/setup/host/memory/index.ts';
import { machines } from './machines.ts';

/*
 * The whole wizard of a host of its own, on a machine in memory: every question, every dialog, and nothing on this machine changes
 * but a log in a temporary directory. `npm run rehearse -- --host=seed --dialog=lines`; other options are those of engine-setup.
 */

/** Work takes a moment on a real host: without it there would be no progress to look at. */
function unhurried(host: MemoryHost, ms: number): MemoryHost {
  const { write } = host.files;
  return {
    ...host,
    files: {
      ...host.files,
      async write(path, entry) {
        await sleep(ms);
        await write(path, entry);
      },
    },
  };
}

const own = /^--(host|pause)=(.*)$/;
const words = process.argv.slice(2);
const option = (name: string): string | undefined => words.map((word) => own.exec(word)).find((found) => found?.[1] === name)?.[2];

const name = option('host') ?? 'usual';
const machine = Object.entries(machines).find(([known]) => known === name)?.[1];
if (machine === undefined) throw new Error(`there is no machine ${name}; known are ${Object.keys(machines).join(', ')}`);

const directory = mkdtempSync(join(tmpdir(), 'rehearsal-'));
const args = readArguments(words.filter((word) => !own.test(word)));
const signals = listenToSignals(endNow);
const input = await readInput(args, { root: directory, signal: signals.signal });
const host = unhurried(memoryHost(machine()), Number(option('pause') ?? 0));
const { run, close } = await compose(args, input, {
  version: '0.1.0',
  host,
  root: directory,
  signals,
  dialog: dialogKind(args, surroundings(args)),
});
const code = verdict(await runPipeline(run));
close(code);
process.exitCode = code;
