import { createLog, errorFields } from '../frame/log.ts';
import { createMask } from '../frame/mask.ts';
import { notifyReady } from '../frame/sd-notify.ts';
import { standardLog } from '../frame/standard-log.ts';
import { startNotifier } from './notifier.ts';

const mask = createMask();
const log = createLog({ write: standardLog(process), now: () => new Date(), mask });

// Whoever reads the log may go away; that is no reason to stop telling people of events.
process.stdout.on('error', () => undefined);
process.on('uncaughtException', (error) => {
  log.error('unexpected error, ending', errorFields(error));
  process.exit(1);
});

try {
  const notifier = await startNotifier({
    configFile: process.env['NOTIFIER_CONF'] ?? '/etc/ovirt-engine/notifier/notifier.conf',
    engineConfigFile: process.env['ENGINE_CONF'] ?? '/etc/ovirt-engine/engine.conf',
    log,
    mask,
    now: Date.now,
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => void notifier.stop(signal).then(() => process.exit(0)));
  }
  await notifier.ready;
  await notifyReady(process, log);
} catch (error) {
  log.error('cannot start', { error: errorFields(error).error });
  process.exit(1);
}
