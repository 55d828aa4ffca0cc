import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { tryOpenLog } from '../../../../src/setup/cli/run-log.ts';
import { newMask } from '../../../../src/setup/ui/mask.ts';
import { english } from '../../../support/fakes.ts';

let directory = '';
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'run-log-'))));
afterEach(() => rmSync(directory, { recursive: true }));
const mask = newMask({ words: true });

describe('the log of a run', () => {
  test('that its user names goes on behind what the file holds already', () => {
    const path = join(directory, 'log');
    writeFileSync(path, 'earlier\n');
    for (const text of ['first', 'second']) {
      const { log, trouble } = tryOpenLog(path, mask, { named: true });
      expect(trouble).toEqual([]);
      log.write('INFO', 'x', text);
      log.close();
    }
    expect(readFileSync(path, 'utf8')).toMatch(/^earlier\n.* first\n.* second\n$/);
  });

  test.each([true, false])('that cannot be written does not keep a run from its work, and is told of (named: %s)', (named) => {
    const { log, trouble } = tryOpenLog(directory, mask, { named });
    log.write('INFO', 'x', 'nowhere');
    log.close();
    expect(english(trouble)).toEqual([expect.stringContaining(`The log ${directory} cannot be written: E`)]);
  });

  test('at the usual place is always a new file', () => {
    const path = join(directory, 'log');
    writeFileSync(path, 'not ours');
    expect(english(tryOpenLog(path, mask, { named: false }).trouble)).toEqual([expect.stringContaining('EEXIST')]);
    expect(readFileSync(path, 'utf8')).toBe('not ours');
  });
});
