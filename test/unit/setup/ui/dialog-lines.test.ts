import { describe, expect, test } from 'vitest';
import { type Catalogue, EndOfInput, type Question, message } from '#kit';
import { linesDialog } from '../../../../src/setup/ui/dialog-lines.ts';
import { newMask } from '../../../../src/setup/ui/mask.ts';
import { linesProgress } from '../../../../src/setup/ui/progress-lines.ts';
import { english } from '../../../../src/setup/ui/wording.ts';
import { fileStep } from '../../../support/fakes.ts';

function dialog(on: { colour?: boolean; replies?: readonly (string | Error)[]; catalogue?: Catalogue } = {}) {
  const out = { screen: '', log: [] as string[] };
  const mask = newMask({ words: false });
  const replies = [...(on.replies ?? [])];
  const log = { path: '/log', write: (...record: readonly string[]) => void out.log.push(record.join(' ')), close: () => undefined };
  const made = linesDialog({
    screen: { colour: on.colour ?? false, write: (text) => void (out.screen += text) },
    mask,
    log,
    catalogue: on.catalogue ?? english,
    ...(on.replies === undefined
      ? {}
      : {
          keyboard: {
            close: () => undefined,
            async line() {
              const reply = replies.shift() ?? new EndOfInput();
              if (typeof reply !== 'string') throw reply;
              return reply;
            },
          },
        }),
  });
  return { dialog: made, out, mask, log };
}
const question: Question = { name: 'Q', text: 'Say', choices: [], hidden: false };

describe('what the human dialog prints, byte for byte', () => {
  test('a note starts in column 11, and an empty one is exactly nine blanks', () => {
    const { dialog: on, out } = dialog();
    on.note('text');
    on.note('');
    on.note('    indented');
    on.note('two\n\nlines');
    expect(out.screen).toBe('          text\n         \n              indented\n          two\n         \n          lines\n');
  });

  test('a title is three notes, and two of them give two adjacent empty lines', () => {
    const { dialog: on, out } = dialog();
    on.title('ONE');
    on.title('TWO');
    expect(out.screen).toBe('         \n          --== ONE ==--\n         \n         \n          --== TWO ==--\n         \n');
  });

  test('a log line has its level centred in seven columns, and its following lines are indented by nine', () => {
    const { dialog: on, out } = dialog();
    on.log('info', 'one');
    on.log('warning', 'two');
    on.log('error', 'three\nfour');
    expect(out.screen).toBe('[ INFO  ] one\n[WARNING] two\n[ ERROR ] three\n         four\n');
  });

  test('colour stands around the bracket alone, and nowhere else', () => {
    const { dialog: on, out } = dialog({ colour: true });
    on.log('info', 'one');
    on.log('warning', 'two');
    on.log('error', 'three');
    on.note('note');
    expect(out.screen).toBe(
      '\u001b[92m[ INFO  ]\u001b[0m one\n\u001b[93m[WARNING]\u001b[0m two\n\u001b[0;31m[ ERROR ]\u001b[0m three\n          note\n',
    );
  });

  test.each<[Partial<Question>, string]>([
    [{}, '          Say: '],
    [{ initial: 'x' }, '          Say [x]: '],
    [{ initial: '' }, '          Say []: '],
    [{ choices: ['Yes', 'No'] }, '          Say (Yes, No): '],
    [{ choices: ['Yes', 'No'], initial: 'No' }, '          Say (Yes, No) [No]: '],
    [{ text: 'first\nlast' }, '          first\n          last: '],
    [{ notes: ['one', ''], text: 'Say' }, '          one\n         \n          Say: '],
    [{ notes: ['(1) Basic'], text: '', choices: ['1', '2'], initial: '1' }, '          (1) Basic\n          (1, 2)[1]: '],
  ])('a prompt %j is a note whose last line is not ended', async (more, wanted) => {
    const { dialog: on, out } = dialog({ replies: ['typed'] });
    expect(await on.ask({ ...question, ...more })).toBe('typed');
    expect(out.screen).toBe(wanted);
  });

  test('an answer given beforehand is told below its question, and a default that is taken is not', () => {
    const { dialog: on, out } = dialog();
    on.provided({ ...question, notes: ['Read this.'], initial: 'a' }, 'b');
    on.provided({ ...question, hidden: true }, 'geheim!');
    on.provided({ ...question, initial: 'a' });
    expect(out.screen).toBe(
      '          Read this.\n          Say [a]: \n          provided answer: b\n' +
        '          Say: \n          provided answer: (hidden)\n          Say [a]: \n',
    );
  });
});

