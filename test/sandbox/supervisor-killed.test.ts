import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmdirSync, writeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { identify, isAlive } from '../../src/setup/host/process-table.ts';
import { startSupervisor, stopSupervisor } from '../../src/setup/host/supervisor/client.ts';
import { readHolder, readRecords, writeRecord } from '../../src/setup/host/supervisor/records.ts';
import type { Host } from '../../src/setup/kit/host.ts';
import { processesWith, shell, textOf, useSupervisor } from '../support/supervisor.ts';
import { until } from '../support/waiting.ts';

/* Supervisors that are killed, or have no room on their disk: the next one, or the same one, does what is owed. */

const tests = useSupervisor();
const { killSupervisor, processOf, runsAnew, stateOf, unit } = tests;
let root: string;
let host: Host;
beforeEach(() => void ({ root, host } = tests));

describe('after kill -9 of the supervisor', () => {
  test('the next one takes over what still runs, and supervises it', async () => {
    await unit('sleeper', ['/bin/sleep', '1000'], ['Restart=always', 'RestartSec=10ms']);
    await host.services.start('sleeper');
    const running = await processOf('sleeper');
    await killSupervisor();
    expect(await host.services.isActive('sleeper')).toBe(true);
    await host.services.start('sleeper');
    expect(await processOf('sleeper')).toEqual(running);
    process.kill(running.pid, 'SIGKILL');
    await runsAnew('sleeper', running);
  });

  test('the next one starts again what has died meanwhile', async () => {
    await unit('sleeper', ['/bin/sleep', '1000'], ['Restart=always', 'RestartSec=10ms']);
    await host.services.start('sleeper');
    const running = await processOf('sleeper');
    await killSupervisor();
    process.kill(running.pid, 'SIGKILL');
    await until(() => !isAlive(running));
    expect(await host.services.isActive('sleeper')).toBe(false);
    await startSupervisor(root);
    await until(async () => (await stateOf('sleeper'))?.state === 'running');
  });

  test('a process whose start nobody noted down is found all the same', async () => {
    await unit('sleeper', ['/bin/sleep', '1000']);
    await host.services.start('sleeper');
    const running = await processOf('sleeper');
    await killSupervisor();
    const { process: _, ...record } = readRecords(root)[0]!;
    writeRecord(root, { ...record, state: 'starting' });
    expect(await host.services.isActive('sleeper')).toBe(true);
    await host.services.start('sleeper');
    expect(await processOf('sleeper')).toEqual(running);
  });

  test('children of a dead service are ended before it is started again', async () => {
    await unit('parent', shell('/bin/sleep 6543 & echo ready; exec /bin/sleep 1000'), ['Restart=always', 'RestartSec=10ms']);
    await host.services.start('parent');
    const [child] = await until(() => (processesWith('6543').length > 0 ? processesWith('6543') : undefined));
    const [left, main] = [identify(child!)!, await processOf('parent')];
    await killSupervisor();
    process.kill(main.pid, 'SIGKILL');
    await until(() => !isAlive(main));
    expect(isAlive(left)).toBe(true);
    await startSupervisor(root);
    await until(async () => (await stateOf('parent'))?.state === 'running');
    expect(isAlive(left)).toBe(false);
  });

  test('a stop that was cut off is brought to its end', async () => {
    await unit('sleeper', ['/bin/sleep', '1000'], ['Restart=always']);
    await host.services.start('sleeper');
    const running = await processOf('sleeper');
    await killSupervisor();
    writeRecord(root, { ...readRecords(root)[0]!, state: 'stopping' });
    await startSupervisor(root);
    await until(async () => (await stateOf('sleeper'))?.state === 'stopped');
    expect(isAlive(running)).toBe(false);
  });

  test('a process that merely got the old number is left alone', async () => {
    await unit('sleeper', ['/bin/sleep', '1000'], ['Restart=no']);
    await host.services.start('sleeper');
    const running = await processOf('sleeper');
    await killSupervisor();
    process.kill(running.pid, 'SIGKILL');
    await until(() => !isAlive(running));
    const stranger = spawn('/bin/sleep', ['1000'], { detached: true, stdio: 'ignore' });
    const id = identify(stranger.pid!)!;
    writeRecord(root, { ...readRecords(root)[0]!, state: 'stopping', process: { ...id, startTime: id.startTime - 1 } });
    await stopSupervisor(root);
    expect(isAlive(id)).toBe(true);
    stranger.kill('SIGKILL');
    await once(stranger, 'exit');
  });

  test('stopping everything finds what still runs', async () => {
    await unit('sleeper', ['/bin/sleep', '1000']);
    await host.services.start('sleeper');
    const running = await processOf('sleeper');
    await killSupervisor();
    await stopSupervisor(root);
    expect(isAlive(running)).toBe(false);
    expect(readHolder(root)).toBeUndefined();
  });

  test('nothing is started after a boot of the machine', async () => {
    await unit('sleeper', ['/bin/sleep', '1000'], ['Restart=always']);
    await host.services.start('sleeper');
    await stopSupervisor(root);
    writeRecord(root, { ...readRecords(root)[0]!, state: 'running', boot: 'another boot' });
    expect(await stateOf('sleeper')).toMatchObject({ state: 'stopped' });
    await startSupervisor(root);
    expect(await host.services.isActive('sleeper')).toBe(false);
  });
});

