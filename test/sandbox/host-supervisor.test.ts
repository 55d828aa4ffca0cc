import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmdirSync,
  statSync,
  writeSync,
} from 'node:fs';
import { mkdir, mkdtemp, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Host } from '../../src/setup/kit/host.ts';
import { type ProcessId, identify, isAlive } from '../../src/setup/host/process-table.ts';
import { sandboxHost } from '../../src/setup/host/sandbox.ts';
import { startSupervisor, stopSupervisor } from '../../src/setup/host/supervisor/client.ts';
import { hold } from '../../src/setup/host/supervisor/hold.ts';
import { readHolder, readRecords, writeRecord } from '../../src/setup/host/supervisor/records.ts';
import { unitStates } from '../../src/setup/host/supervisor/unit-states.ts';

let root: string;
let host: Host;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'supervisor-')));
  host = sandboxHost(root);
});
afterEach(async () => {
  await stopSupervisor(root);
  await rm(root, { recursive: true, force: true });
});

const word = (text: string): string =>
  `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%').replaceAll('$', '$$$$')}"`;

async function unit(name: string, argv: readonly string[], lines: readonly string[] = []): Promise<void> {
  const text = `[Unit]\nDescription=${name}\n[Service]\nType=exec\nExecStart=${argv.map(word).join(' ')}\n${lines.join('\n')}\n`;
  await host.files.write(`/etc/systemd/system/${name}.service`, { kind: 'file', content: Buffer.from(text), mode: 0o644 });
}
const shell = (script: string): readonly string[] => ['/bin/sh', '-c', script];

async function until<T>(what: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  for (let tries = 0; tries < 600; tries++) {
    const found = await what();
    if (found !== undefined && found !== false) return found;
    await sleep(50);
  }
  throw new Error('it did not happen');
}

const stateOf = async (name: string) => (await unitStates(root)).find((state) => state.name === name);
async function processOf(name: string): Promise<ProcessId> {
  const pid = (await stateOf(name))?.pid;
  return identify(pid ?? -1)!;
}
const runsAnew = (name: string, before: ProcessId): Promise<ProcessId> =>
  until(async () => {
    const { state, pid } = (await stateOf(name)) ?? {};
    return state === 'running' && pid !== before.pid && identify(pid ?? -1);
  });
const textOf = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');
const processesWith = (argument: string): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && textOf(`/proc/${name}/cmdline`).includes(argument))
    .map(Number)
    .filter((pid) => pid !== process.pid && identify(pid) !== undefined);

async function killSupervisor(): Promise<void> {
  const holder = readHolder(root)!;
  process.kill(holder.pid, 'SIGKILL');
  await until(() => !isAlive(holder));
}

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

