import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { errorFields, type Log } from './log.ts';

/*
 * What a service tells systemd (sd_notify(3)). Its messages are datagrams on a unix socket, which the runtime cannot send, so
 * systemd's own program sends them; the unit allows that by NotifyAccess=all. Without a service manager nothing is told.
 */

const run = promisify(execFile);

/** The process that is the service. */
export type Service = Pick<NodeJS.Process, 'env' | 'pid' | 'once'>;

/**
 * Says that the service is ready; from then on that it is alive, where the unit has WatchdogSec=, and in the end that it has
 * been asked to end. Never throws: that systemd cannot be told stands in the log.
 */
export async function notifyReady(service: Service, log: Log): Promise<void> {
  const { env } = service;
  if (env['NOTIFY_SOCKET'] === undefined) return;
  const notify = async (state: string): Promise<void> => {
    try {
      await run('systemd-notify', [state], { env: { NOTIFY_SOCKET: env['NOTIFY_SOCKET'], PATH: env['PATH'] }, timeout: 10_000 });
    } catch (error) {
      log.warning('systemd could not be told', { state, error: errorFields(error).error });
    }
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) service.once(signal, () => void notify('STOPPING=1'));
  await notify('READY=1');
  const everyMs = watchdogMs(service) / 2;
  if (everyMs > 0) setInterval(() => void notify('WATCHDOG=1'), everyMs).unref();
}

/** How long the service may be silent; 0 where nobody minds, or another process is meant (sd_watchdog_enabled(3)). */
function watchdogMs({ env, pid }: Service): number {
  const { WATCHDOG_USEC = '', WATCHDOG_PID = String(pid) } = env;
  return WATCHDOG_PID === String(pid) && /^\d{1,12}$/.test(WATCHDOG_USEC) ? Number(WATCHDOG_USEC) / 1_000 : 0;
}