/** Fills a disk to the last byte that this file can take. */
function fill(path: string): void {
  const fd = openSync(path, 'a');
  try {
    for (let size = 65_536; size > 0; size = size === 1 ? 0 : size / 2) {
      for (let full = false; !full;) {
        try {
          full = writeSync(fd, Buffer.alloc(size)) < size;
        } catch {
          full = true;
        }
      }
    }
  } finally {
    closeSync(fd);
  }
}

/** A disk that can be filled without harm to anybody; mounting one is for root alone. */
const canMount = ((): boolean => {
  const at = mkdtempSync(join(tmpdir(), 'mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', at], { stdio: 'ignore' });
    execFileSync('umount', [at], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(at);
  }
})();

describe('on a full disk', () => {
  test.skipIf(!canMount)('(root only, mounts a tmpfs) a service that dies is started again, and its supervisor lives on', async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=700', 'tmpfs', root]);
    try {
      await unit('talker', shell('while :; do echo "I am here"; /bin/sleep 0.1; done'), ['Restart=on-failure', 'RestartSec=10ms']);
      await unit('sleeper', ['/bin/sleep', '1000'], ['Restart=on-failure', 'RestartSec=10ms']);
      await host.services.start('talker');
      await host.services.start('sleeper');
      const [holder, before] = [readHolder(root)!, [await processOf('talker'), await processOf('sleeper')]];
      const full = (): void => ['ballast', 'var/log/supervisor.log'].forEach((path) => fill(join(root, path)));
      full();
      for (const { pid } of before) process.kill(pid, 'SIGKILL');
      const again = [await runsAnew('talker', before[0]!), await runsAnew('sleeper', before[1]!)];
      expect(isAlive(holder)).toBe(true);
      expect(textOf(join(root, 'var/log/supervisor.log'))).not.toContain(String(again[1]!.pid));

      // It still does what it is told, and its successor finds what it could not note down.
      full();
      await host.services.restart('talker');
      await killSupervisor();
      full();
      await startSupervisor(root);
      expect(await processOf('sleeper')).toEqual(again[1]);
      process.kill(again[1]!.pid, 'SIGKILL');
      const third = await runsAnew('sleeper', again[1]!);
      const second = readHolder(root);

      // With room again everything is caught up on.
      await rm(join(root, 'ballast'));
      await until(() => readRecords(root).some((record) => record.name === 'sleeper' && record.process?.pid === third.pid));
      await until(() => textOf(join(root, 'var/log/supervisor.log')).includes(`sleeper: running, process ${third.pid}`));
      await until(() => readHolder(root) !== undefined && isAlive(readHolder(root)!));
      expect(second === undefined || !isAlive(second) || second.pid === readHolder(root)!.pid).toBe(true);
      await stopSupervisor(root);
      expect(isAlive(third)).toBe(false);
    } finally {
      await rm(join(root, 'ballast'), { force: true });
      await stopSupervisor(root);
      execFileSync('umount', ['-l', root]);
    }
  });
});
