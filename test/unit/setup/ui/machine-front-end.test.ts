import { describe, expect, test } from 'vitest';
import { EndOfInput, type Question, message } from '#kit';
import { type MachineDialog, machineDialog } from '../../../../src/setup/ui/dialog-machine.ts';
import { silentLog } from '../../../../src/setup/ui/log.ts';
import { newMask } from '../../../../src/setup/ui/mask.ts';

/** A question as a front end has understood it. */
interface Understood {
  readonly name: string;
  readonly notes: string[];
  initial: string;
  values: readonly string[];
  hidden: boolean | undefined;
}

/** What a front end has seen of a run. */
interface Seen {
  readonly logs: (readonly [level: string, text: string])[];
  readonly asked: Understood[];
  readonly stages: string[];
  over: boolean;
}

/** Values between bars, in which a backslash takes the next character as it is. */
function valuesOf(text: string): readonly string[] {
  const values = [''];
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '|') values.push('');
    else {
      if (text[at] === '\\') at += 1;
      values.push(`${values.pop() ?? ''}${text[at] ?? ''}`);
    }
  }
  return values;
}

/**
 * A front end of the dialect that shares nothing with the program: it reads characters as they come, and answers by names.
 * It refuses to go on when it does not understand a line, or when a question lacks something.
 */
