import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { logTime, openLog, silentLog, stamp } from '../../../../src/setup/ui/log.ts';
import { newMask } from '../../../../src/setup/ui/mask.ts';

let directory = '';
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'log-'))));
afterEach(() => rmSync(directory, { recursive: true }));
const path = (): string => join(directory, 'deep/er/setup.log');
const lines = (): readonly string[] => readFileSync(path(), 'utf8').split('\n');

describe('a log', () => {
  test('can be read by its owner alone, below directories that others may enter', () => {
    const before = process.umask(0);
    try {
      openLog(path(), newMask({ words: true })).close();
    } finally {
      process.umask(before);
    }
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    expect(statSync(join(directory, 'deep')).mode & 0o777).toBe(0o755);
  });

  test('has a line for each record, with time, level and source', () => {
    const log = openLog(path(), newMask({ words: true }));
    log.write('INFO', 'dialog', 'first');
    log.write('DEBUG', 'setup', 'second');
    const [first = '', second = '', ...rest] = lines();
    expect(first).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}[+-]\d{4} INFO dialog first$/);
    expect(second).toMatch(/ DEBUG setup second$/);
    expect(rest).toEqual(['']);
    log.close();
  });

  test('cannot be made to hold records that nobody wrote', () => {
    const log = openLog(path(), newMask({ words: true }));
    log.write('INFO', 'dialog', 'a\n2026-01-01 00:00:00,000+0000 ERROR forged line\r\u001b[2J\u0000\t\u007f\u009b1m');
    log.close();
    expect(lines().slice(1)).toEqual(['    2026-01-01 00:00:00,000+0000 ERROR forged line\\x0d\\x1b[2J\\x00\\x09\\x7f\\x9b1m', '']);
  });

  test('hides secrets', () => {
    const mask = newMask({ words: true });
    const log = openLog(path(), mask);
    mask.add('geheim!');
    log.write('DEBUG', 'x', 'password geheim!');
    log.close();
    expect(lines()[0]).toMatch(/ password \*\*FILTERED\*\*$/);
  });

  test('never writes over a file that is there', () => {
    const there = join(directory, 'there');
    writeFileSync(there, 'mine');
    expect(() => openLog(there, newMask({ words: true }))).toThrow('EEXIST');
    expect(readFileSync(there, 'utf8')).toBe('mine');
  });

  test('on a full disk does not keep a rollback from its work', () => {
    const log = openLog(path(), newMask({ words: true }));
    log.close();
    expect(() => log.write('ERROR', 'x', 'nowhere to go')).not.toThrow();
  });

  test('that is silent only knows its name', () => {
    const log = silentLog('/no/where');
    log.write('ERROR', 'x', 'y');
    log.close();
    expect(log.path).toBe('/no/where');
  });
});

describe('times', () => {
  const inZone = (zone: string): string =>
    execFileSync(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `import { logTime, stamp } from ${JSON.stringify(new URL('../../../../src/setup/ui/log.ts', import.meta.url).href)};
         const at = new Date('2026-03-04T05:06:07.008Z'); console.log(logTime(at) + ' ' + stamp(at));`,
      ],
      { env: { ...process.env, TZ: zone }, encoding: 'utf8' },
    ).trim();

  test.each([
    ['UTC', '2026-03-04 05:06:07,008+0000 20260304050607'],
    ['Asia/Kolkata', '2026-03-04 10:36:07,008+0530 20260304103607'],
    ['America/St_Johns', '2026-03-04 01:36:07,008-0330 20260304013607'],
  ])('in %s are local, with the offset from UTC', (zone, wanted) => {
    expect(inZone(zone)).toBe(wanted);
  });

  test('have leading zeros', () => {
    const at = new Date(2026, 0, 2, 3, 4, 5, 6);
    expect(stamp(at)).toBe('20260102030405');
    expect(logTime(at)).toMatch(/^2026-01-02 03:04:05,006[+-]\d{4}$/);
  });
});
