import { describe, expect, test } from 'vitest';
import { newAnswers } from '../../../../src/setup/core/answers.ts';
import { confirm, confirmSettings } from '../../../../src/setup/core/confirm.ts';
import { notingDialog } from '../../../support/fakes.ts';

const confirmed = async (on: { replies?: readonly string[]; yes?: boolean; given?: boolean }) => {
  const answers = newAnswers(new Map());
  if (on.given !== undefined) answers.set(confirmSettings, { value: on.given, origin: { kind: 'given' } });
  const dialog = notingDialog(on.replies);
  await confirm(answers, dialog, on.yes ?? false);
  return { dialog, value: answers.get(confirmSettings) };
};

describe('the final confirmation', () => {
  test.each([[''], ['OK'], [' ok ']])('is given by %j', async (reply) => {
    expect((await confirmed({ replies: [reply] })).value).toBe(true);
  });
  test.each([['Cancel'], ['CANCEL']])('is refused by %j', async (reply) => {
    await expect(confirmed({ replies: [reply] })).rejects.toMatchObject({ code: 'cancelled' });
  });
  test('is asked for again after anything else', async () => {
    const { dialog } = await confirmed({ replies: ['yes', 'y', 'ok'] });
    expect(dialog.logged).toEqual([
      ['error', 'Invalid value'],
      ['error', 'Invalid value'],
    ]);
  });
  test('is not asked for with --yes or with an answer that gives it', async () => {
    for (const on of [{ yes: true }, { given: true }]) expect((await confirmed(on)).value).toBe(true);
    expect((await confirmed({ yes: true, replies: [] })).dialog.asked).toEqual([]);
  });
  test('can be refused by an answer', async () => {
    await expect(confirmed({ given: false, replies: [] })).rejects.toMatchObject({ code: 'cancelled' });
  });
  test('is missing where nobody can give it', async () => {
    await expect(confirmed({})).rejects.toMatchObject({ code: 'refused', remedy: expect.stringContaining('--yes') });
  });
});
