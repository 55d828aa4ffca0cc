import { createLog, errorFields } from '../frame/log.ts';
import { createMask } from '../frame/mask.ts';
import { notifyReady } from '../frame/sd-notify.ts';
import { standardLog } from '../frame/standard-log.ts';
import { startProxy } from './proxy.ts';

// Tickets are the only secrets here, and nothing ever logs one.
const log = createLog({ write: standardLog(process), now: () => new Date(), mask: createMask() });

// Whoever reads the log may go away; that is no reason to cut consoles.
process.stdout.on('error', () => undefined);
process.on('uncaughtException', (error) => {
  log.error('unexpected error, ending', errorFields(error));
  process.exit(1);
});

try {
  const proxy = await startProxy({
    configFile: process.env['WEBSOCKET_PROXY_CONF'] ?? '/etc/ovirt-engine/ovirt-websocket-proxy.conf',
    log,
    now: Date.now,
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void proxy.stop(signal).then(() => process.exit(0)));
  await notifyReady(process, log);
} catch (error) {
  log.error('cannot start', { error: errorFields(error).error });
  process.exit(1);
}
