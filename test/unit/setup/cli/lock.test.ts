import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { takeLock } from '../../../../src/setup/cli/lock.ts';
import { bootId, identify } from '../../../../src/setup/host/process-table.ts';

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
    expect(JSON.parse(readFileSync(path(), 'utf8'))).toEqual(identify(process.pid));
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
    ['of a process that is gone', () => JSON.stringify({ pid: 2 ** 30, startTime: 1, boot: bootId() })],
    ['of another process that had our number', () => JSON.stringify({ pid: process.pid, startTime: 1, boot: bootId() })],
    ['of a process before the machine was started anew', () => JSON.stringify({ ...identify(process.pid), boot: 'another boot' })],
    ['whose holder died before it wrote its name', () => ''],
    ['that is damaged', () => '{"pid":'],
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
      put(JSON.stringify({ pid: 2 ** 30, startTime: round, boot: bootId() }));
      const all = [contender(), contender(), contender()];
      await Promise.all(all.map(said));
      for (const child of all) child.stdin.write('\n');
      expect((await Promise.all(all.map(said))).sort()).toEqual(['busy', 'busy', 'got true']);
      for (const child of all) child.kill('SIGKILL');
      await Promise.all(all.map(async (child) => child.signalCode ?? once(child, 'exit')));
    }
  }, 60_000);

  test('is held by one only, of several that try at once where nothing is there yet', async () => {
    for (let round = 0; round < 3; round++) {
      rmSync(dirname(path()), { recursive: true, force: true });
      const all = [contender(), contender(), contender(), contender()];
      await Promise.all(all.map(said));
      for (const child of all) child.stdin.write('\n');
      expect((await Promise.all(all.map(said))).sort()).toEqual(['busy', 'busy', 'busy', 'got false']);
      for (const child of all) child.kill('SIGKILL');
      await Promise.all(all.map(async (child) => child.signalCode ?? once(child, 'exit')));
    }
  }, 60_000);

  test('does not depend on its file, which only says who holds it', async () => {
    const lock = await takeLock(path());
    put(JSON.stringify({ pid: 2 ** 30, startTime: 1, boot: bootId() }));
    await expect(takeLock(path())).rejects.toMatchObject({ code: 'busy', message: 'Another run of engine-setup is active here' });
    lock.release();
    expect(existsSync(path())).toBe(true);
    (await takeLock(path())).release();
  });

  test('has a name that nobody else can know, and that a copy of the installation does not share', async () => {
    const lock = await takeLock(path());
    const id = join(dirname(path()), '.lock-id');
    expect(statSync(id).mode & 0o777).toBe(0o600);
    expect(readFileSync(id, 'utf8')).toMatch(/^[0-9a-f]{64}$/);
    expect(readdirSync(dirname(path())).sort()).toEqual(['.lock-id', 'engine-setup.lock']);
    cpSync(dirname(path()), join(directory, 'copy'), { recursive: true });
    const other = await takeLock(join(directory, 'copy/engine-setup.lock'));
    other.release();
    lock.release();
  });

  test('does not write through a link that lies where its file belongs', async () => {
    put('');
    rmSync(path());
    writeFileSync(join(directory, 'precious'), 'data');
    symlinkSync(join(directory, 'precious'), path());
    (await takeLock(path())).release();
    expect(readFileSync(join(directory, 'precious'), 'utf8')).toBe('data');
  });

  test('can be given back after the whole installation is gone', async () => {
    const lock = await takeLock(path());
    rmSync(dirname(path()), { recursive: true });
    // Whoever comes next finds nothing, not even the name of our lock.
    const next = await takeLock(path());
    expect(() => lock.release()).not.toThrow();
    await expect(takeLock(path())).rejects.toMatchObject({ code: 'busy' });
    next.release();
  });

  test('that cannot be made says why', async () => {
    writeFileSync(dirname(path()), 'in the way');
    await expect(takeLock(path())).rejects.toMatchObject({ code: 'failed', message: expect.stringContaining('not a directory') });
  });
});
