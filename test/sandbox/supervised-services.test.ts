import { readlinkSync, statSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { identify, isAlive } from '../../src/setup/host/process-table.ts';
import { readRecords } from '../../src/setup/host/supervisor/records.ts';
import type { Host } from '../../src/setup/kit/host.ts';
import { processesWith, shell, textOf, useSupervisor } from '../support/supervisor.ts';
import { until } from '../support/waiting.ts';

/* What a service of a sandbox gets from its supervisor. */

const tests = useSupervisor();
const { processOf, runsAnew, stateOf, unit } = tests;
let root: string;
let host: Host;
beforeEach(() => void ({ root, host } = tests));

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
    await unit('deaf', shell(`trap '' TERM; /bin/sleep 987652 & echo ready; while :; do /bin/sleep 0.05; done`), [
      'TimeoutStopSec=200ms',
      'KillMode=mixed',
    ]);
    await host.services.start('polite');
    await host.services.start('deaf');
    await until(
      () => textOf(join(root, 'var/log/polite.log')).includes('ready') && textOf(join(root, 'var/log/deaf.log')).includes('ready'),
    );
    const deaf = await processOf('deaf');
    const children = processesWith('987652').filter((pid) => statSync(`/proc/${pid}`, { throwIfNoEntry: false }) !== undefined);
    await host.services.stop('polite');
    await host.services.stop('deaf');
    expect(textOf(join(root, 'var/log/polite.log'))).toContain('bye');
    expect(isAlive(deaf)).toBe(false);
    expect(children.length).toBeGreaterThan(0);
    await until(() => children.every((pid) => identify(pid) === undefined));
  });

  test('takes children that left its group with it', async () => {
    await unit('parent', shell('setsid /bin/sleep 987651 & echo ready; exec /bin/sleep 1000'));
    await host.services.start('parent');
    await until(() => processesWith('987651').length > 0);
    await host.services.stop('parent');
    expect(processesWith('987651')).toEqual([]);
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
