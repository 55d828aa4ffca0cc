import { createLog, errorFields } from '../frame/log.ts';
import { createMask } from '../frame/mask.ts';
import { notifyReady } from '../frame/sd-notify.ts';
import { standardLog } from '../frame/standard-log.ts';
import { startWarehouse } from './warehouse.ts';

const mask = createMask();
const log = createLog({ write: standardLog(process), now: () => new Date(), mask });

// Whoever reads the log may go away; that is no reason to stop sampling.
process.stdout.on('error', () => undefined);
process.on('uncaughtException', (error) => {
  log.error('unexpected error, ending', errorFields(error));
  process.exit(1);
});

try {
  const warehouse = await startWarehouse({
    configFile: process.env['DWH_CONF'] ?? '/etc/ovirt-engine-dwh/ovirt-engine-dwhd.conf',
    log,
    mask,
    now: () => new Date(),
    ready: () => void notifyReady(process, log),
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => void warehouse.stop(signal).then(() => process.exit(0)));
  }
  await warehouse.ended.then(
    () => warehouse.stop('asked to end').then(() => process.exit(0)),
    async (error: unknown) => {
      log.error('cannot work', { error: errorFields(error).error });
      await warehouse.stop('it cannot work');
      process.exit(1);
    },
  );
} catch (error) {
  log.error('cannot start', { error: errorFields(error).error });
  process.exit(1);
}
