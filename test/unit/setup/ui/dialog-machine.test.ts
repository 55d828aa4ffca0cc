import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EndOfInput, type Question, message, stages, term } from '#kit';
import { machineDialog, machineProgress } from '../../../../src/setup/ui/dialog-machine.ts';
import { newMask } from '../../../../src/setup/ui/mask.ts';
import { fileStep } from '../../../support/fakes.ts';

/** A front end that gives these replies, whatever it is asked. */
function machine(replies: readonly string[] = []) {
  const out = { sent: '', log: [] as string[], hiddenReads: [] as boolean[] };
  const rest = [...replies];
  const mask = newMask({ words: false });
  const log = { path: '/log', write: (...record: readonly string[]) => void out.log.push(record.join(' ')), close: () => undefined };
  const dialog = machineDialog({
    screen: { colour: true, write: (text) => void (out.sent += text) },
    mask,
    log,
    keyboard: {
      close: () => undefined,
      async line(hidden) {
        out.hiddenReads.push(hidden);
        const reply = rest.shift();
        if (reply === undefined) throw new EndOfInput();
        return reply;
      },
    },
  });
  return { dialog, out, mask, log };
}
const question: Question = { name: 'Q', text: 'Say', choices: [], hidden: false };

describe('what a front end is sent, byte for byte', () => {
  test('a note is a comment, and an empty one has no blank', () => {
    const { dialog: on, out } = machine();
    on.note('text');
    on.note('');
    on.note('    indented');
    on.note('two\n\r\nlines');
    on.note('one\rline\u2028only');
    expect(out.sent).toBe('### text\n###\n###     indented\n### two\n###\n### lines\n### one line only\n');
  });

  test('a title is three notes', () => {
    const { dialog: on, out } = machine();
    on.title('PKI CONFIGURATION');
    expect(out.sent).toBe('###\n### --== PKI CONFIGURATION ==--\n###\n');
  });

  test('a log record is one line, without colour', () => {
    const { dialog: on, out } = machine();
    on.log('info', 'one');
    on.log('warning', message`Port ${443} is taken by ${term('a stranger')}`);
    on.log('error', 'three\nfour\r\nfive');
    expect(out.sent).toBe('***L:INFO one\n***L:WARNING Port 443 is taken by a stranger\n***L:ERROR three four five\n');
  });

  test('a question is a frame around its notes, its default, its choices and the query', async () => {
    const { dialog: on, out } = machine(['Yes']);
    const reply = await on.ask({
      name: 'OVESETUP_ENGINE_ENABLE',
      text: 'Configure Engine on this host',
      choices: ['Yes', 'No'],
      initial: 'Yes',
      hidden: false,
    });
    expect(reply).toBe('Yes');
    expect(out.sent).toBe(
      [
        '**%QStart: OVESETUP_ENGINE_ENABLE',
        '### Configure Engine on this host (Yes, No) [Yes]: ',
        '**%QDefault: Yes',
        '**%QValidValues: Yes|No',
        '**%QHidden: FALSE',
        '***Q:STRING OVESETUP_ENGINE_ENABLE',
        '**%QEnd: OVESETUP_ENGINE_ENABLE',
        '',
      ].join('\n'),
    );
  });

  test.each<[string, Partial<Question>, readonly string[]]>([
    ['without default and choices says only whether it is hidden', {}, ['### Say: ', '**%QHidden: FALSE']],
    ['with an empty default says nothing of it', { initial: '' }, ['### Say []: ', '**%QHidden: FALSE']],
    ['that is hidden tells no default', { hidden: true, initial: 'old' }, ['### Say: ', '**%QHidden: TRUE']],
    [
      'whose notes say all has a short prompt',
      { text: '', notes: ['(1) Basic', '(2) Full'], choices: ['1', '2'], initial: '1' },
      ['### (1) Basic', '### (2) Full', '### (1, 2)[1]: ', '**%QDefault: 1', '**%QValidValues: 1|2', '**%QHidden: FALSE'],
    ],
    [
      'with bars and backslashes in its choices escapes them',
      { choices: ['a|b', 'c\\d', '\\|'], initial: 'a|b' },
      ['### Say (a|b, c\\d, \\|) [a|b]: ', '**%QDefault: a|b', String.raw`**%QValidValues: a\|b|c\\d|\\\|`, '**%QHidden: FALSE'],
    ],
  ])('a question %s', async (_, more, wanted) => {
    const { dialog: on, out } = machine(['x']);
    await on.ask({ ...question, ...more });
    expect(out.sent).toBe(['**%QStart: Q', ...wanted, '***Q:STRING Q', '**%QEnd: Q', ''].join('\n'));
  });

  test.each<[string, Partial<Question>, string | undefined, string]>([
    ['is shown', {}, 'host', '### Say: \n### provided answer: host\n'],
    ['is not shown if it is hidden', { hidden: true }, 'geheim!', '### Say: \n### provided answer: (hidden)\n'],
    ['stands below the notes', { notes: ['Mind'], initial: 'x' }, 'y', '### Mind\n### Say [x]: \n### provided answer: y\n'],
    ['may be missing where the default is taken', { initial: 'x' }, undefined, '### Say [x]: \n'],
  ])('an answer given beforehand %s, as notes', (_, more, answer, wanted) => {
    const { dialog: on, out } = machine();
    on.provided({ ...question, ...more }, answer);
    expect(out.sent).toBe(wanted);
  });
});

