import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readArguments } from '../../../../src/setup/cli/args.ts';
import { answers } from '../../../../src/setup/cli/commands/answers.ts';
import { SetupError } from '../../../../src/setup/kit/errors.ts';

const directory = mkdtempSync(join(tmpdir(), 'answers-'));
afterAll(() => rmSync(directory, { recursive: true }));

const path = (name: string): string => join(directory, name);
const put = (name: string, text: string): string => {
  writeFileSync(path(name), text);
  return path(name);
};
const good = put(
  'good.conf',
  '[environment:default]\nOVESETUP_CONFIG/fqdn=str:engine.example.net\nOVESETUP_CONFIG/adminPassword=str:geheim42\n',
);
const bad = put('bad.conf', '[environment:default]\nOVESETUP_DB/port=int:0\n');

let printed = '';
beforeEach(() => {
  printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

const run = (...words: readonly string[]) => answers(readArguments(['answers', ...words]));
const refused = async (...words: readonly string[]): Promise<string> => {
  const error: unknown = await run(...words).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(SetupError);
  return (error as SetupError).code;
};

describe('engine-setup answers explain', () => {
  test('ends with 0 where a run would take the file, and hides secrets', async () => {
    expect(await run('explain', good)).toBe(0);
    expect(printed).toMatch(/used +OVESETUP_CONFIG\/fqdn = engine\.example\.net\n.*used +OVESETUP_CONFIG\/adminPassword = \(hidden\)\n/);
    expect(printed).not.toContain('geheim42');
  });

  test('ends with 4 where a run would refuse it', async () => {
    expect(await run('explain', good, bad)).toBe(4);
    expect(printed).toContain('bad value  OVESETUP_DB/port');
  });

  test('prints one JSON array with --json', async () => {
    await run('explain', bad, '--json');
    expect(JSON.parse(printed)).toMatchObject([{ file: bad, line: 2, key: 'OVESETUP_DB/port', status: 'bad-value' }]);
  });

  test('lets no key steer the terminal', async () => {
    await run('explain', put('escape.conf', '[environment:default]\nX/\u001b[31mred=str:x\n'));
    expect(printed).toContain('X/\\x1b[31mred');
  });
});

describe('engine-setup answers convert', () => {
  test('prints the other format, passwords included, where no terminal shows it', async () => {
    expect(await run('convert', good)).toBe(0);
    expect(printed).toBe('OVESETUP_CONFIG:\n  fqdn: engine.example.net\n  adminPassword: geheim42\n');
  });

  test('does not print secrets to a terminal', async () => {
    vi.stubGlobal('process', Object.create(process, { stdout: { value: Object.create(process.stdout, { isTTY: { value: true } }) } }));
    try {
      expect(await refused('convert', good)).toBe('refused');
    } finally {
      vi.unstubAllGlobals();
    }
    expect(printed).toBe('');
  });

  test('writes a file that only its owner can read, in the format of its name', async () => {
    expect(await run('convert', good, `--output=${path('new.yaml')}`)).toBe(0);
    expect(await run('convert', path('new.yaml'), `--output=${path('new.conf')}`)).toBe(0);
    expect(statSync(path('new.yaml')).mode & 0o777).toBe(0o600);
    expect(readFileSync(path('new.conf'), 'utf8')).toContain('OVESETUP_CONFIG/adminPassword=str:geheim42\n');
    expect(printed).toBe('');
  });

  test('takes the format that is said before any other hint', async () => {
    await run('convert', good, '--to=conf');
    expect(printed).toContain('OVESETUP_CONFIG/fqdn=str:engine.example.net');
    expect(await refused('convert', good, put('b.yaml', 'A/b: 1\n'))).toBe('usage');
  });

  test('refuses what cannot be read', async () => {
    expect(await refused('convert', put('junk.conf', 'junk\n'))).toBe('refused');
    expect(await refused('convert', path('absent.conf'))).toBe('refused');
  });
});

test.each([
  [[]],
  [['other', good]],
  [['explain']],
  [['convert']],
  [['explain', good, '--to=yaml']],
  [['explain', good, '--output=x']],
  [['convert', good, '--json']],
])('engine-setup answers %j is not understood', async (words) => {
  expect(await refused(...words)).toBe('usage');
});