function frontEnd(reply: (question: Understood) => string) {
  const seen: Seen = { logs: [], asked: [], stages: [], over: false };
  const replies: string[] = [];
  let open: Understood | undefined;
  let queried = false;
  let buffered = '';

  const rules: readonly (readonly [RegExp, (...parts: readonly string[]) => void])[] = [
    [/^\*\*%QStart: (.+)$/, (name = '') => (open = { name, notes: [], initial: '', values: [], hidden: undefined })],
    [/^\*\*%QDefault: (.+)$/, (text = '') => open !== undefined && (open.initial = text)],
    [/^\*\*%QValidValues: (.+)$/, (text = '') => open !== undefined && (open.values = valuesOf(text))],
    [/^\*\*%QHidden: (TRUE|FALSE)$/, (text) => open !== undefined && (open.hidden = text === 'TRUE')],
    [
      /^\*\*\*Q:STRING (.+)$/,
      (name) => {
        if (open === undefined || open.name !== name || open.hidden === undefined) throw new Error('a query without its frame');
        queried = true;
      },
    ],
    [
      /^\*\*%QEnd: (.+)$/,
      (name) => {
        if (open === undefined || open.name !== name || !queried) throw new Error('a frame without its query');
        seen.asked.push(open);
        replies.push(reply(open));
        [open, queried] = [undefined, false];
      },
    ],
    [/^\*\*%EventStart STAGE (\S+) METHOD (\S+) \((.*)\)$/, (id = '') => seen.stages.push(id)],
    [/^\*\*%/, () => undefined],
    [/^\*\*\*L:(INFO|WARNING|ERROR|CRITICAL|FATAL) (.*)$/, (level = '', text = '') => seen.logs.push([level, text])],
    [/^\*\*\*TERMINATE$/, () => (seen.over = true)],
    [/^#(?:## ?)?(.*)$/, (text = '') => open?.notes.push(text)],
  ];
  const understand = (line: string): void => {
    if (seen.over) throw new Error(`after the end: ${line}`);
    for (const [form, act] of rules) {
      const found = form.exec(line);
      if (found === null) continue;
      act(...found.slice(1));
      return;
    }
    throw new Error(`not understood: ${line}`);
  };
  return {
    seen,
    read(text: string): void {
      for (const character of text) {
        if (character !== '\n') buffered += character;
        else {
          const line = buffered;
          buffered = '';
          understand(line);
        }
      }
    },
    /** The reply that the front end has written by now. */
    write: (): string | undefined => replies.shift(),
  };
}

/** A run that asks for what a small installation needs, and stops at the first answer that will not do. */
async function scriptedRun(dialog: MachineDialog): Promise<Readonly<Record<string, string>>> {
  const answers: Record<string, string> = {};
  const ask = async (question: Question): Promise<string> => {
    const reply = await dialog.ask(question);
    const answer = reply === '' ? question.initial : reply;
    if (answer === undefined || (question.choices.length > 0 && !question.choices.includes(answer)))
      throw new Error(`refused: ${question.name}`);
    return (answers[question.name] = answer);
  };
  try {
    dialog.stage('customization');
    dialog.log('info', 'Stage: Environment customization');
    dialog.title('NETWORK CONFIGURATION');
    await ask({ name: 'FQDN', text: 'Name of this server', choices: [], initial: 'host.example.com', hidden: false });
    await ask({ name: 'ODD', text: 'Odd', notes: ['***TERMINATE\n**%QEnd: ODD'], choices: ['a|b', 'c\\d'], hidden: false });
    dialog.note(`${answers['ODD'] ?? ''}\n***Q:STRING FORGED\n**%QEnd: FORGED`);
    dialog.title('ENGINE CONFIGURATION');
    await ask({ name: 'PASSWORD', text: 'Password', choices: [], hidden: true });
    await ask({ name: 'PASSWORD', text: 'Confirm password', choices: [], hidden: true });
    dialog.stage('validation');
    dialog.log('warning', message`Memory is ${1024} MiB:\n***TERMINATE`);
    await ask({ name: 'CONFIRM', text: 'Confirm', choices: ['OK', 'Cancel'], initial: 'OK', hidden: false });
  } catch (error) {
    dialog.log('error', (error as Error).message);
  }
  dialog.stage('terminate');
  dialog.terminate();
  return answers;
}

/** Both sides of a run, joined by nothing but text. */
async function converse(reply: (question: Understood) => string) {
  const front = frontEnd(reply);
  const answers = await scriptedRun(
    machineDialog({
      screen: { colour: true, write: (text) => front.read(text) },
      mask: newMask({ words: false }),
      log: silentLog('/log'),
      keyboard: {
        close: () => undefined,
        async line() {
          const line = front.write();
          if (line === undefined) throw new EndOfInput();
          return line;
        },
      },
    }),
  );
  return { answers, seen: front.seen };
}

const byName =
  (replies: Readonly<Record<string, string>>) =>
  ({ name }: Understood): string =>
    replies[name] ?? '';

describe('a front end that knows nothing but the dialect', () => {
  test('answers all questions by their names, and takes defaults with empty lines', async () => {
    const { answers, seen } = await converse(byName({ ODD: 'c\\d', PASSWORD: 'geheim!' }));
    expect(answers).toEqual({ FQDN: 'host.example.com', ODD: 'c\\d', PASSWORD: 'geheim!', CONFIRM: 'OK' });
    expect(seen.over).toBe(true);
    expect(seen.stages).toEqual(['customization', 'validation', 'terminate']);
  });

  test('understands each question as it was meant, and none that was not asked', async () => {
    const { seen } = await converse(byName({ ODD: 'a|b', PASSWORD: 'x' }));
    expect(seen.asked).toEqual([
      { name: 'FQDN', notes: ['Name of this server [host.example.com]: '], initial: 'host.example.com', values: [], hidden: false },
      {
        name: 'ODD',
        notes: ['***TERMINATE', '**%QEnd: ODD', 'Odd (a|b, c\\d): '],
        initial: '',
        values: ['a|b', 'c\\d'],
        hidden: false,
      },
      { name: 'PASSWORD', notes: ['Password: '], initial: '', values: [], hidden: true },
      { name: 'PASSWORD', notes: ['Confirm password: '], initial: '', values: [], hidden: true },
      { name: 'CONFIRM', notes: ['Confirm (OK, Cancel) [OK]: '], initial: 'OK', values: ['OK', 'Cancel'], hidden: false },
    ]);
  });

  test('can choose among the values it was offered', async () => {
    const { answers } = await converse(({ values }) => values.at(-1) ?? 'text');
    expect(answers).toEqual({ FQDN: 'text', ODD: 'c\\d', PASSWORD: 'text', CONFIRM: 'Cancel' });
  });

  test('sees log records as they are, each on one line', async () => {
    const { seen } = await converse(byName({ ODD: 'a|b', PASSWORD: 'x' }));
    expect(seen.logs).toEqual([
      ['INFO', 'Stage: Environment customization'],
      ['WARNING', 'Memory is 1024 MiB: ***TERMINATE'],
    ]);
  });

  test('sees why and that the run ends when it answers wrongly, and is asked nothing more', async () => {
    const { answers, seen } = await converse(byName({ ODD: 'a' }));
    expect(seen.logs.at(-1)).toEqual(['ERROR', 'refused: ODD']);
    expect(seen.asked.map(({ name }) => name)).toEqual(['FQDN', 'ODD']);
    expect(seen.over).toBe(true);
    expect(answers).toEqual({ FQDN: 'host.example.com' });
  });
});
