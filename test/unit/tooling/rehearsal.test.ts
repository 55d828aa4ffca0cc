import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { programDirectory } from '../../../src/setup/paths.ts';

const directory = mkdtempSync(join(tmpdir(), 'rehearse-'));
afterAll(() => rmSync(directory, { recursive: true }));
writeFileSync(join(directory, 'junk'), Buffer.from([0xff, 0x00, 0xfe]));

describe('a rehearsal', () => {
  const rehearse = (...args: readonly string[]) =>
    spawnSync(process.execPath, [join(programDirectory, 'test/support/rehearsal.ts'), ...args], {
      encoding: 'utf8',
      cwd: directory,
      input: '',
      env: { ...process.env, TMPDIR: directory },
    });

  test.each([
    [['--config-append=junk'], 4, 'junk:1: this is not a text file in UTF-8'],
    [['--host=none'], 2, 'there is no machine none'],
    [['--no-such'], 2, '--no-such is not an option'],
  ])('with %j says what is wrong as the program does, and leaves nothing behind', (args, code, text) => {
    const { status, stderr } = rehearse('--no-input', ...args);
    expect([status, stderr.split('\n')[0]]).toEqual([code, expect.stringMatching(/^engine-setup: /)]);
    expect(stderr).toContain(text);
    expect(stderr).not.toContain('    at ');
    expect(readdirSync(directory).filter((name) => name.startsWith('rehearsal-'))).toEqual([]);
  });
});
