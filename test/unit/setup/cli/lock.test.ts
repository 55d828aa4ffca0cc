import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { takeLock } from '../../../../src/setup/cli/lock.ts';

let directory = '';
const children: ChildProcess[] = [];
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'lock-'))));
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(directory, { recursive: true });
});
const path = (): string => join(directory, 'run/engine-setup.lock');
const put = (holder: string): void => {
  mkdirSync(dirname(path()), { recursive: true });
  writeFileSync(path(), holder);
};
const startOf = (pid: number): string | undefined =>
  readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')[19];

/** Takes the lock in a process of its own, at the moment a line comes in; says how that went, and stays until its input ends. */
function contender(): ChildProcess & { readonly stdout: NodeJS.ReadableStream; readonly stdin: NodeJS.WritableStream } {
  const module_ = new URL('../../../../src/setup/cli/lock.ts', import.meta.url).href;
  const script = `
    import { takeLock } from ${JSON.stringify(module_)};
    process.stdout.write('ready\\n');
    process.stdin.once('data', async () => {
      const said = await takeLock(${JSON.stringify(path())}).then(({ takenOver }) => 'got ' + takenOver, (error) => error.code ?? String(error));
      process.stdout.write(said + '\\n');
    });
    process.stdin.on('end', () => process.exit());`;
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}
const said = async (child: { readonly stdout: NodeJS.ReadableStream }): Promise<string> =>
  String((await once(child.stdout, 'data'))[0]).trim();

describe('the lock', () => {
  test('is taken once, can be read by its owner alone, and is gone when it is given back', async () => {
    const lock = await takeLock(path());
    expect(lock.takenOver).toBe(false);
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(path(), 'utf8'))).toEqual({ pid: process.pid, started: startOf(process.pid) });
    await expect(takeLock(path())).rejects.toMatchObject({
      code: 'busy',
      message: `Another run of engine-setup is active here (process ${process.pid})`,
    });
    lock.release();
    expect(existsSync(path())).toBe(false);
    (await takeLock(path())).release();
  });

  test('of a living process is respected, and after its death taken over', async () => {
    const child = contender();
    await said(child);
    child.stdin.write('\n');
    expect(await said(child)).toBe('got false');
    await expect(takeLock(path())).rejects.toMatchObject({ code: 'busy', message: expect.stringContaining(`process ${child.pid ?? 0}`) });
    child.kill('SIGKILL');
    await once(child, 'exit');
    const lock = await takeLock(path());
    expect(lock.takenOver).toBe(true);
    lock.release();
    expect(existsSync(path())).toBe(false);
  });

  test.each([
    ['of a process that is gone', () => JSON.stringify({ pid: 2 ** 30, started: '1' })],
    ['of another process that had our number', () => JSON.stringify({ pid: process.pid, started: '1' })],
    ['whose holder died before it wrote its name', () => ''],
    ['that is damaged', () => '{"pid":'],
    ['that names nobody', () => '{"pid":"1","started":5}'],
    ['that is not even an object', () => 'null'],
  ])('%s is taken over', async (_, holder) => {
    put(holder());
    const lock = await takeLock(path());
    expect(lock.takenOver).toBe(true);
    expect(JSON.parse(readFileSync(path(), 'utf8'))).toMatchObject({ pid: process.pid });
    lock.release();
  });

  test('of a dead process is taken over by one only, of several that try at once', async () => {
    for (let round = 0; round < 3; round++) {
      put(JSON.stringify({ pid: 2 ** 30, started: String(round) }));
      const all = [contender(), contender(), contender()];
      await Promise.all(all.map(said));
      for (const child of all) child.stdin.write('\n');
      expect((await Promise.all(all.map(said))).sort()).toEqual(['busy', 'busy', 'got true']);
      for (const child of all) child.kill('SIGKILL');
      await Promise.all(all.map(async (child) => child.signalCode ?? once(child, 'exit')));
    }
  }, 60_000);

  test('of a dead process is lost by the one whose name was replaced by that of another who took it over too', async () => {
    put(JSON.stringify({ pid: 2 ** 30, started: '1' }));
    const child = contender();
    const winner = JSON.stringify({ pid: child.pid, started: startOf(child.pid ?? 0) });
    const taking = takeLock(path());
    while (!readFileSync(path(), 'utf8').includes(`"pid":${process.pid},`)) await setImmediate();
    writeFileSync(path(), winner);
    await expect(taking).rejects.toMatchObject({ code: 'busy', message: expect.stringContaining(`process ${child.pid ?? 0}`) });
    expect(readFileSync(path(), 'utf8')).toBe(winner);
  });

  test('is not given back by one who does not hold it any more', async () => {
    const lock = await takeLock(path());
    const other = JSON.stringify({ pid: 1, started: startOf(1) });
    writeFileSync(path(), other);
    lock.release();
    expect(readFileSync(path(), 'utf8')).toBe(other);
  });

  test('can be given back after the whole installation is gone', async () => {
    const lock = await takeLock(path());
    rmSync(dirname(path()), { recursive: true });
    expect(() => lock.release()).not.toThrow();
  });

  test('is respected though the name of its holder holds parentheses and blanks', async () => {
    const child = spawn('/bin/sh', ['-c', 'printf "x) S 1 2 3" > /proc/self/comm; exec 3<&0; read line'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    children.push(child);
    const started = startOf(child.pid ?? 0);
    put(JSON.stringify({ pid: child.pid, started }));
    await expect(takeLock(path())).rejects.toMatchObject({ code: 'busy' });
    child.stdin.end();
    expect(await text(child.stdout)).toBe('');
  });
});
