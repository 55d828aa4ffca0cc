import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Dialog, EndOfInput, type Question, SetupError, column, message, stages, term } from '#kit';
import { exitCodes } from '../../../../src/setup/cli/exit-codes.ts';
import type { Observer } from '../../../../src/setup/core/execute.ts';
import { newEvents } from '../../../../src/setup/ui/events.ts';
import { newMask } from '../../../../src/setup/ui/mask.ts';
import { allObservers } from '../../../../src/setup/ui/observers.ts';
import { fileStep } from '../../../support/fakes.ts';

/** A dialog that notes what reaches it. */
function innerDialog(reply?: string) {
  const heard: string[] = [];
  const dialog: Dialog = {
    interactive: true,
    patient: true,
    title: (text) => void heard.push(`title ${JSON.stringify(text)}`),
    note: (text) => void heard.push(`note ${JSON.stringify(text)}`),
    log: (level, text) => void heard.push(`${level} ${JSON.stringify(text)}`),
    provided: ({ name }, answer) => void heard.push(`provided ${name}=${answer ?? ''}`),
    async ask({ name }) {
      heard.push(`ask ${name}`);
      if (reply === undefined) throw new EndOfInput();
      return reply;
    },
  };
  return { dialog, heard };
}

/** A stream of events, with the writes as they came and the objects in them. */
function stream() {
  const mask = newMask({ words: false });
  const writes: string[] = [];
  const events = newEvents({ write: (line) => void writes.push(line), mask, now: () => new Date('2026-03-04T05:06:07.008Z') });
  const read = (): Record<string, unknown>[] => writes.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { events, mask, writes, read, last: () => read().at(-1) };
}
const question: Question = { name: 'Q', text: 'Say', choices: [], hidden: false };
const step = fileStep('a/file', '/a', 'x');

describe('the stream', () => {
  test('begins and ends with the run', () => {
    const { events, read } = stream();
    events.ended(4);
    expect(read()).toEqual([
      { time: '2026-03-04T05:06:07.008Z', sequence: 1, type: 'run', state: 'started', format: 1 },
      { time: '2026-03-04T05:06:07.008Z', sequence: 2, type: 'run', state: 'ended', code: 4, result: 'refused' },
    ]);
  });

  test('has a result of its own for each exit code', () => {
    const { events, read } = stream();
    for (const { code } of exitCodes) events.ended(code);
    const results = read()
      .slice(1)
      .map(({ result }) => result);
    expect(new Set(results).size).toBe(exitCodes.length);
  });

  test('numbers its events without a gap, and knows the stage of each', () => {
    const { events, read } = stream();
    events.observer.stage('init');
    events.watch(innerDialog().dialog).note('x');
    events.observer.stage('misc');
    events.observer.started(step);
    expect(read().map(({ sequence, stage }) => [sequence, stage])).toEqual([
      [1, undefined],
      [2, 'init'],
      [3, 'init'],
      [4, 'misc'],
      [5, 'misc'],
    ]);
  });

  test('is not needed by the run: a reader that is gone stops nothing', async () => {
    const { dialog, heard } = innerDialog('yes');
    const events = newEvents({
      mask: newMask({ words: false }),
      now: () => new Date(0),
      write() {
        throw Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
      },
    });
    events.observer.started(step);
    expect(await events.watch(dialog).ask(question)).toBe('yes');
    events.ended(0);
    expect(heard).toEqual(['ask Q']);
  });

  test('goes on after a write that failed, with a gap in the numbers', () => {
    const written: string[] = [];
    let full = false;
    const events = newEvents({
      mask: newMask({ words: false }),
      now: () => new Date(0),
      write(line) {
        if (full) throw new Error('no space left');
        written.push(line);
      },
    });
    full = true;
    events.observer.stage('init');
    full = false;
    events.ended(0);
    expect(written.map((line) => (JSON.parse(line) as { sequence: number }).sequence)).toEqual([1, 3]);
  });
});

