import { describe, expect, test } from 'vitest';
import { type Setting, port, previewLines, setting, text, yesNo } from '#kit';
import { type AnySetting, newAnswers } from '../../../../src/setup/core/answers.ts';
import { settingsPreview } from '../../../../src/setup/core/preview.ts';
import { english } from '../../../support/fakes.ts';

const base = { section: 'network', about: 'x' } as const;
const [first = '', second = '', third = ''] = previewLines;
const labelled = (key: string, preview: string, more: Partial<Setting<string>> = {}) =>
  setting({ ...base, key, kind: text, preview, ...more });

/** The preview of settings, each with a value. */
const preview = (...all: readonly (readonly [AnySetting, unknown])[]): unknown => {
  const answers = newAnswers(new Map());
  for (const [one, value] of all) answers.set(one, { value, origin: { kind: 'asked' } });
  return english(settingsPreview(answers));
};
/** The labels of its lines alone. */
const labels = (...all: readonly AnySetting[]): readonly string[] =>
  (preview(...all.map((one) => [one, 'x'] as const)) as readonly string[]).map((line) => line.slice(0, 40).trimEnd());

describe('the preview', () => {
  test('has labels in 40 columns, in the order of the outline and not of the answers', () => {
    expect(
      preview(
        [labelled(third, 'Third'), 'c'],
        [labelled(first, 'First'), 'a'],
        [setting({ ...base, key: second, kind: port, preview: 'Second' }), 5],
      ),
    ).toEqual([
      'First                                   : a',
      'Second                                  : 5',
      'Third                                   : c',
    ]);
  });

  test('says True and False, whatever words a decision was asked with', () => {
    expect(preview([setting({ ...base, key: first, kind: yesNo, preview: 'Decision' }), false])).toEqual([
      'Decision                                : False',
    ]);
  });

  test('never shows a secret, nor what has no label', () => {
    expect(
      preview([labelled(first, 'Secret', { secret: true }), 'geheim'], [setting({ ...base, key: second, kind: text }), 'unlabelled']),
    ).toEqual([]);
  });

  test('has lines of third parties right behind the setting that they stand after', () => {
    const near = labelled('X/near', 'Near', { after: first });
    const behind = labelled('X/behind', 'Behind', { after: 'X/near' });
    expect(labels(behind, near, labelled(second, 'Second'), labelled(first, 'First'))).toEqual(['First', 'Near', 'Behind', 'Second']);
  });

  test('has lines of third parties at its end where the setting that they stand after is not shown', () => {
    const hidden = labelled(first, 'Hidden', { secret: true });
    const near = labelled('X/near', 'Near', { after: first });
    const behind = labelled('X/behind', 'Behind', { after: 'X/near' });
    expect(labels(hidden, near, behind, labelled(second, 'Second'))).toEqual(['Second', 'Near', 'Behind']);
  });
});
