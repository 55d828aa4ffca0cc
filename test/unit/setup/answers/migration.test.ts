import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { plugins } from '../../../../plugins/index.ts';
import { type Explanation, explain } from '../../../../src/setup/answers/explain.ts';
import { explanationText } from '../../../../src/setup/answers/explain-text.ts';
import { confirmSettings } from '../../../../src/setup/core/confirm.ts';

/*
 * Answer files as they were written for earlier products, with what they come to here. After a change that is meant:
 * npm run test:unit -- -u, and look at what changed.
 */

const directory = fileURLToPath(new URL('../../../fixtures/answers/', import.meta.url));
const settings = [...plugins.flatMap((plugin) => plugin.settings ?? []), confirmSettings];

/** The answers that count, under the keys of today. */
const effective = (all: readonly Explanation[]): string =>
  all
    .filter(({ value, overridden }) => value !== undefined && overridden === undefined)
    .map(({ key, setting, value }) => `${setting ?? key} = ${value ?? ''}\n`)
    .sort()
    .join('');

describe('an answer file of an earlier product', () => {
  const names = readdirSync(directory).filter((name) => name.endsWith('.conf'));

  test('is there for each of the ways they were written', () => {
    expect(names.length).toBeGreaterThanOrEqual(7);
  });

  test.each(names)('%s is explained, and gives answers of today', async (name) => {
    const all = await explain([{ path: name, text: readFileSync(`${directory}${name}`, 'utf8'), kept: false }], settings);
    const base = `${directory}${name.replace(/\.conf$/, '')}`;
    await expect(explanationText(all, () => undefined)).toMatchFileSnapshot(`${base}.explained.txt`);
    await expect(effective(all)).toMatchFileSnapshot(`${base}.effective.txt`);
  });
});
