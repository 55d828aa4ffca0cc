import { styleText } from 'node:util';

/** One line of a list of tasks, with a sign for its state. */
export interface Task {
  readonly title: string;
  readonly state: 'waiting' | 'running' | 'done' | 'failed' | 'undone';
  /** What it said last, below its title. */
  readonly output?: string;
}

/** Draws tasks, one after the other, as rows that are as long as their texts. */
export type TaskList = (tasks: readonly Task[]) => readonly string[];

const ascii = { spinner: ['-', '\\', '|', '/'], done: '+', failed: 'x', undone: '<', waiting: '.' };
const unicode = { spinner: ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'], done: '✔', failed: '✖', undone: '←', waiting: '·' };

/** Whether the terminal can show signs outside of ASCII. The console of Linux has a small font. */
export function canShowUnicode({ LC_ALL, LC_CTYPE, LANG, TERM }: NodeJS.ProcessEnv): boolean {
  const locale = [LC_ALL, LC_CTYPE, LANG].find((value) => value !== undefined && value !== '') ?? '';
  return /utf-?8/i.test(locale) && TERM !== 'linux';
}

/**
 * A list that listr2 draws. Of listr2 only the tasks and their drawing are used, not its way of running them: it would take
 * Ctrl-C for itself (docs/decisions/0008).
 * @param on.rows how many tasks are shown at most
 */
export async function newTaskList(on: { rows: number; colour: boolean; unicode: boolean }): Promise<TaskList> {
  const {
    DefaultRenderer,
    Listr,
    ListrDefaultRendererLogLevels: signs,
    ListrLogger,
    ListrTaskState,
    ProcessOutput,
    createWritable,
  } = await import('listr2');
  const { spinner, ...glyphs } = on.unicode ? unicode : ascii;
  const paint = (colour: 'red' | 'green' | 'yellow' | 'dim') => (text?: string) =>
    on.colour ? styleText(colour, text ?? '', { validateStream: false }) : (text ?? '');
  // Whatever it writes by itself goes nowhere; we take the text and draw it ourselves.
  const nowhere = createWritable(() => undefined) as unknown as NodeJS.WriteStream;
  let frame = 0;
  // The renderer keeps notes on every task it has seen, so the same few are used again and again.
  const rows = Array.from({ length: on.rows }, () => ({ title: '', task: () => undefined }));
  const list = new Listr(rows, { registerSignalListeners: false, exitOnError: false, renderer: 'default', fallbackRenderer: 'default' });
  await Promise.all(list.tasks.map((task) => task.check(undefined)));
  const shown: typeof list.tasks = [];
  const renderer = new DefaultRenderer(
    shown,
    {
      lazy: true,
      logger: new ListrLogger({ processOutput: new ProcessOutput(nowhere, nowhere) }),
      icon: {
        [signs.PENDING]: () => spinner[frame++ % spinner.length] ?? '',
        [signs.COMPLETED]: glyphs.done,
        [signs.FAILED]: glyphs.failed,
        [signs.ROLLED_BACK]: glyphs.undone,
        [signs.WAITING]: glyphs.waiting,
      },
      color: {
        [signs.PENDING]: paint('yellow'),
        [signs.COMPLETED]: paint('green'),
        [signs.FAILED]: paint('red'),
        [signs.ROLLED_BACK]: paint('yellow'),
        [signs.WAITING]: paint('dim'),
      },
    },
    list.events,
  );
  await renderer.render();
  const states = {
    waiting: ListrTaskState.WAITING,
    running: ListrTaskState.STARTED,
    done: ListrTaskState.COMPLETED,
    failed: ListrTaskState.FAILED,
    undone: ListrTaskState.ROLLED_BACK,
  };
  return (tasks) => {
    shown.length = 0;
    for (const [index, task] of list.tasks.entries()) {
      const told = tasks[index];
      if (told === undefined) break;
      task.title = told.output === undefined ? told.title : `${told.title}\n> ${told.output}`;
      task.state = states[told.state];
      shown.push(task);
    }
    return renderer.create().split('\n');
  };
}
