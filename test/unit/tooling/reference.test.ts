import { globSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { plugins } from '../../../plugins/index.ts';
import { referenceFiles } from '../../../scripts/reference.ts';
import { whyNoEffect, whyNotAsked } from '../../../src/setup/answers/known.ts';
import { questionsWithoutSetting } from '../../../src/setup/answers/meaning.ts';
import { confirmSettings } from '../../../src/setup/core/confirm.ts';
import { checks } from '../../../src/setup/kit/outline.ts';

const settings = [...plugins.flatMap((plugin) => plugin.settings ?? []), confirmSettings];
const asked = settings.flatMap(({ ask }) => (ask === undefined ? [] : [ask.name]));

describe('the reference of answer files', () => {
  test('is current: otherwise run npm run docs', { timeout: 30_000 }, async () => {
    for (const [path, text] of await referenceFiles()) expect(await readFile(path, 'utf8'), path).toBe(text);
  });

  test('calls no setting and no question of ours one without effect', () => {
    expect(settings.map(({ key }) => key).filter((key) => whyNoEffect(key) !== undefined)).toEqual([]);
    expect(asked.filter((name) => whyNotAsked(name) !== undefined)).toEqual([]);
  });

  test('knows all questions that belong to no setting, and no others', () => {
    const sources = globSync('{plugins,src/setup/core}/**/*.ts').map((path) => readFileSync(path, 'utf8'));
    // Names of questions are the only strings in capitals with underscores that these declarations hold as a name or an id.
    const named = sources.flatMap((text) => [...text.matchAll(/\b(?:name|id): '([A-Z]+_[A-Z_]+)'/g)].map(([, name = '']) => name));
    const ours = [...questionsWithoutSetting.keys()].filter((name) => !checks.includes(name));
    expect([...new Set(named)].filter((name) => !asked.includes(name)).sort()).toEqual(ours.sort());
  });

  test('knows every check of ours by the outline', () => {
    const sources = globSync('plugins/**/*.ts').map((path) => readFileSync(path, 'utf8'));
    const ids = sources.flatMap((text) => [...text.matchAll(/\bid: '([a-z-]+)',\s*level: /g)].map(([, id = '']) => id));
    expect(ids.length).toBeGreaterThan(20);
    expect(ids.filter((id) => !checks.includes(id))).toEqual([]);
  });
});
