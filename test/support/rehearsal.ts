import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SetupError, message } from '#kit';
import { readArguments } from '../../src/setup/cli/args.ts';
import { endNow, verdict } from '../../src/setup/cli/commands/setup.ts';
import { complain } from '../../src/setup/cli/complain.ts';
import { type Composed, compose } from '../../src/setup/cli/compose.ts';
import { dialogKind, surroundings } from '../../src/setup/cli/dialog-kind.ts';
import { heedStatements } from '../../src/setup/cli/framework-statements.ts';
import { readInput } from '../../src/setup/cli/input.ts';
import { refuseFlaws } from '../../src/setup/cli/refuse-flaws.ts';
import { listenToSignals } from '../../src/setup/cli/signals.ts';
import { runPipeline } from '../../src/setup/core/pipeline.ts';
import { type Machine, type MemoryHost, memoryHost } from '../../src/setup/host/memory/index.ts';
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

function machine(): Machine {
  const name = option('host') ?? 'usual';
  const found = Object.entries(machines).find(([known]) => known === name)?.[1];
  if (found !== undefined) return found();
  throw new SetupError('usage', message`there is no machine ${name}; known are ${Object.keys(machines).join(', ')}`);
}

async function rehearse(directory: string): Promise<Composed> {
  const host = unhurried(memoryHost(machine()), Number(option('pause') ?? 0));
  const args = heedStatements(readArguments(words.filter((word) => !own.test(word))));
  const dialog = dialogKind(args, surroundings(args));
  const signals = listenToSignals(endNow);
  const input = await readInput(args, { root: directory, signal: signals.signal });
  const on = { version: '0.1.0', host, root: directory, signals, dialog };
  await refuseFlaws(args, input, on);
  return compose(args, input, on);
}

const directory = mkdtempSync(join(tmpdir(), 'rehearsal-'));
try {
  const { run, close } = await rehearse(directory);
  const code = verdict(await runPipeline(run));
  close(code);
  process.exitCode = code;
} catch (error) {
  // There is no log in it yet.
  rmSync(directory, { recursive: true });
  process.exitCode = complain(error, false);
}
