import { describe, expect, test } from 'vitest';
import { GoBack, type Stop, decision, setting } from '#kit';
import { newAnswers } from '../../../../src/setup/core/answers.ts';
import { newAsker } from '../../../../src/setup/core/asker.ts';
import { agreeToStop, confirm, confirmSettings, isOpen } from '../../../../src/setup/core/confirm.ts';
import { memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { type Reply, failureOf, notingDialog, sourcesOf } from '../../../support/fakes.ts';

interface On {
  readonly replies?: readonly Reply[];
  readonly patient?: boolean;
  readonly acceptDefaults?: boolean;
  /** Answers by the names of questions. */
  readonly preset?: Readonly<Record<string, unknown>>;
}
const askerOf = ({ replies, patient = true, acceptDefaults = false, preset = {} }: On) => {
  const dialog = notingDialog(replies, { patient });
  return { dialog, asker: newAsker({ dialog, sources: sourcesOf(preset), acceptDefaults, hide: () => undefined }) };
};

describe('the final confirmation', () => {
  const name = 'OVESETUP_DIALOG_CONFIRM_SETTINGS';
  const confirmed = async (on: On & { yes?: boolean; given?: boolean }) => {
    const answers = newAnswers(new Map());
    if (on.given !== undefined) answers.set(confirmSettings, { value: on.given, origin: { kind: 'given' } });
    const { dialog, asker } = askerOf(on);
    const failure = await failureOf(confirm(answers, asker, { yes: on.yes ?? false, back: false }));
    return { dialog, failure, value: answers.find(confirmSettings) };
  };

  test.each([[''], ['OK'], [' ok ']])('is given by %j', async (reply) => {
    expect(await confirmed({ replies: [reply] })).toMatchObject({ failure: undefined, value: true });
  });

  test.each([['Cancel'], ['CANCEL']])('is refused by %j', async (reply) => {
    const { failure, value } = await confirmed({ replies: [reply] });
    expect(failure).toMatchObject({ code: 'cancelled' });
    expect(value).toBeUndefined();
  });

  test('is asked for again after anything else', async () => {
    const { dialog, value } = await confirmed({ replies: ['yes', 'y', 'ok'] });
    expect(value).toBe(true);
    expect(dialog.logged).toEqual([
      ['error', 'Invalid value'],
      ['error', 'Invalid value'],
    ]);
  });

  test('is asked for once where the front end cannot be asked again', async () => {
    const { failure } = await confirmed({ replies: ['yes', 'ok'], patient: false });
    expect(failure).toMatchObject({ code: 'refused', text: 'Invalid value' });
  });

  test('is not asked for with --yes or with an answer that gives it', async () => {
    for (const on of [{ yes: true }, { given: true }, { yes: true, replies: [] }, { given: true, replies: [] }]) {
      const { dialog, value } = await confirmed(on);
      expect(value).toBe(true);
      expect(dialog.asked).toEqual([]);
    }
  });

  test('leads back to the questions where there is a way', async () => {
    for (const back of [true, false]) {
      const { dialog, asker } = askerOf({ replies: [new GoBack()] });
      await expect(confirm(newAnswers(new Map()), asker, { yes: false, back })).rejects.toBeInstanceOf(GoBack);
      expect(dialog.asked).toMatchObject([{ name, back }]);
    }
  });

  test('can be refused by an answer, which --yes does not overrule', async () => {
    expect((await confirmed({ given: false, replies: [] })).failure).toMatchObject({ code: 'cancelled' });
    expect((await confirmed({ given: false, yes: true })).failure).toMatchObject({ code: 'cancelled' });
  });

  test('can be given or refused by the name of its question', async () => {
    expect((await confirmed({ preset: { [`QUESTION/1/${name}`]: 'ok' } })).value).toBe(true);
    expect((await confirmed({ preset: { [`QUESTION/1/${name}`]: 'cancel' }, replies: [] })).failure).toMatchObject({ code: 'cancelled' });
  });

  test('by the name of its question that is neither is asked for, or refused with its place', async () => {
    const preset = { [`QUESTION/1/${name}`]: 'perhaps' };
    const why = `QUESTION/1/${name} (a.conf:1): "perhaps" is not one of OK, Cancel`;
    const { dialog, value } = await confirmed({ preset, replies: ['ok'] });
    expect(value).toBe(true);
    expect(dialog.logged).toEqual([['error', why]]);
    expect((await confirmed({ preset })).failure).toMatchObject({ code: 'refused', text: why });
  });

  test('is a default that can be accepted', async () => {
    const { dialog, value } = await confirmed({ acceptDefaults: true, replies: [] });
    expect(value).toBe(true);
    expect(dialog.shown).toEqual([[name, undefined]]);
  });

  test('is missing where nobody can give it, and says how to', async () => {
    const { failure } = await confirmed({});
    expect(failure).toMatchObject({ code: 'refused' });
    expect(JSON.stringify(failure)).toContain('--yes');
  });

  test('is open as long as nobody has given it', () => {
    const answers = newAnswers(new Map());
    expect([isOpen(answers, false), isOpen(answers, true)]).toEqual([true, false]);
    answers.set(confirmSettings, { value: true, origin: { kind: 'given' } });
    expect(isOpen(answers, false)).toBe(false);
  });
});

describe('the consent to stop a service', () => {
  const kept = setting({ key: 'A/stop', section: 'misc', kind: decision('OK', 'Cancel'), about: 'x' });
  const stop: Stop = { unit: 'u', title: 'Stopping u', consent: { name: 'STOP_U', text: 'u will stop', setting: kept } };
  const agree = async (stops: readonly Stop[], on: On & { running?: readonly string[]; agreed?: boolean } = {}) => {
    const machine = newMachine({ running: new Map((on.running ?? ['u', 'v']).map((unit) => [unit, ''])) });
    const { dialog, asker } = askerOf(on);
    const answers = newAnswers(new Map());
    if (on.agreed !== undefined) answers.set(kept, { value: on.agreed, origin: { kind: 'given' } });
    return { dialog, answers, failure: await failureOf(agreeToStop(stops, answers, asker, memoryHost(machine))) };
  };

  test('is asked for; Enter means yes, Cancel ends the run before any change', async () => {
    const { dialog, failure, answers } = await agree([stop], { replies: [''] });
    expect(failure).toBeUndefined();
    expect(answers.find(kept)).toBe(true);
    expect(dialog.asked).toEqual([
      { name: 'STOP_U', key: 'A/stop', text: 'u will stop', about: 'x', choices: ['OK', 'Cancel'], initial: 'OK', hidden: false },
    ]);
    expect((await agree([stop], { replies: ['cancel'] })).failure).toMatchObject({ code: 'cancelled' });
  });

  test('is not needed for a unit that does not run, or that nobody works with', async () => {
    expect((await agree([stop], { agreed: false, replies: [], running: [] })).failure).toBeUndefined();
    expect((await agree([{ unit: 'v', title: 'Stopping v' }], { replies: [] })).failure).toBeUndefined();
  });

  test('can be given or refused beforehand, and then nobody is asked', async () => {
    expect((await agree([stop], { agreed: true, replies: [] })).failure).toBeUndefined();
    for (const on of [{}, { replies: [] }])
      expect((await agree([stop], { agreed: false, ...on })).failure).toMatchObject({ code: 'cancelled' });
    expect((await agree([stop], { preset: { 'QUESTION/1/STOP_U': 'cancel' } })).failure).toMatchObject({ code: 'cancelled' });
  });

  test('is taken for given where nobody can be asked', async () => {
    expect((await agree([stop])).failure).toBeUndefined();
  });
});
