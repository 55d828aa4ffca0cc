import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { type Catalogue, GoBack, type Question } from '#kit';
import { fakeTerminal } from '../../../support/fake-terminal.ts';

const question: Question = { name: 'Q', text: 'Say', choices: [], hidden: false };
const yesNo: Question = { ...question, choices: ['Yes', 'No'], initial: 'Yes' };

/** Asks while this is typed. */
async function ask(asked: Question, typed: string, on: Parameters<typeof fakeTerminal>[0] = {}) {
  const terminal = fakeTerminal(on);
  const reply = terminal.dialog.ask(asked).finally(() => terminal.dialog.close());
  terminal.keys.type(typed);
  return { reply: await reply, ...terminal.out };
}

describe('an answer at a terminal', () => {
  test.each<[Partial<Question>, string, string]>([
    [{}, 'abc\r', 'abc'],
    [{}, ' a b \r', ' a b '],
    [{}, '\r', ''],
    [{ initial: 'abc' }, '\t\u007fd\r', 'abd'],
    [{ initial: 'abc' }, 'x\ty\r', 'xy'],
    [{ choices: ['Yes', 'No'] }, 'n\r', 'No'],
    [{ choices: ['Yes', 'No'] }, '  \r', ''],
    [{ choices: ['Yes', 'No'] }, '\u001b[B\u001b[B\r', 'No'],
    [{ choices: ['Yes', 'No'] }, '\t\r', 'Yes'],
    [{ hidden: true }, ' geheim \r', ' geheim '],
    [{ hidden: true, initial: 'old' }, '\t\r', ''],
  ])('to %j is taken from %j', async (more, typed, wanted) => {
    expect((await ask({ ...question, ...more }, typed)).reply).toBe(wanted);
  });

  test('is the English word, whatever the language', async () => {
    const german: Catalogue = (id) => ({ Yes: 'Ja', No: 'Nein' })[id];
    expect((await ask(yesNo, 'n\r', { catalogue: german })).reply).toBe('No');
    expect((await ask(yesNo, '\u001b[A\r', { catalogue: german })).reply).toBe('No');
  });

  test('that is hidden is neither on the screen nor in the log', async () => {
    const { screen, log } = await ask({ ...question, hidden: true }, 's3cret\u0015s3cret-Word\r');
    expect(screen + log.join()).not.toContain('s3c');
    expect(log).toEqual(['DEBUG dialog SEND Say: ', 'DEBUG dialog RECEIVE (hidden)']);
  });
});

describe('leaving', () => {
  test.each([
    ['abc\u0003', 'Cancelled with Ctrl-C'],
    ['\u0004', 'Cancelled with Ctrl-D'],
  ])('with %j', async (typed, message) => {
    await expect(ask(question, typed)).rejects.toMatchObject({ code: 'cancelled', message });
  });

  test('with a signal, or with the terminal', async () => {
    const signalled = fakeTerminal();
    const waiting = signalled.dialog.ask(question);
    signalled.abort.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    const gone = fakeTerminal();
    const alsoWaiting = gone.dialog.ask(question);
    gone.keys.hangUp();
    await expect(alsoWaiting).rejects.toMatchObject({ code: 'cancelled' });
  });

  test('is not what Ctrl-D in a line means', async () => {
    expect((await ask(question, 'abc\u0001\u0004\r')).reply).toBe('bc');
  });

  test('leaves the cursor at the beginning of a line', async () => {
    const { dialog, keys, out } = fakeTerminal();
    const left = dialog.ask(question).catch(() => undefined);
    keys.type('abc\u0003');
    await left;
    expect(out.screen.endsWith('\n')).toBe(true);
  });
});

test('going back is thrown where the question allows it, also from a hidden one', async () => {
  await expect(ask({ ...question, back: true }, '<\r')).rejects.toBeInstanceOf(GoBack);
  await expect(ask({ ...question, back: true, hidden: true }, '<\r')).rejects.toBeInstanceOf(GoBack);
  expect((await ask(question, '<\rabc\r')).screen).toContain('[ ERROR ] There is no way back from this question');
});

test('wrong answers and questions about the question ask again, and only the last answer counts', async () => {
  const { reply, log } = await ask({ ...yesNo, about: 'What for.' }, '?\rx\rno\r');
  expect(reply).toBe('No');
  expect(log.filter((line) => line.endsWith('SEND Say (Yes, No) [Yes]: '))).toHaveLength(3);
  expect(log).toContain('DEBUG dialog SEND What for.');
  expect(log).toContain("ERROR dialog 'x' is no answer to this question. Choose one of: Yes, No");
});

test('an answer given beforehand is told below its question', () => {
  const { dialog, out } = fakeTerminal();
  dialog.provided({ ...yesNo, notes: ['Read this.'] }, 'No');
  dialog.provided(yesNo);
  expect(out.screen).toBe(
    '          Read this.\n          Say (Yes, No) [Yes]: \n          provided answer: No\n          Say (Yes, No) [Yes]: \n',
  );
});

test('known secrets and control characters do not reach the screen', () => {
  const { dialog, out, mask } = fakeTerminal();
  mask.add('Geheim!');
  dialog.note('is Geheim!');
  dialog.log('info', 'a\u001b[2Jb');
  expect(out.screen).toBe('          is **FILTERED**\n[ INFO  ] a\\x1b[2Jb\n');
  expect(dialog.words('Geheim!\u0007')).toBe('**FILTERED**\\x07');
});

test('a default with control characters is shown harmless and taken as it is', async () => {
  const { reply, screen } = await ask({ ...question, initial: 'a\u009bb' }, '\t\r');
  expect(reply).toBe('a\u009bb');
  expect(screen).not.toContain('\u009b');
});

test('colour is used where it is wanted, and nowhere else', async () => {
  const coloured = await ask(yesNo, '\r', { colour: true });
  expect(coloured.screen).toContain('\u001b[2m');
  const plain = await ask(yesNo, '\r');
  // eslint-disable-next-line no-control-regex -- it is what colours begin with
  expect(plain.screen).not.toMatch(/\u001b\[[\d;]*m/);
});

test('a question is drawn again when the terminal changes its size, and only while it is asked', async () => {
  const { dialog, keys, out, output } = fakeTerminal();
  const asked = dialog.ask({ ...question, text: 'A question of several words' });
  await expect.poll(() => out.screen).toContain('several');
  output.columns = 20;
  out.screen = '';
  output.emit('resize');
  expect(stripVTControlCharacters(out.screen).split('\n').slice(0, 2)).toEqual(['\r  A question of', '  several words: ']);
  keys.type('\r');
  await asked;
  out.screen = '';
  output.emit('resize');
  expect(out.screen).toBe('');
  dialog.close();
  expect(output.listenerCount('resize')).toBe(0);
});
