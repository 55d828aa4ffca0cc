import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { identify, isAlive } from '../../src/setup/host/process-table.ts';
import { sandboxHost } from '../../src/setup/host/sandbox.ts';
import { startSupervisor, stopSupervisor } from '../../src/setup/host/supervisor/client.ts';
import { hold } from '../../src/setup/host/supervisor/hold.ts';
import { readHolder } from '../../src/setup/host/supervisor/records.ts';
import { unitStates } from '../../src/setup/host/supervisor/unit-states.ts';
import type { Host } from '../../src/setup/kit/host.ts';
import { processesWith, shell, textOf, useSupervisor } from '../support/supervisor.ts';
import { until } from '../support/waiting.ts';

const tests = useSupervisor();
const { processOf, stateOf, unit } = tests;
let root: string;
let host: Host;
beforeEach(() => void ({ root, host } = tests));

describe('the supervisor', () => {
  test('is one alone, however many starts come at once', async () => {
    for (const name of ['a', 'b', 'c', 'd']) await unit(name, ['/bin/sleep', '1000']);
    await Promise.all(['a', 'b', 'c', 'd'].map((name) => host.services.start(name)));
    const mains = processesWith('supervisor/main.ts').filter((pid) => textOf(`/proc/${pid}/cmdline`).includes(root));
    await until(() => mains.filter((pid) => identify(pid) !== undefined).length === 1);
    expect(readHolder(root)?.pid).toBe(mains.find((pid) => identify(pid) !== undefined));
  });

  test('serves a sandbox whose path is longer than a socket address can be', async () => {
    const deep = join(root, 'x'.repeat(75), 'y'.repeat(75));
    await mkdir(deep, { recursive: true });
    const there = sandboxHost(deep);
    await there.files.write('/etc/systemd/system/sleeper.service', {
      kind: 'file',
      content: Buffer.from('[Service]\nExecStart=/bin/sleep 1000\n'),
      mode: 0o644,
    });
    try {
      await there.services.start('sleeper');
      expect(await there.services.isActive('sleeper')).toBe(true);
    } finally {
      await stopSupervisor(deep);
    }
    expect(await there.services.isActive('sleeper')).toBe(false);
  });

  test('ends all units, the last one first, and leaves no process', async () => {
    for (const name of ['first', 'second'])
      await unit(name, shell(`trap 'echo ${name} >> ${root}/order; exit 0' TERM; while :; do /bin/sleep 0.05; done`));
    await host.services.start('first');
    await host.services.start('second');
    const all = [await processOf('first'), await processOf('second'), readHolder(root)!];
    await stopSupervisor(root);
    expect(all.map(isAlive)).toEqual([false, false, false]);
    expect(textOf(join(root, 'order'))).toBe('second\nfirst\n');
    expect((await unitStates(root)).map(({ name, state }) => `${name} ${state}`)).toEqual(['first stopped', 'second stopped']);
    expect(readdirSync(join(root, 'run')).sort()).toEqual(['.lock-id', 'units']);
  });

  test('keeps running when the last unit is stopped', async () => {
    await unit('sleeper', ['/bin/sleep', '1000']);
    await host.services.start('sleeper');
    const holder = readHolder(root)!;
    await host.services.stop('sleeper');
    expect(isAlive(holder)).toBe(true);
  });

  test('belongs to no terminal, ignores its end, and ends the units when it is told to end', async () => {
    await unit('sleeper', ['/bin/sleep', '1000']);
    await host.services.start('sleeper');
    const [holder, running] = [readHolder(root)!, await processOf('sleeper')];
    const session = (pid: number): string | undefined => textOf(`/proc/${pid}/stat`).split(') ')[1]?.split(' ')[3];
    expect([session(holder.pid), session(running.pid)]).toEqual([String(holder.pid), String(running.pid)]);
    process.kill(holder.pid, 'SIGHUP');
    await startSupervisor(root);
    expect(readHolder(root)).toEqual(holder);
    process.kill(holder.pid, 'SIGTERM');
    await until(() => !isAlive(holder));
    expect(isAlive(running)).toBe(false);
  });

  test('lets nobody else talk to it, and refuses what is not a request', async () => {
    await startSupervisor(root);
    expect((await stat(join(root, 'run/supervisor.sock'))).mode & 0o777).toBe(0o600);
    const held = hold(root);
    for (const text of ['nonsense\n', '{"op":"start","unit":"../x"}\n', '{"op":"destroy"}\n', 'null\n', `${'x'.repeat(70_000)}\n`]) {
      const socket = createConnection(`${held.path}/run/supervisor.sock`);
      socket.on('error', () => undefined);
      socket.write(text);
      let reply = '';
      socket.on('data', (chunk: Buffer) => (reply += chunk.toString()));
      await once(socket, 'close');
      expect(reply).toBe(text.length > 60_000 ? '' : '{"ok":false,"message":"This is not a request"}\n');
    }
    held.close();
    await startSupervisor(root);
  });

  test('knows no units and starts nothing when there is nothing to stop', async () => {
    await stopSupervisor(root);
    await stopSupervisor(join(root, 'nowhere'));
    await host.services.stop('unknown');
    expect(await unitStates(join(root, 'nowhere'))).toEqual([]);
    expect(existsSync(join(root, 'run'))).toBe(false);
  });

  test('ends with its units when the sandbox is removed, and keeps its hands off one that was made in its place', async () => {
    await unit('sleeper', ['/bin/sleep', '1000'], ['Restart=always']);
    await host.services.start('sleeper');
    const old = [await processOf('sleeper'), readHolder(root)!];
    await rm(root, { recursive: true });
    await unit('sleeper', ['/bin/sleep', '2000']);
    await host.services.start('sleeper');
    const fresh = [await processOf('sleeper'), readHolder(root)!];
    await until(() => !old.some(isAlive));
    expect(fresh.map(isAlive)).toEqual([true, true]);
    expect(readHolder(root)).toEqual(fresh[1]);
    expect(await stateOf('sleeper')).toMatchObject({ state: 'running', pid: fresh[0]!.pid });
  });

  test('says where to look when it cannot start', async () => {
    await writeFile(join(root, 'run'), 'in the way');
    await unit('sleeper', ['/bin/sleep', '1000']);
    await expect(host.services.start('sleeper')).rejects.toThrow(/is not a directory|does not start/);
    await rm(join(root, 'run'));
  });
});
