import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/*
 * The screen of the classic wizard (`test/fixtures/seed-screen.txt`), what was typed at it, and how ours may differ from it
 * (`docs/seed-differences.md`, which is for people as well).
 */

const read = (path: string): string => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');

/** The password that is typed where the transcript says that one was. */
export const seedPassword = 'canary-Wort-77';

/** What was typed at a prompt, as the transcript notes it behind the prompt. */
const typedAt = /^(.*: ?)<(.*)>$/;

// The first line is the command.
const noted = read('test/fixtures/seed-screen.txt').trimEnd().split('\n').slice(1);

/** The answers, a line for each question. */
export const seedAnswers: readonly string[] = noted.flatMap((line) => {
  const what = typedAt.exec(line)?.[2];
  if (what === undefined) return [];
  return [what === 'Enter' ? '' : what === 'password' ? seedPassword : what];
});

/** The screen as it looked. */
export const seedScreen: readonly string[] = noted.map((line) => {
  const [, prompt, what] = typedAt.exec(line) ?? [];
  if (prompt === undefined) return line;
  return what === 'Enter' || what === 'password' ? prompt : `${prompt}${what ?? ''}`;
});

/** A line without what is of one run alone: names of logs and files, the version, fingerprints, the time. */
export const comparable = (line: string): string =>
  line
    .replace(/^( +)(Configuration files|Log file|Version): .*/, '$1$2: ...')
    .replace(/(Log file is located at ).*/, '$1...')
    .replace(/(Generating answer file ').*(')/, '$1...$2')
    .replace(/(SHA256: )([0-9A-F]{2}:)+[0-9A-F]{2}$/, '$1...')
    .replace(/(Internal CA )([0-9A-F]{2}:)+[0-9A-F]{2}$/, '$1...')
    .replace(/(SSH fingerprint: SHA256:)\S+/, '$1...');

const document = read('docs/seed-differences.md');

/** What stands in the first column of a table there; an ellipsis stands for anything. */
const linesBelow = (heading: string): readonly RegExp[] => {
  const [, part = ''] = document.split(`\n## ${heading}\n`);
  const cells = [...(part.split('\n## ')[0] ?? '').matchAll(/^\| `([^`]+)`/gm)].map(([, cell = '']) => cell);
  if (cells.length === 0) throw new Error(`docs/seed-differences.md has no lines below "${heading}"`);
  return cells.map((cell) => new RegExp(`^ *${cell.split('…').map(RegExp.escape).join('.*')}$`));
};

export const differences = {
  /** Lines of the classic screen that ours does not have. */
  left: linesBelow('Lines that are left out'),
  /** Lines that only ours has, on every host. */
  added: linesBelow('Lines that are added'),
  /** Lines that only ours has, where a host gives reason for them. */
  sometimes: linesBelow('Lines that are added on some hosts'),
} as const;

/** The lines that none of the patterns fits. */
export const without = (lines: readonly string[], ...patterns: readonly RegExp[]): readonly string[] =>
  lines.filter((line) => !patterns.some((pattern) => pattern.test(line)));
