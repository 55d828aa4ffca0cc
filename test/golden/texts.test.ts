import { expect, test } from 'vitest';
import { screenTexts } from '../../scripts/texts.ts';
import { play, stories } from './stories.ts';

/** Texts of programs and libraries that are shown as they are. */
const foreign: readonly RegExp[] = [];

test('every text on the screen is a sentence of the catalogue, without data in it', async () => {
  const known = new Set(screenTexts());
  const asked = new Set<string>();
  for (const story of stories) await play(story, (id) => (asked.add(id), undefined));
  const unknown = [...asked].filter((id) => id !== '' && !known.has(id) && !foreign.some((pattern) => pattern.test(id)));
  expect(unknown).toEqual([]);
}, 60_000);

test('a screen in another language has its words, its columns and the same answers', async () => {
  const story = stories.find(({ name }) => name === 'weak-password-accepted');
  if (story === undefined) throw new Error('the story is gone');
  const words = new Map([
    ['Host FQDN', 'Rechnername'],
    ['Use weak password?', 'Schwaches Passwort verwenden?'],
    ['The password is weak: {0}', 'Das Passwort ist schwach: {0}'],
    ['Stage: {0}', 'Abschnitt: {0}'],
    ['Closing up', 'Abschluss'],
    ['Yes', 'Ja'],
    ['No', 'Nein'],
  ]);
  const typed = story.typed?.map((line) => (line === 'yes' ? 'ja' : line));
  const { screen, log, outcome } = await play({ ...story, ...(typed === undefined ? {} : { typed }) }, (id) => words.get(id));
  expect(outcome.failure).toBeUndefined();
  expect(screen).toContain('Rechnername                             : engine.example.net');
  expect(screen).toContain('Schwaches Passwort verwenden? (Ja, Nein) [Nein]: ja');
  expect(screen).toContain('[WARNING] Das Passwort ist schwach: ');
  expect(screen).toContain('Abschnitt: Abschluss');
  expect(log).toContain('The password is weak');
  expect(log).not.toContain('schwach');
});
