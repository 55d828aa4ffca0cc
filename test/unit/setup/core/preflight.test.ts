import { describe, expect, test } from 'vitest';
import { type Plugin, type Problem, checks, setting, yesNo } from '#kit';
import { newAnswers } from '../../../../src/setup/core/answers.ts';
import { newAsker } from '../../../../src/setup/core/asker.ts';
import { findings, judgeFindings } from '../../../../src/setup/core/preflight.ts';
import { memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { english, failureOf, notingDialog, sourcesOf } from '../../../support/fakes.ts';

const error: Problem = { id: 'broken', level: 'error', message: 'It is broken', remedy: 'Mend it.' };
const doubt: Problem = { id: 'odd', level: 'doubt', message: 'It is odd' };
const warning: Problem = { id: 'strange', level: 'warning', message: 'It is strange' };

const check = setting({ key: 'A/check', section: 'misc', kind: yesNo, about: 'Whether it is checked.', initial: true });
const settling: Problem = {
  ...doubt,
  consent: { name: 'ODD_QUESTION', text: 'Go on, odd as it is?', settles: { key: check.key, value: false } },
};

async function judge(
  problems: readonly Problem[],
  on: { replies?: readonly string[]; patient?: boolean; allowed?: readonly string[]; given?: Readonly<Record<string, unknown>> } = {},
) {
  const { patient = true } = on;
  const dialog = notingDialog(on.replies, { patient });
  const answers = newAnswers(new Map());
  answers.set(check, { value: true, origin: { kind: 'computed' } });
  const asker = newAsker({ dialog, sources: sourcesOf(on.given ?? {}), acceptDefaults: false, hide: () => undefined });
  const failure = (await failureOf(judgeFindings(problems, { answers, asker, allowed: new Set(on.allowed) }))) as
    { code: string; problems: readonly Problem[] } | undefined;
  if (failure !== undefined) expect(failure.code).toBe('refused');
  return { dialog, open: failure?.problems, check: answers.all.get(check) };
}

test('the findings of all plugins stand in the order of the outline, those of third parties behind them', async () => {
  const [first, second] = checks;
  const finding = (id: string): Plugin => ({ name: id, preflight: async () => [{ ...error, id }] });
  const plugins = [finding('third-party'), finding(second ?? ''), { name: 'none' }, finding(first ?? '')];
  const found = await findings(plugins, newAnswers(new Map()), memoryHost(newMachine()));
  expect(found.map(({ id }) => id)).toEqual([first, second, 'third-party']);
});

describe('findings about the host', () => {
  test('are reported together, errors and doubts', async () => {
    expect((await judge([])).open).toBeUndefined();
    const other = { ...error, id: 'other' };
    expect((await judge([doubt, error, other])).open).toEqual([doubt, error, other]);
  });

  test('that are warnings are told and stop nobody', async () => {
    const { dialog, open } = await judge([warning]);
    expect(open).toBeUndefined();
    expect(dialog.logged).toEqual([['warning', 'It is strange']]);
  });

  test('that are doubts can be accepted by name beforehand; errors cannot', async () => {
    const { dialog, open } = await judge([doubt], { allowed: ['odd'] });
    expect(open).toBeUndefined();
    expect(dialog.logged).toEqual([['warning', 'It is odd (accepted by --allow odd)']]);
    expect((await judge([error], { allowed: ['broken'] })).open).toEqual([error]);
    expect((await judge([doubt], { allowed: ['other'] })).open).toEqual([doubt]);
  });

  test('that are doubts are asked about where somebody can answer; Enter means no', async () => {
    expect((await judge([doubt], { replies: ['perhaps', 'Yes'] })).open).toBeUndefined();
    expect((await judge([doubt], { replies: [''] })).open).toEqual([doubt]);
    const { dialog } = await judge([doubt, { ...settling, id: 'other' }], { replies: ['yes', 'yes'] });
    expect(dialog.asked.map(({ name, text, initial }) => [name, text, initial])).toEqual([
      ['odd', 'Do you want Setup to continue? (odd)', 'No'],
      ['ODD_QUESTION', 'Go on, odd as it is?', 'No'],
    ]);
  });

  test('that are doubts are not asked about in vain where there are errors too', async () => {
    const { dialog, open } = await judge([doubt, error], { replies: [] });
    expect(dialog.asked).toEqual([]);
    expect(open).toEqual(english([error, doubt]));
  });
});

describe('the consent to a doubt', () => {
  test('is kept by the setting that stands for it, and only a yes is', async () => {
    expect((await judge([settling], { replies: ['yes'] })).check).toEqual({ value: false, origin: { kind: 'asked' } });
    expect((await judge([settling], { replies: ['no'] })).check?.value).toBe(true);
    expect((await judge([settling], { allowed: ['odd'] })).check?.value).toBe(true);
  });

  test('can be given beforehand by the name of its question, also where nobody is there', async () => {
    for (const replies of [undefined, []]) {
      const on = replies === undefined ? {} : { replies };
      const yes = await judge([settling], { ...on, given: { 'QUESTION/1/ODD_QUESTION': 'yes' } });
      expect(yes.open).toBeUndefined();
      expect(yes.check?.value).toBe(false);
      expect(yes.dialog.shown).toEqual([['ODD_QUESTION', 'yes']]);
      expect((await judge([settling], { ...on, given: { 'QUESTION/1/ODD_QUESTION': 'no' } })).open).toHaveLength(1);
      expect((await judge([doubt], { ...on, given: { 'QUESTION/1/odd': true } })).open).toBeUndefined();
    }
  });

  test('that is given wrongly is asked for, or refused with its place', async () => {
    const given = { 'QUESTION/1/ODD_QUESTION': 'perhaps' };
    const why = 'QUESTION/1/ODD_QUESTION (a.conf:1): "perhaps" is not one of Yes, No';
    const { dialog, open } = await judge([settling], { given, replies: ['yes'] });
    expect(open).toBeUndefined();
    expect(dialog.logged.at(-1)).toEqual(['error', why]);
    await expect(judgeWrongly(given)).resolves.toMatchObject({ code: 'refused', problems: [{ level: 'error', message: why }] });
  });

  const judgeWrongly = (given: Readonly<Record<string, unknown>>) =>
    failureOf(
      judgeFindings([settling], {
        answers: newAnswers(new Map()),
        asker: newAsker({ dialog: notingDialog(), sources: sourcesOf(given), acceptDefaults: false, hide: () => undefined }),
        allowed: new Set(),
      }),
    );
});