describe('work', () => {
  test('says of each stage which it is, of how many', () => {
    const { events, read } = stream();
    for (const { id } of stages) events.observer.stage(id);
    expect(read()[2]).toMatchObject({ type: 'stage', stage: 'setup', n: 2, of: 16, text: 'Environment setup' });
    expect(
      read()
        .slice(1)
        .map(({ stage, n, of }) => [stage, n, of]),
    ).toEqual(stages.map(({ id }, index) => [id, index + 1, stages.length]));
  });

  test('is planned step by step, with the time each took before, and then told as it goes', () => {
    const { events, read } = stream();
    const other = fileStep('b/file', '/b', 'x');
    const { observer } = events;
    observer.planned([step, other], new Map([['b/file', 1200]]));
    observer.started(other);
    observer.said(other, 'half way');
    observer.ended(other, 'done', 1234);
    observer.ended(fileStep('c/file', '/c', 'x'), 'already', 5);
    observer.finished();
    const title = (path: string) => ({ message: { id: `Writing ${path}`, args: [] }, text: `Writing ${path}` });
    expect(read().slice(1)).toEqual(
      [
        { step: 'a/file', state: 'planned', n: 1, of: 2, ...title('/a') },
        { step: 'b/file', state: 'planned', n: 2, of: 2, ...title('/b'), expectedMs: 1200 },
        { step: 'b/file', state: 'started', n: 2, of: 2, ...title('/b') },
        { step: 'b/file', state: 'said', n: 2, of: 2, ...title('/b'), line: 'half way' },
        { step: 'b/file', state: 'done', n: 2, of: 2, ...title('/b'), ms: 1234 },
        { step: 'c/file', state: 'already', ...title('/c'), ms: 5 },
      ].map((wanted, index) => ({ time: '2026-03-04T05:06:07.008Z', sequence: index + 2, type: 'step', ...wanted })),
    );
  });

  test.each([
    [
      'an expected error',
      new SetupError('failed', message`${'/a'} is full`),
      { message: { id: '{0} is full', args: ['/a'] }, text: '/a is full' },
    ],
    ['a defect', new Error('a defect'), { message: { id: 'a defect', args: [] }, text: 'a defect' }],
    ['whatever was thrown', 'no error at all', { message: { id: 'no error at all', args: [] }, text: 'no error at all' }],
  ])('that fails with %s says why', (_, error, wanted) => {
    const { events, last } = stream();
    events.observer.ended(step, 'failed', 7, error);
    expect(last()).toMatchObject({ type: 'step', state: 'failed', ms: 7, error: wanted });
  });

  test('that is undone has no time', () => {
    const { events, last } = stream();
    events.observer.ended(step, 'undone', undefined);
    expect(last()).toMatchObject({ state: 'undone', step: 'a/file' });
    expect(last()).not.toHaveProperty('ms');
  });

  test('is told to all observers, in their order', () => {
    const told: string[] = [];
    const noting = (name: string): Observer => ({
      stage: (...args) => void told.push(`${name} stage ${args.length}`),
      planned: (...args) => void told.push(`${name} planned ${args.length}`),
      started: (...args) => void told.push(`${name} started ${args.length}`),
      said: (...args) => void told.push(`${name} said ${args.length}`),
      ended: (...args) => void told.push(`${name} ended ${args.length}`),
      finished: (...args) => void told.push(`${name} finished ${args.length}`),
    });
    const all = allObservers(noting('first'), noting('second'));
    all.stage('misc');
    all.planned([step], new Map());
    all.started(step);
    all.said(step, 'x');
    all.ended(step, 'failed', 1, new Error('why'));
    all.finished();
    expect(told).toEqual(
      ['stage 1', 'planned 2', 'started 1', 'said 2', 'ended 4', 'finished 0'].flatMap((each) => [`first ${each}`, `second ${each}`]),
    );
  });
});

