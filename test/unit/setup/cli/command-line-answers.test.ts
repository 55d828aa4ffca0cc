import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readArguments } from '../../../../src/setup/cli/args.ts';
import { commandLineAnswers } from '../../../../src/setup/cli/command-line-answers.ts';
import { english, failureOf } from '../../../support/fakes.ts';

let directory = '';
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'answers-'))));
afterEach(() => rmSync(directory, { recursive: true }));

const put = (name: string, text: string | Uint8Array, mode = 0o600): string => {
  const path = join(directory, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
};
const isSecret = (key: string): boolean => key === 'A/secret';
const answers = (argv: readonly string[], signal = new AbortController().signal) =>
  commandLineAnswers(readArguments(argv), isSecret, signal);
const problemsOf = async (...argv: readonly string[]): Promise<unknown> => {
  const found = (await answers(argv)).flatMap(({ flaw }) => flaw ?? []);
  return (english(found) as { message: string; remedy?: string }[]).map(({ message, remedy }) => [message, remedy]);
};

describe('answers of the command line', () => {
  test('are told with the option that gives them; the statements of the original come last', async () => {
    const file = put('value', 'from a file\n', 0o644);
    const argv = ['--otopi-environment=A/d=int:1', `--set-file=A/c=${file}`, '--set=A/b=x', '--offline', '--reconfigure-dwh-scale'];
    expect(await answers(argv)).toEqual([
      { key: 'OVESETUP_CORE/offlinePackager', value: true, where: '--offline' },
      { key: 'OVESETUP_DWH_CONFIG/scale', value: undefined, where: '--reconfigure-dwh-scale' },
      { key: 'A/b', value: 'x', where: '--set' },
      { key: 'A/c', value: 'from a file', where: '--set-file' },
      { key: 'A/d', value: 1, where: '--otopi-environment' },
    ]);
  });

  test('never are secrets in plain sight: those are refused together, and not repeated', async () => {
    const error = await failureOf(answers(['--set=A/secret=canary', '--otopi-environment=A/secret=str:canary', '--set=A/b=x']));
    expect(error).toMatchObject({
      code: 'usage',
      text: 'A/secret (--set), A/secret (--otopi-environment): secrets are not taken from the command line, where other users can see them',
    });
    expect(JSON.stringify(error)).not.toContain('canary');
  });

  test('are no statements that stand for an option', async () => {
    const argv = ['--set=DIALOG/dialect=machine', '--otopi-environment=OVESETUP_CORE/answerFile=str:x A/b=str:y'];
    expect(await answers(argv)).toEqual([{ key: 'A/b', value: 'y', where: '--otopi-environment' }]);
  });

  test('may take a secret back', async () => {
    expect(await answers(['--otopi-environment=A/secret=none:None'])).toMatchObject([{ key: 'A/secret', value: undefined }]);
  });
});

describe('an answer from a file', () => {
  test.each([
    ['geheim\n', 'geheim'],
    ['geheim', 'geheim'],
    ['geheim\r\nmore\n', 'geheim'],
    [' ge heim \n', ' ge heim '],
    ['\nsecond\n', ''],
    ['Süß\n', 'Süß'],
  ])('%j is its first line, without the end', async (text, value) => {
    expect(await answers([`--set-file=A/secret=${put('file', text)}`])).toMatchObject([{ value }]);
  });

  test('that other users can read is not taken for a secret, with the command that changes it', async () => {
    for (const mode of [0o640, 0o604, 0o644]) {
      const path = put(`file-${mode}`, 'canary\n', mode);
      expect(await problemsOf(`--set-file=A/secret=${path}`)).toEqual([
        [`A/secret (--set-file): ${path} cannot be used: other users can read it`, `Change that: chmod 600 ${path}`],
      ]);
    }
  });

  test('comes through a pipe as well, which need not end', async () => {
    const pipe = join(directory, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const writer = spawn('sh', ['-c', `exec 3>"$0"; echo geheim >&3; exec sleep 60`, pipe]);
    try {
      expect(await answers([`--set-file=A/secret=${pipe}`])).toMatchObject([{ value: 'geheim' }]);
    } finally {
      writer.kill();
      await once(writer, 'exit');
    }
  });

  test('is not waited for after a signal', async () => {
    const pipe = join(directory, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const abort = new AbortController();
    const waiting = failureOf(answers([`--set-file=A/secret=${pipe}`], abort.signal));
    setImmediate(() => abort.abort());
    expect(await waiting).toMatchObject({ code: 'cancelled' });
  });

  test('that cannot be read says why, together with all others', async () => {
    const large = put('large', 'x'.repeat(65_537));
    const binary = put('binary', Buffer.from([0xff, 0xfe, 0x0a]));
    const zero = put('zero', 'a\0b\n');
    const empty = put('empty', '');
    const none = join(directory, 'none');
    const argv = [large, binary, zero, empty, none, `${large}/below`, directory, '/dev/zero'].map((path) => `--set-file=A/b=${path}`);
    const whys = ((await problemsOf(...argv)) as [string][]).map(([message]) => message.replace(/^.*cannot be used: /, ''));
    expect(whys).toEqual([
      'it is larger than 64 KiB',
      'its first line is no text in UTF-8',
      'its first line is no text in UTF-8',
      'it is empty',
      'it is not there',
      'a part of its path is not a directory',
      'it is a directory',
      'it is neither a file nor a pipe',
    ]);
  });
});

describe('an answer from a descriptor', () => {
  test('is the first line of the file that was opened', async () => {
    const fd = openSync(put('file', 'geheim\nmore\n', 0o644), 'r');
    expect(await answers([`--set-fd=A/secret=${fd}`])).toEqual([{ key: 'A/secret', value: 'geheim', where: '--set-fd' }]);
    closeSync(fd);
  });

  test('that we write to ourselves is none that was handed to us, and would never end', async () => {
    const pipe = join(directory, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const fd = openSync(pipe, 'r+');
    expect(await problemsOf(`--set-fd=A/b=${fd}`)).toEqual([
      [`A/b (--set-fd): descriptor ${fd} cannot be used: it is not open`, expect.any(String)],
    ]);
    closeSync(fd);
  });

  test('that can only be written to is refused as such', async () => {
    const pipe = join(directory, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const both = openSync(pipe, 'r+');
    for (const fd of [openSync(pipe, 'w'), openSync(join(directory, 'file'), 'w')]) {
      expect(await problemsOf(`--set-fd=A/b=${fd}`)).toEqual([
        [`A/b (--set-fd): descriptor ${fd} cannot be used: it is open for writing only`, 'Open it for reading: 3<FILE, say.'],
      ]);
      closeSync(fd);
    }
    closeSync(both);
  });

  test('that is not open is refused', async () => {
    expect(await problemsOf('--set-fd=A/b=9999')).toEqual([
      ['A/b (--set-fd): descriptor 9999 cannot be used: it is not open', 'Open it where this program is started: 3<FILE, say.'],
    ]);
  });
});
