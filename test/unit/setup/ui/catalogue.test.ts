import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inEnglish, inWords, message, term } from '#kit';
import { catalogueFor } from '../../../../src/setup/ui/catalogue.ts';

let directory = '';
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'languages-'))));
afterEach(() => rmSync(directory, { recursive: true }));
const languageIs = (name: string, content: object | string): void =>
  writeFileSync(join(directory, `${name}.json`), typeof content === 'string' ? content : JSON.stringify(content));

describe('the language of the screen', () => {
  test.each([
    [{ LANG: 'tlh_QS.UTF-8' }, 'nuqneH'],
    [{ LANG: 'tlh' }, 'nuqneH'],
    [{ LANG: 'tlh.UTF-8@latin' }, 'nuqneH'],
    [{ LANG: 'en_US.UTF-8', LC_MESSAGES: 'tlh_QS' }, 'nuqneH'],
    [{ LANG: 'en_US', LC_MESSAGES: 'en_US', LC_ALL: 'tlh' }, 'nuqneH'],
    [{ LC_ALL: '', LANG: 'tlh' }, 'nuqneH'],
    [{ LC_ALL: 'C', LANG: 'tlh' }, undefined],
    [{ LANG: 'POSIX' }, undefined],
    [{ LANG: 'xx_XX.UTF-8' }, undefined],
    [{ LANG: '../tlh' }, undefined],
    [{ LANG: 'constructor' }, undefined],
    [{}, undefined],
  ])('of %j is found', (environment, wanted) => {
    languageIs('tlh', { Hello: 'nuqneH' });
    const { catalogue, warning } = catalogueFor(environment, directory);
    expect(catalogue('Hello')).toBe(wanted);
    expect(warning).toBeUndefined();
  });

  test('of a country goes before that of all who speak it', () => {
    languageIs('xy', { Hello: 'of all' });
    languageIs('xy_ZZ', { Hello: 'of ZZ' });
    expect(catalogueFor({ LANG: 'xy_ZZ.UTF-8' }, directory).catalogue('Hello')).toBe('of ZZ');
    expect(catalogueFor({ LANG: 'xy_YY.UTF-8' }, directory).catalogue('Hello')).toBe('of all');
  });

  test.each([['{'], ['[]'], ['null'], ['"text"'], [{ Hello: 1 }]])(
    'stays English with a warning when its file is damaged: %j',
    (content) => {
      languageIs('tlh', content);
      const { catalogue, warning } = catalogueFor({ LANG: 'tlh' }, directory);
      expect(catalogue('Hello')).toBeUndefined();
      expect(inEnglish(warning ?? '')).toContain(`The translation ${directory}/tlh.json cannot be used`);
    },
  );

  test('is English for words that the file does not know, even those that every object has', () => {
    languageIs('tlh', { Hello: 'nuqneH' });
    const { catalogue } = catalogueFor({ LANG: 'tlh' }, directory);
    expect(inWords('toString', catalogue)).toBe('toString');
  });

  test('puts the arguments of a sentence where the translation wants them', () => {
    languageIs('tlh', { '{0} is taken by {1}': '{1} has {0}', 'a stranger': 'novpu' });
    const { catalogue } = catalogueFor({ LANG: 'tlh' }, directory);
    expect(inWords(message`${80} is taken by ${term('a stranger')}`, catalogue)).toBe('novpu has 80');
  });
});