describe('a watched dialog', () => {
  test('says what it always says', async () => {
    const { dialog, heard } = innerDialog('reply');
    const { events } = stream();
    const watched = events.watch(dialog);
    watched.title('T');
    watched.note(message`N ${1}`);
    watched.log('error', 'L');
    watched.provided(question, 'given');
    watched.provided(question);
    expect(await watched.ask(question)).toBe('reply');
    expect(heard).toEqual(['title "T"', 'note {"id":"N {0}","args":[1]}', 'error "L"', 'provided Q=given', 'provided Q=', 'ask Q']);
  });

  test('is as patient and as able to answer as before, and keeps what else it can do', () => {
    const close = (): string => 'closed';
    const watched = stream().events.watch({ ...innerDialog().dialog, interactive: false, patient: false, close });
    expect(watched).toMatchObject({ interactive: false, patient: false });
    expect(watched.close()).toBe('closed');
  });

  test('makes an event of all that is said, for front ends with a catalogue and for those without', () => {
    const { events, read } = stream();
    const watched = events.watch(innerDialog().dialog);
    watched.title('SUMMARY');
    watched.note('');
    watched.log('warning', message`${term('Engine')} waits for ${message`port ${443}`}: ${column('Name', 6)}| ${'data'}`);
    expect(read().slice(1)).toMatchObject([
      { type: 'title', message: { id: 'SUMMARY', args: [] }, text: 'SUMMARY' },
      { type: 'note', message: { id: '', args: [] }, text: '' },
      {
        type: 'message',
        level: 'warning',
        message: {
          id: '{0} waits for {1}: {2}| {3}',
          args: [{ id: 'Engine', args: [] }, { id: 'port {0}', args: [443] }, { id: 'Name', args: [], width: 6 }, 'data'],
        },
        text: 'Engine waits for port 443: Name  | data',
      },
    ]);
  });

  test('tells a question when it is asked, and its answer when it comes', async () => {
    const { events, read } = stream();
    const { dialog } = innerDialog('No');
    const asked: Question = {
      name: 'Q',
      text: 'Go on',
      notes: ['Mind'],
      about: 'Why',
      choices: ['Yes', 'No'],
      initial: 'Yes',
      hidden: false,
    };
    await events.watch(dialog).ask({ ...asked, back: true });
    const words = (text: string) => ({ message: { id: text, args: [] }, text });
    const common = { time: '2026-03-04T05:06:07.008Z', type: 'question', name: 'Q' };
    expect(read().slice(1)).toEqual([
      {
        ...common,
        sequence: 2,
        state: 'asked',
        ...words('Go on'),
        notes: [words('Mind')],
        about: words('Why'),
        choices: ['Yes', 'No'],
        initial: 'Yes',
        hidden: false,
        back: true,
      },
      { ...common, sequence: 3, state: 'answered', answer: 'No' },
    ]);
  });

  test('does not call a question answered that was left', async () => {
    const { events, last } = stream();
    await expect(events.watch(innerDialog().dialog).ask(question)).rejects.toBeInstanceOf(EndOfInput);
    expect(last()).toMatchObject({ state: 'asked' });
  });

  test('tells an answer that was given beforehand; an empty one is the default', () => {
    const { events, read } = stream();
    const watched = events.watch(innerDialog().dialog);
    watched.provided({ ...question, initial: 'x' }, 'given');
    watched.provided({ ...question, initial: 'x' });
    expect(read().slice(1)).toMatchObject([
      { type: 'question', state: 'provided', name: 'Q', initial: 'x', answer: 'given' },
      { type: 'question', state: 'provided', name: 'Q', initial: 'x', answer: '' },
    ]);
  });

  test('never tells the answer or the default of a hidden question', async () => {
    const { events, writes, read } = stream();
    const hidden = { ...question, hidden: true, initial: 'CANARY-default' };
    await events.watch(innerDialog('CANARY-typed').dialog).ask(hidden);
    events.watch(innerDialog().dialog).provided(hidden, 'CANARY-given');
    expect(writes.join('')).not.toContain('CANARY');
    expect(read().slice(1)).toMatchObject([{ hidden: true }, { state: 'answered' }, { hidden: true }]);
  });
});

/** Says a text, or two, in every way there is. */
async function sayEverywhere(one: string, two: string, { events }: ReturnType<typeof stream>): Promise<void> {
  const { observer } = events;
  const watched = events.watch(innerDialog(two).dialog);
  const text = message`${one} ${term(two)} ${message`in ${one}`} ${column(one, 40)}`;
  const told = { ...step, title: text };
  watched.title(one);
  watched.note(text);
  watched.log('info', two);
  observer.planned([told], new Map());
  observer.started(told);
  observer.said(told, one);
  observer.ended(told, 'failed', 1, new SetupError('failed', text));
  const asked: Question = { name: 'Q', text, notes: [one, text], about: two, choices: [one, two], initial: one, hidden: false };
  await watched.ask(asked);
  watched.provided(asked, one);
}

test('every event is one write of one line of JSON, whatever is said', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\n', '\r\n', '\u0085', '\u2028', '\u2029', '"}\n{"type":"run"', '\ud800'),
  );
  await fc.assert(
    fc.asyncProperty(text, text, async (one, two) => {
      const made = stream();
      await sayEverywhere(one, two, made);
      for (const write of made.writes) expect(write).toMatch(/^\{[^\p{Cc}\p{Zl}\p{Zp}]+\}\n$/u);
      expect(made.read().map(({ sequence }) => sequence)).toEqual(made.writes.map((_, index) => index + 1));
    }),
  );
});

test('what was said can be read again as it was, if it holds no secret', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const { events, last } = stream();
      events.watch(innerDialog().dialog).note(text);
      expect(last()).toMatchObject({ text, message: { id: text, args: [] } });
    }),
  );
});

test('no secret is told, wherever it stands', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ minLength: 4, maxLength: 20, unit: 'grapheme' }), async (random) => {
      const made = stream();
      const secret = `CANARY-${random}`;
      made.mask.add(secret);
      await sayEverywhere(secret, `a ${secret} b`, made);
      expect(made.writes.join('')).not.toContain('CANARY');
    }),
  );
});

test('a secret of digits is hidden where it is a number, too', () => {
  const { events, mask, last } = stream();
  mask.add('48151623');
  events.watch(innerDialog().dialog).note(message`is ${48_151_623}, not ${42}`);
  expect(last()).toMatchObject({ text: 'is **FILTERED**, not 42', message: { args: ['**FILTERED**', 42] } });
});
