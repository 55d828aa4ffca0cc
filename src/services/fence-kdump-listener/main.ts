import { createLog, errorFields } from '../frame/log.ts';
import { createMask } from '../frame/mask.ts';
import { notifyReady } from '../frame/sd-notify.ts';
import { standardLog } from '../frame/standard-log.ts';
import { startListener } from './listener.ts';

const mask = createMask();
const log = createLog({ write: standardLog(process), now: () => new Date(), mask });

const giveUp = (what: string, error: unknown): never => {
  log.error(what, errorFields(error));
  process.exit(1);
};

// Whoever reads the log may go away; that is no reason to stop listening.
process.stdout.on('error', () => undefined);
process.on('uncaughtException', (error) => giveUp('unexpected error, ending', error));

try {
  const listener = await startListener({
    configFile: process.env['FENCE_KDUMP_LISTENER_CONF'] ?? '/etc/ovirt-engine/ovirt-fence-kdump-listener.conf',
    engineConfigFile: process.env['ENGINE_CONF'] ?? '/etc/ovirt-engine/engine.conf',
    log,
    mask,
    now: () => performance.now(),
    failed: (error) => giveUp('the socket broke, ending', error),
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => void listener.stop(signal).then(() => process.exit(0)));
  }
  await listener.ready;
  await notifyReady(process, log);
} catch (error) {
  log.error('cannot start', { error: errorFields(error).error });
  process.exit(1);
}