describe('replies', () => {
  test('are handed on as they come, and an empty one is empty', async () => {
    const { dialog: on } = machine([' as it is ', '']);
    expect(await on.ask(question)).toBe(' as it is ');
    expect(await on.ask({ ...question, initial: 'default' })).toBe('');
  });

  test('are never asked for twice: somebody answers, but there is no patience', () => {
    expect(machine().dialog).toMatchObject({ interactive: true, patient: false });
  });

  test('end with the input', async () => {
    await expect(machine().dialog.ask(question)).rejects.toBeInstanceOf(EndOfInput);
  });

  test('are read hidden where the question is', async () => {
    const { dialog: on, out } = machine(['a', 'b']);
    await on.ask(question);
    await on.ask({ ...question, hidden: true });
    expect(out.hiddenReads).toEqual([false, true]);
  });
});

test('the log has all that is sent and received, but no hidden answer', async () => {
  const { dialog: on, out } = machine(['seen', 'Geheim!']);
  on.log('warning', 'careful');
  on.note('note');
  await on.ask({ ...question, notes: ['above'] });
  await on.ask({ ...question, hidden: true });
  on.provided({ ...question, hidden: true }, 'Geheim!');
  expect(out.log).toEqual([
    'WARNING dialog careful',
    'DEBUG dialog SEND note',
    'DEBUG dialog SEND above',
    'DEBUG dialog SEND Say: ',
    'DEBUG dialog RECEIVE seen',
    'DEBUG dialog SEND Say: ',
    'DEBUG dialog RECEIVE (hidden)',
    'DEBUG dialog SEND Say: ',
    'DEBUG dialog SEND provided answer: (hidden)',
  ]);
});

describe('stages', () => {
  test('are listed once, before the first begins, and each is framed', () => {
    const { dialog: on, out } = machine();
    on.stage('init');
    on.log('info', 'Stage: Initializing');
    on.stage('terminate');
    on.terminate();
    const lines = out.sent.split('\n');
    expect(lines.slice(0, 3)).toEqual([
      '**%EventsListStart',
      '**%EventsListEntry STAGE init METHOD engine-setup.init (Initializing)',
      '**%EventsListEntry STAGE setup METHOD engine-setup.setup (Environment setup)',
    ]);
    expect(lines.slice(stages.length, stages.length + 2)).toEqual([
      '**%EventsListEntry STAGE terminate METHOD engine-setup.terminate (Termination)',
      '**%EventsListEnd',
    ]);
    expect(lines.slice(stages.length + 2)).toEqual([
      '**%EventStart STAGE init METHOD engine-setup.init (Initializing)',
      '***L:INFO Stage: Initializing',
      '**%EventEnd STAGE init METHOD engine-setup.init (Initializing)',
      '**%EventStart STAGE terminate METHOD engine-setup.terminate (Termination)',
      '**%EventEnd STAGE terminate METHOD engine-setup.terminate (Termination)',
      '***TERMINATE',
      '',
    ]);
  });

  test('need not be there: whoever ends before the first only says so', () => {
    const { dialog: on, out } = machine();
    on.terminate();
    expect(out.sent).toBe('***TERMINATE\n');
  });

  test('come with the progress of the work, whose quiet steps have no line', () => {
    const { dialog: on, out, log } = machine();
    const progress = machineProgress(on, log);
    progress.stage('misc');
    out.sent = '';
    progress.started(fileStep('a', '/a', 'x'));
    progress.started(fileStep('b', '/b', 'x', { quiet: true }));
    progress.stage('transaction_end');
    expect(out.sent).toBe(
      [
        '***L:INFO Writing /a',
        '**%EventEnd STAGE misc METHOD engine-setup.misc (Misc configuration)',
        '**%EventStart STAGE transaction_end METHOD engine-setup.transaction_end (Transaction commit)',
        '',
      ].join('\n'),
    );
    expect(out.log).toContain('INFO step b: Writing /b');
  });
});

