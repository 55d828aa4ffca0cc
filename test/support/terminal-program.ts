import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Dialog, GoBack, type Question, SetupError, messageOf } from '#kit';
import type { Observer } from '../../src/setup/core/execute.ts';
import { catalogueFor } from '../../src/setup/ui/catalogue.ts';
import { linesDialog } from '../../src/setup/ui/dialog-lines.ts';
import { terminalDialog } from '../../src/setup/ui/dialog-terminal.ts';
import { stdinKeyboard } from '../../src/setup/ui/keyboard.ts';
import { silentLog } from '../../src/setup/ui/log.ts';
import { newMask } from '../../src/setup/ui/mask.ts';
import { linesProgress } from '../../src/setup/ui/progress-lines.ts';
import { treeProgress } from '../../src/setup/ui/progress-tree.ts';
import { stdoutScreen } from '../../src/setup/ui/screen.ts';
import { fileStep } from './fakes.ts';

/*
 * Runs a script of a dialog at the terminal it is started on, and writes what was answered into a file:
 * the screen belongs to the dialog alone. Arguments: the script as JSON, the path of that file, a folder with translations,
 * and `lines` for the dialog that asks line by line.
 */

/** One thing that happens in the program. */
export type Action =
  | { readonly ask: Question }
  | { readonly title: string }
  | { readonly note: string }
  | { readonly info: string }
  /** It is busy until there is a file at this path. */
  | { readonly until: string }
  /** The work begins: titles of its steps, and the milliseconds they took in earlier runs. */
  | { readonly planned: readonly string[]; readonly expected?: Readonly<Record<string, number>> }
  | { readonly started: string }
  | { readonly said: string; readonly step: string }
  | { readonly ended: string; readonly how: 'done' | 'already' | 'failed' | 'undone' }
  | { readonly finished: true };

/** What is in the file at the end. */
export interface Result {
  readonly answers: readonly string[];
  /** Why the dialog ended early. */
  readonly error?: { readonly code?: string; readonly message: string };
}

const [script = '[]', resultFile = '', languages, kind] = process.argv.slice(2);
const abort = new AbortController();
process.on('SIGINT', () => abort.abort());
process.on('SIGHUP', () => undefined);
const log = silentLog('');
const means = {
  screen: stdoutScreen(),
  mask: newMask({ words: false }),
  log,
  catalogue: catalogueFor(process.env, languages).catalogue,
  signal: abort.signal,
};

function open(): { dialog: Dialog; progress: Observer; close: () => void } {
  if (kind === 'lines') {
    const keyboard = stdinKeyboard(means);
    const dialog = linesDialog({ ...means, keyboard });
    return { dialog, progress: linesProgress(dialog, log), close: keyboard.close };
  }
  const dialog = terminalDialog({ ...means, input: process.stdin, output: process.stdout });
  return { dialog, progress: treeProgress(dialog, log), close: dialog.close };
}
const { dialog, progress, close } = open();
progress.stage('validation');
const step = (title: string) => fileStep(title, `/${title}`, '', { title });
const answers: string[] = [];

async function act(action: Action): Promise<void> {
  if ('ask' in action) {
    answers.push(
      await dialog.ask(action.ask).catch((error: unknown) => {
        if (error instanceof GoBack) return 'BACK';
        throw error;
      }),
    );
  } else if ('title' in action) dialog.title(action.title);
  else if ('note' in action) dialog.note(action.note);
  else if ('info' in action) dialog.log('info', action.info);
  else if ('until' in action) while (!existsSync(action.until) && !abort.signal.aborted) await sleep(10);
  else if ('planned' in action) progress.planned(action.planned.map(step), new Map(Object.entries(action.expected ?? {})));
  else if ('started' in action) progress.started(step(action.started));
  else if ('said' in action) progress.said(step(action.step), action.said);
  else if ('ended' in action) progress.ended(step(action.ended), action.how, 1234);
  else progress.finished();
  if (abort.signal.aborted) throw new Error('interrupted between two questions');
}

let error: Result['error'];
try {
  for (const action of JSON.parse(script) as readonly Action[]) await act(action);
} catch (thrown) {
  error = { message: messageOf(thrown), ...(thrown instanceof SetupError ? { code: thrown.code } : {}) };
} finally {
  close();
}
writeFileSync(resultFile, JSON.stringify({ answers, ...(error === undefined ? {} : { error }) } satisfies Result));
