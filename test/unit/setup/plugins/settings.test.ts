import { describe, expect, test } from 'vitest';
import { chapters, inEnglish, previewLines, questions, sections } from '#kit';
import { plugins } from '../../../../plugins/index.ts';
import { nodePlugins } from '../../../../plugins/node.ts';
import type { AnySetting } from '../../../../src/setup/core/answers.ts';
import { inOrder } from '../../../../src/setup/core/ask.ts';
import { confirmSettings } from '../../../../src/setup/core/confirm.ts';
import { machineFor, prepared, samples } from '../../../support/installation.ts';

// Of the engine's host and of compute nodes; some components are of both.
const settings: readonly AnySetting[] = [
  ...new Set([...plugins, ...nodePlugins].flatMap((plugin) => plugin.settings ?? [])),
  confirmSettings,
];
const twice = (list: readonly string[]): readonly string[] => list.filter((one, index) => list.indexOf(one) !== index);

describe('every setting', () => {
  test.each(settings.map((setting) => [setting.key, setting] as const))(
    '%s stands in the outline, says what it is about, and keeps its secret',
    (key, setting) => {
      expect(key).toMatch(/^(OVESETUP|OSETUP)_[A-Z_]+\/[a-z][A-Za-z]+$/);
      expect(questions).toContain(key);
      expect(sections.map(({ id }) => id)).toContain(setting.section);
      expect(inEnglish(setting.about)).toMatch(/^[A-Z].{10,}\.$/s);
      if (setting.secret === true) {
        expect(setting.keep).not.toBe(true);
        expect(setting.preview).toBeUndefined();
      }
      // A label that the outline does not place would never be seen.
      if (setting.preview !== undefined) expect(previewLines).toContain(key);
      if (setting.ask !== undefined) expect(inEnglish(setting.ask.text)).not.toMatch(/[:\s]$/);
    },
  );

  test('has a key, a question and a former key of its own', () => {
    expect(twice(settings.flatMap(({ key, formerly }) => [key, ...(formerly ?? [])]))).toEqual([]);
    expect(twice(settings.flatMap(({ ask }) => (ask === undefined ? [] : [ask.name])))).toEqual([]);
  });

  test('stands in the outline within its section, so that the written order is the order of questions', () => {
    const order = inOrder(settings).map(({ section }) => sections.findIndex(({ id }) => id === section));
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });
});

describe('the outline', () => {
  const keys = settings.map(({ key }) => key);

  test('names no setting that does not exist, and none twice', () => {
    expect(questions.filter((key) => !keys.includes(key))).toEqual([]);
    expect(twice(questions)).toEqual([]);
    expect(twice(previewLines)).toEqual([]);
    for (const key of previewLines) expect(settings.find((setting) => setting.key === key)?.preview, key).toBeDefined();
  });

  test('has labels of the preview that fit their 40 columns', () => {
    for (const { preview } of settings) expect(inEnglish(preview ?? '').length).toBeLessThanOrEqual(40);
  });

  test('names no chapter twice', () => {
    expect(twice(Object.values(chapters).flat())).toEqual([]);
  });
});

describe('plugins', () => {
  test('have names and facts of their own', () => {
    expect(twice(plugins.map(({ name }) => name))).toEqual([]);
    expect(twice(plugins.flatMap(({ facts }) => (facts ?? []).map(({ id }) => id)))).toEqual([]);
  });

  test.each(samples)('say the same about their steps every time they are asked, with $path', async (sample) => {
    const describeSteps = async () =>
      (await prepared(machineFor([sample]), [sample])).steps.map(({ id, chapter, title, needs, notify, inside }) => ({
        id,
        chapter,
        title,
        needs,
        notify,
        inside,
      }));
    expect(await describeSteps()).toEqual(await describeSteps());
  });

  test.each(samples)('wait for services only for a limited time, and say where to look, with $path', async (sample) => {
    const { answers } = await prepared(machineFor([sample]), [sample]);
    const checks = plugins.flatMap((plugin) => plugin.health?.(answers) ?? []);
    expect(checks.length).toBeGreaterThan(0);
    for (const { limitMs, remedy } of checks) {
      expect(limitMs).toBeGreaterThan(0);
      expect(limitMs).toBeLessThanOrEqual(600_000);
      expect(remedy).not.toBe('');
    }
  });

  test.each(samples)('refer only to steps that exist when they say inside of what they work, with $path', async (sample) => {
    const { steps } = await prepared(machineFor([sample]), [sample]);
    const ids = new Set(steps.map(({ id }) => id));
    for (const step of steps) for (const outer of step.inside ?? []) expect(ids, `${step.id} inside ${outer}`).toContain(outer);
  });
});
