import { expect, test } from 'vitest';
import { port, previewLines, setting, text, yesNo } from '#kit';
import { newAnswers } from '../../../../src/setup/core/answers.ts';
import { settingsPreview } from '../../../../src/setup/core/preview.ts';

const base = { section: 'network', about: 'x' } as const;
const labelled = (key: string | undefined, preview: string) => setting({ ...base, key: key ?? '', kind: text, preview });

test('the preview has labels in 40 columns, in the order of the outline and not of the answers', () => {
  const answers = newAnswers(new Map());
  const [first, second, third] = previewLines;
  answers.set(labelled(third, 'Third'), { value: 'c', origin: { kind: 'asked' } });
  answers.set(labelled(first, 'First'), { value: 'a', origin: { kind: 'asked' } });
  answers.set({ ...setting({ ...base, key: second ?? '', kind: port, preview: 'Second' }) }, { value: 5, origin: { kind: 'asked' } });
  expect(settingsPreview(answers)).toEqual([
    'First                                   : a',
    'Second                                  : 5',
    'Third                                   : c',
  ]);
});

test('the preview says True and False, whatever words a decision was asked with', () => {
  const answers = newAnswers(new Map());
  answers.set(setting({ ...base, key: previewLines[0] ?? '', kind: yesNo, preview: 'Decision' }), {
    value: false,
    origin: { kind: 'asked' },
  });
  expect(settingsPreview(answers)).toEqual(['Decision                                : False']);
});

test('the preview never shows a secret, nor what has no label', () => {
  const answers = newAnswers(new Map());
  answers.set({ ...labelled(previewLines[0], 'Secret'), secret: true }, { value: 'geheim', origin: { kind: 'asked' } });
  answers.set(setting({ ...base, key: previewLines[1] ?? '', kind: text }), { value: 'unlabelled', origin: { kind: 'asked' } });
  expect(settingsPreview(answers)).toEqual([]);
});
