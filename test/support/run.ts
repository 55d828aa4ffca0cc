import { plugins } from '../../plugins/index.ts';
import type { Run } from '../../src/setup/core/run.ts';
import { memoryHost, newMachine } from '../../src/setup/host/memory/index.ts';
import { notingDialog, silentObserver, sourcesOf } from './fakes.ts';

/** Everything that a run needs, on a new machine where nobody can be asked; a test names only what it is about. */
export const testRun = (more: Partial<Run> = {}): Run => ({
  version: '1',
  name: '20260202000000-bbbbbb',
  plugins,
  host: memoryHost(newMachine()),
  sources: sourcesOf({}),
  warnings: [],
  configurationFiles: [],
  dialog: notingDialog(),
  observer: silentObserver,
  signal: new AbortController().signal,
  allowed: new Set(),
  acceptDefaults: false,
  reconfigureOptional: false,
  yes: false,
  logFile: '/log',
  trace: () => undefined,
  hide: () => undefined,
  masked: (text) => text,
  committed: () => undefined,
  formatAnswers: (answers) => JSON.stringify([...answers]),
  saveAnswers: () => Promise.resolve([]),
  ...more,
});
