import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { install } from '../support/installation.ts';
import { machines } from '../support/machines.ts';

/*
 * The classic transcript, line for line: the same machine and the same typed answers give the same screen, byte for byte,
 * up to the confirmation of the preview. Behind it, lines of components that do not exist yet are left out; they are listed here.
 */

const password = 'canary-Wort-77';
const confirmation = 'Please confirm installation settings';

/** What was typed at a prompt, as the transcript notes it behind the prompt. */
const typedAt = /^(.*: ?)<(.*)>$/;

const seed = readFileSync(fileURLToPath(new URL('../fixtures/seed-screen.txt', import.meta.url)), 'utf8')
  .trimEnd()
  .split('\n')
  .slice(1);

const typed = seed.flatMap((line) => {
  const what = typedAt.exec(line)?.[2];
  if (what === undefined) return [];
  return [what === 'Enter' ? '' : what === 'password' ? password : what];
});

/** Names of logs and files, the version and facts of the host differ; fingerprints are new for every authority. */
const comparable = (line: string): string =>
  line
    .replace(/^( +)(Configuration files|Log file|Version): .*/, '$1$2: ...')
    .replace(/(Log file is located at ).*/, '$1...')
    .replace(/(Generating answer file ').*(')/, '$1...$2')
    .replace(/(SHA256: )([0-9A-F]{2}:)+[0-9A-F]{2}$/, '$1...')
    .replace(/(Internal CA )([0-9A-F]{2}:)+[0-9A-F]{2}$/, '$1...')
    .replace(/(SSH fingerprint: SHA256:)\S+/, '$1...');

/** Lines of components that do not exist in this version. */
const notYet = [
  // What else the firewall has to let in.
  /^ {14}firewall-cmd --permanent --add-service ovirt-postgres$/,
  /^ {14}tcp:5432$/,
];

/** Lines that only we have: decisions that the classic product did not know. */
const ours = [
  /^ {10}Internal CA fingerprint: SHA256: /,
  // Goes with the components that do not exist yet.
  /^\[WARNING\] .* was chosen, and this version does not install it yet\.$/,
];

const expected = seed.map((line) => {
  const [, prompt, what] = typedAt.exec(line) ?? [];
  if (prompt === undefined) return line;
  return what === 'Enter' || what === 'password' ? prompt : `${prompt}${what ?? ''}`;
});

describe('the classic transcript', async () => {
  const { screen, log, outcome } = await install({ machine: machines.seed(), files: [], typed });
  const lines = screen.trimEnd().split('\n');
  const split = (all: readonly string[]): number => all.findIndex((line) => line.includes(confirmation)) + 1;

  test('is the same up to the confirmation of the preview', () => {
    expect(lines.slice(0, split(lines)).map(comparable)).toEqual(expected.slice(0, split(expected)).map(comparable));
  });

  test('is the same behind it, without the components that do not exist yet', () => {
    const rest = expected.slice(split(expected)).filter((line) => !notYet.some((pattern) => pattern.test(line)));
    const got = lines.slice(split(lines)).filter((line) => !ours.some((pattern) => pattern.test(line)));
    expect(got.map(comparable)).toEqual(rest.map(comparable));
    expect(outcome.failure).toBeUndefined();
  });

  test('lists no exception that is not needed', () => {
    for (const pattern of notYet) {
      expect(expected.some((line) => pattern.test(line))).toBe(true);
      expect(lines.some((line) => pattern.test(line))).toBe(false);
    }
  });

  test('is kept as a whole', async () => {
    await expect(lines.map(comparable).join('\n') + '\n').toMatchFileSnapshot('seed.transcript');
    expect(screen).not.toContain(password);
    expect(log).not.toContain(password);
  });
});
