import { EventEmitter } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Log } from '../../../../src/services/frame/log.ts';
import { notifyReady, type Service } from '../../../../src/services/frame/sd-notify.ts';
import { eventually } from '../../../support/trial.ts';

// Systemd's program is of use only where systemd has started the service: another of its name writes down what it is told.
let folder: string;
let said: () => Promise<string>;
const warnings: string[] = [];
const log: Log = { info: () => undefined, warning: (message) => void warnings.push(message), error: () => undefined };
const service = (env: NodeJS.ProcessEnv) =>
  Object.assign(new EventEmitter(), {
    env: { PATH: `${folder}:/bin`, NOTIFY_SOCKET: '/run/x', CANARY: 'not meant for it ', ...env },
    pid: 42,
  }) as unknown as Service & EventEmitter;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sd-notify-'));
  const program = join(folder, 'systemd-notify');
  await writeFile(program, `#!/bin/sh\necho "$NOTIFY_SOCKET $CANARY$*" >> '${folder}/said'\n`);
  await chmod(program, 0o755);
  said = () => readFile(join(folder, 'said'), 'utf8').catch(() => '');
  warnings.length = 0;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('tells systemd that a service is ready, and that it has been asked to end', async () => {
  const ours = service({});
  await notifyReady(ours, log);
  expect(await said()).toBe('/run/x READY=1\n');
  ours.emit('SIGTERM');
  await eventually('it is told', async () => (await said()) === '/run/x READY=1\n/run/x STOPPING=1\n');
});

it('tells nothing where nobody asks', async () => {
  const ours = service({ NOTIFY_SOCKET: undefined });
  await notifyReady(ours, log);
  ours.emit('SIGTERM');
  expect([await said(), ours.eventNames()]).toEqual(['', []]);
});

it('tells the watchdog again and again, if this process is the one it watches', async () => {
  const interval = vi.spyOn(globalThis, 'setInterval');
  await notifyReady(service({ WATCHDOG_USEC: '20000', WATCHDOG_PID: '1' }), log);
  await notifyReady(service({}), log);
  expect(interval).not.toHaveBeenCalled();
  await notifyReady(service({ WATCHDOG_USEC: '20000', WATCHDOG_PID: '42' }), log);
  expect(interval.mock.calls.map(([, ms]) => ms)).toEqual([10]);
  const timer = interval.mock.results[0]?.value as NodeJS.Timeout;
  interval.mockRestore();
  await eventually('it is told twice', async () => (await said()).split('WATCHDOG=1').length > 2);
  clearInterval(timer);
});

it('goes on when systemd cannot be told', async () => {
  await notifyReady(service({ PATH: '/nowhere' }), log);
  expect(warnings).toEqual(['systemd could not be told']);
});