describe('a service of a sandbox', () => {
  test('runs after its start, and not after its stop', async () => {
    await unit('sleeper', ['/bin/sleep', '1000']);
    expect(await host.services.isActive('sleeper')).toBe(false);
    await host.services.start('sleeper.service');
    expect(await host.services.isActive('sleeper')).toBe(true);
    const { state, since } = (await stateOf('sleeper'))!;
    const running = await processOf('sleeper');
    expect({ state, known: since instanceof Date }).toEqual({ state: 'running', known: true });
    expect(textOf(`/proc/${running.pid}/cmdline`)).toBe('/bin/sleep\u00001000\u0000');
    await host.services.stop('sleeper');
    expect(isAlive(running)).toBe(false);
    expect(await host.services.isActive('sleeper')).toBe(false);
    expect(await stateOf('sleeper')).toMatchObject({ state: 'stopped' });
  });

  test('keeps its process when it is started twice, also at once', async () => {
    await unit('sleeper', ['/bin/sleep', '1000']);
    await Promise.all([host.services.start('sleeper'), host.services.start('sleeper')]);
    const first = await processOf('sleeper');
    await host.services.start('sleeper');
    expect(await processOf('sleeper')).toEqual(first);
  });

  test('gets a new process when it is restarted, even if it was not running', async () => {
    await unit('sleeper', ['/bin/sleep', '1000']);
    await host.services.restart('sleeper');
    const first = await processOf('sleeper');
    await host.services.restart('sleeper');
    expect(isAlive(first)).toBe(false);
    expect(isAlive(await processOf('sleeper'))).toBe(true);
  });

  test('takes a changed unit file from its next start on', async () => {
    await unit('sleeper', ['/bin/sleep', '1000']);
    await host.services.start('sleeper');
    await unit('sleeper', ['/bin/sleep', '2000']);
    await host.services.restart('sleeper');
    expect(textOf(`/proc/${(await processOf('sleeper')).pid}/cmdline`)).toContain('2000');
  });

  test('hears of a reload by SIGHUP and keeps its process', async () => {
    const script = `trap 'echo reloaded' HUP; echo ready; while :; do /bin/sleep 0.05; done`;
    await unit('reloader', shell(script), ['ExecReload=/bin/kill -HUP $MAINPID', `StandardOutput=append:${root}/out`]);
    await host.services.start('reloader');
    const before = await processOf('reloader');
    await until(() => textOf(join(root, 'out')).includes('ready'));
    await host.services.reload('reloader');
    await until(() => textOf(join(root, 'out')).includes('reloaded'));
    expect(await processOf('reloader')).toEqual(before);
  });

  test('refuses a reload that its unit does not know, and one when it is not running', async () => {
    await unit('sleeper', ['/bin/sleep', '1000']);
    await expect(host.services.reload('sleeper')).rejects.toThrow('sleeper is not running');
    await host.services.start('sleeper');
    await expect(host.services.reload('sleeper')).rejects.toThrow('no ExecReload');
  });

  test('gets its environment, directory, mask and log files from its unit, and nothing of ours', async () => {
    process.env['SECRET_OF_OURS'] = 'do not tell';
    await mkdir(join(root, 'work'));
    const script = 'echo "$NAME:$PWD:$(umask):$SECRET_OF_OURS"; echo oops >&2; exec /bin/sleep 1000';
    const lines = [
      'Environment="NAME=a b"',
      `WorkingDirectory=${root}/work`,
      'UMask=0027',
      `StandardOutput=append:${root}/log/out`,
      `StandardError=append:${root}/log/err`,
    ];
    await unit('teller', shell(script), lines);
    await host.services.start('teller');
    await until(() => textOf(join(root, 'log/err')) !== '');
    expect(textOf(join(root, 'log/out'))).toBe(`a b:${root}/work:0027:\n`);
    expect(textOf(join(root, 'log/err'))).toBe('oops\n');
    delete process.env['SECRET_OF_OURS'];
  });

  test('is ended by its own signal, and by force with all its children when it does not listen', async () => {
    await unit('polite', shell(`trap 'echo bye; exit 0' INT; echo ready; while :; do /bin/sleep 0.05; done`), [
      'KillMode=mixed',
      'KillSignal=SIGINT',
    ]);
    await unit('deaf', shell(`trap '' TERM; /bin/sleep 4321 & echo ready; while :; do /bin/sleep 0.05; done`), [
      'TimeoutStopSec=200ms',
      'KillMode=mixed',
    ]);
    await host.services.start('polite');
    await host.services.start('deaf');
    await until(
      () => textOf(join(root, 'var/log/polite.log')).includes('ready') && textOf(join(root, 'var/log/deaf.log')).includes('ready'),
    );
    const deaf = await processOf('deaf');
    const children = processesWith('4321').filter((pid) => statSync(`/proc/${pid}`, { throwIfNoEntry: false }) !== undefined);
    await host.services.stop('polite');
    await host.services.stop('deaf');
    expect(textOf(join(root, 'var/log/polite.log'))).toContain('bye');
    expect(isAlive(deaf)).toBe(false);
    expect(children.length).toBeGreaterThan(0);
    await until(() => children.every((pid) => identify(pid) === undefined));
  });

  test('takes children that left its group with it', async () => {
    await unit('parent', shell('setsid /bin/sleep 5432 & echo ready; exec /bin/sleep 1000'));
    await host.services.start('parent');
    await until(() => processesWith('5432').length > 0);
    await host.services.stop('parent');
    expect(processesWith('5432')).toEqual([]);
  });

  test('that dies at once is reported with the last lines of its log, and is not tried again', async () => {
    await unit('broken', shell('echo "old news"'), ['Restart=no']);
    await expect(host.services.start('broken')).rejects.toThrow();
    await unit('broken', shell("echo started; printf 'the port is taken \\033[31m\\n' >&2; exit 3"), ['Restart=always', 'RestartSec=0']);
    const error = await host.services.start('broken').catch((thrown: unknown) => thrown as Error);
    expect(error).toMatchObject({
      message: 'broken ended with code 3 at once\nstarted\nthe port is taken [31m',
      remedy: `See ${root}/var/log/broken.log.`,
    });
    expect(await stateOf('broken')).toMatchObject({ state: 'failed' });
    expect(await host.services.isActive('broken')).toBe(false);
  });

  test('whose program is missing, or whose unit is missing or not supported, says so', async () => {
    await unit('missing', ['/nowhere/program']);
    await expect(host.services.start('missing')).rejects.toThrow(/\/nowhere\/program cannot be started.*ENOENT/);
    await expect(host.services.start('unknown')).rejects.toThrow(/no unit unknown.*unknown\.service is missing/);
    await unit('strange', ['/bin/sleep', '1'], ['Sockets=x.socket']);
    await expect(host.services.start('strange')).rejects.toThrow(
      `${root}/etc/systemd/system/strange.service, line 6: Sockets is not supported in [Service]`,
    );
    await expect(host.services.start('../escape')).rejects.toThrow('not the name of a unit');
  });

  test('is enabled by a link, as systemd does it, and only if it is there', async () => {
    await unit('sleeper', ['/bin/sleep', '1000']);
    expect(await host.services.isEnabled('sleeper')).toBe(false);
    await host.services.enable('sleeper', true);
    expect(await host.services.isEnabled('sleeper')).toBe(true);
    expect(readlinkSync(join(root, 'etc/systemd/system/multi-user.target.wants/sleeper.service'))).toBe(
      '/etc/systemd/system/sleeper.service',
    );
    await host.services.enable('sleeper', false);
    expect(await host.services.isEnabled('sleeper')).toBe(false);
    await expect(host.services.enable('unknown', true)).rejects.toThrow('There is no unit unknown');
  });
});