describe('the dialog', () => {
  test('without a keyboard cannot ask', async () => {
    const { dialog: on } = dialog();
    expect(on.interactive).toBe(false);
    await expect(on.ask(question)).rejects.toThrow('Q: nobody can be asked');
    expect(dialog({ replies: [] }).dialog.interactive).toBe(true);
  });

  test('speaks the language of the screen, takes words of both, and logs in English', async () => {
    const words: Readonly<Record<string, string>> = { Yes: 'Ja', No: 'Nein', Say: 'Sag', '{0} is taken': '{0} ist belegt', TITLE: 'TITEL' };
    const { dialog: on, out } = dialog({ replies: ['nein', 'no', 'other'], catalogue: (id) => words[id] });
    on.title('TITLE');
    on.log('warning', message`${80} is taken`);
    const asked = { ...question, choices: ['Yes', 'No'], initial: 'Yes' };
    expect([await on.ask(asked), await on.ask(asked), await on.ask(asked)]).toEqual(['No', 'no', 'other']);
    expect(out.screen).toContain('          --== TITEL ==--\n         \n[WARNING] 80 ist belegt\n          Sag (Ja, Nein) [Ja]: ');
    expect(out.log.slice(1, 6)).toEqual([
      'DEBUG dialog SEND --== TITLE ==--',
      'DEBUG dialog SEND ',
      'WARNING dialog 80 is taken',
      'DEBUG dialog SEND Say (Yes, No) [Yes]: ',
      'DEBUG dialog RECEIVE No',
    ]);
  });

  test('makes control characters visible', () => {
    const { dialog: on, out } = dialog();
    on.note('a\u001b[2Jb\r');
    on.log('info', 'c\u0007');
    expect(out.screen).toBe('          a\\x1b[2Jb\\x0d\n[ INFO  ] c\\x07\n');
  });

  test('hides known secrets on the screen', () => {
    const { dialog: on, out, mask } = dialog();
    mask.add('Geheim!');
    on.note('is Geheim!');
    on.log('error', 'was Geheim!');
    expect(out.screen).toBe('          is **FILTERED**\n[ ERROR ] was **FILTERED**\n');
  });

  test('writes all that is sent and received into the log, but no hidden answer', async () => {
    const { dialog: on, out } = dialog({ replies: ['seen', 'Geheim!'] });
    on.log('warning', 'careful');
    on.note('note');
    await on.ask(question);
    await on.ask({ ...question, hidden: true });
    expect(out.log).toEqual([
      'WARNING dialog careful',
      'DEBUG dialog SEND note',
      'DEBUG dialog SEND Say: ',
      'DEBUG dialog RECEIVE seen',
      'DEBUG dialog SEND Say: ',
      'DEBUG dialog RECEIVE (hidden)',
    ]);
  });
});

describe('progress', () => {
  test('shows the titles of steps, and keeps quiet ones, sayings and ends for the log', () => {
    const { dialog: on, out, log } = dialog();
    const progress = linesProgress(on, log);
    const [loud, quiet] = [fileStep('a', '/a', 'x'), fileStep('b', '/b', 'x', { quiet: true })];
    progress.started(loud);
    progress.started(quiet);
    progress.said(loud, 'half way');
    progress.ended(loud, 'done', 12);
    progress.ended(quiet, 'failed', 3, new Error('no room'));
    progress.ended(loud, 'undone', undefined);
    expect(out.screen).toBe('[ INFO  ] Writing /a\n');
    expect(out.log.map((line) => line.split('\n')[0])).toEqual([
      'INFO dialog Writing /a',
      'INFO step b: Writing /b',
      'DEBUG step a: half way',
      'DEBUG step a: done (12 ms)',
      'ERROR step b: failed (3 ms): Error: no room',
      'INFO step a: undone',
    ]);
  });
});