/** Texts that try to be more than they are. */
const hostile = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\n', '\r', '\r\n', '\v', '\f', '\u001c', '\u0085', '\u2028', '\u2029', '|', '\\'),
      fc.constantFrom('***TERMINATE', '***Q:STRING Q', '***L:ERROR no', '**%QEnd: Q', '**%QDefault: no', '### '),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));
/** Lines as the most generous reader sees them, who takes all that Unicode calls a line end for one. */
// eslint-disable-next-line no-control-regex -- the separators of files, groups and records are such line ends
const linesOf = (sent: string): readonly string[] => sent.split(/\r\n|[\n\r\v\f\u001c-\u001e\u0085\u2028\u2029]/);
/** What a line is, without what it carries. */
const kindOf = (line: string): string => /^(?:###|\*\*\*L:[A-Z]+ |\*\*\*Q:STRING |\*\*%Q[A-Za-z]+: )/.exec(line)?.[0] ?? line;

describe('no text can forge a line', () => {
  test('as a note, a title or a provided answer', () => {
    fc.assert(
      fc.property(hostile, hostile, (text, answer) => {
        const { dialog: on, out } = machine();
        on.note(text);
        on.title(message`${answer} and ${term(text)}`);
        on.provided({ ...question, text, notes: [answer], initial: answer }, answer);
        expect(out.sent.endsWith('\n')).toBe(true);
        expect(new Set(linesOf(out.sent.slice(0, -1)).map(kindOf))).toEqual(new Set(['###']));
      }),
    );
  });

  test('as a log record', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const { dialog: on, out } = machine();
        on.log('error', text);
        expect(linesOf(out.sent).map(kindOf)).toEqual(['***L:ERROR ', '']);
      }),
    );
  });

  test('as a part of a question', async () => {
    await fc.assert(
      fc.asyncProperty(hostile, hostile, fc.array(hostile, { minLength: 1, maxLength: 3 }), async (text, initial, choices) => {
        const { dialog: on, out } = machine(['x']);
        await on.ask({ name: text, text: initial, notes: [text, initial], choices, initial: `!${initial}`, hidden: false });
        const kinds = linesOf(out.sent).map(kindOf);
        expect(kinds.filter((kind) => kind !== '###')).toEqual([
          '**%QStart: ',
          '**%QDefault: ',
          '**%QValidValues: ',
          '**%QHidden: ',
          '***Q:STRING ',
          '**%QEnd: ',
          '',
        ]);
      }),
    );
  });

  test('and valid values that are put apart again are the choices, but for control characters', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: fc.constantFrom('a', '|', '\\', ' ') }), { minLength: 1 }), async (choices) => {
        const { dialog: on, out } = machine(['x']);
        await on.ask({ ...question, choices });
        const [, values = ''] = /^\*\*%QValidValues: (.*)$/m.exec(out.sent) ?? [];
        const read = [''];
        for (const [token] of values.matchAll(/\\.|[^\\]/g)) {
          if (token === '|') read.push('');
          else read.push(`${read.pop() ?? ''}${token.at(-1) ?? ''}`);
        }
        expect(read).toEqual(choices);
      }),
    );
  });
});

test('no secret is sent, wherever it stands', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ minLength: 8, maxLength: 20, unit: 'grapheme' }), async (random) => {
      const secret = `CANARY-${random}`;
      const { dialog: on, out, mask } = machine(['x', secret]);
      mask.add(secret);
      on.title(secret);
      on.note(message`is ${secret}`);
      on.log('error', message`was ${term(secret)}`);
      const everywhere = { ...question, text: secret, notes: [secret], choices: [secret], initial: secret };
      await on.ask(everywhere);
      await on.ask({ ...everywhere, hidden: true });
      on.provided(everywhere, secret);
      on.provided({ ...question, hidden: true }, secret);
      expect(out.sent).not.toContain('CANARY');
    }),
  );
});