describe('a service that ends by itself', () => {
  test('is started again when it crashes', async () => {
    await unit('crasher', ['/bin/sleep', '1000'], ['Restart=on-failure', 'RestartSec=10ms']);
    await host.services.start('crasher');
    const first = await processOf('crasher');
    process.kill(first.pid, 'SIGKILL');
    await runsAnew('crasher', first);
    expect(readRecords(root)[0]).toMatchObject({ restarts: 1, lastExit: { code: null, signal: 'SIGKILL' } });
  });

  test('stays ended when it ended cleanly and only failures count', async () => {
    await unit('worker', shell('sleep 0.6'), ['Restart=on-failure', 'RestartSec=10ms']);
    await host.services.start('worker');
    await until(async () => (await stateOf('worker'))?.state === 'stopped');
    await unit('worker', shell('sleep 0.6; exit 1'), ['Restart=no']);
    await host.services.start('worker');
    await until(async () => (await stateOf('worker'))?.state === 'failed');
  });

  test('is given up after ten quick failures in a row, until somebody starts it again', async () => {
    await unit('crasher', shell(`echo x >> ${root}/count; test $(wc -l < ${root}/count) -gt 1 && exit 1; exec /bin/sleep 0.6`), [
      'Restart=always',
      'RestartSec=1ms',
    ]);
    await host.services.start('crasher');
    await until(async () => (await stateOf('crasher'))?.state === 'failed');
    expect(textOf(join(root, 'count')).split('\n').length - 1).toBe(10);
    await rm(join(root, 'count'));
    await host.services.start('crasher');
    expect(await host.services.isActive('crasher')).toBe(true);
  });

  test('is not started again once it is stopped, even while it waits for its restart', async () => {
    await unit('crasher', ['/bin/sleep', '1000'], ['Restart=always', 'RestartSec=1000']);
    await host.services.start('crasher');
    process.kill((await processOf('crasher')).pid, 'SIGKILL');
    await until(async () => (await stateOf('crasher'))?.state === 'restarting');
    expect(await host.services.isActive('crasher')).toBe(true);
    await host.services.stop('crasher');
    expect(await stateOf('crasher')).toMatchObject({ state: 'stopped' });
  });
});

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
