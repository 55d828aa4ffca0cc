import { errorFields, createLog } from '../frame/log.ts';
import { createMask } from '../frame/mask.ts';
import { notifyReady } from '../frame/sd-notify.ts';
import { standardLog } from '../frame/standard-log.ts';
import { startEngine } from './engine.ts';

const mask = createMask();
const log = createLog({ write: standardLog(process), now: () => new Date(), mask });

// Whoever reads the log may go away; that is no reason to stop managing machines.
process.stdout.on('error', () => undefined);
process.on('uncaughtException', (error) => {
  log.error('unexpected error, ending', errorFields(error));
  process.exit(1);
});

try {
  const engine = await startEngine({
    configFile: process.env['ENGINE_CONF'] ?? '/etc/ovirt-engine/engine.conf',
    log,
    mask,
    now: Date.now,
  });
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      stopping = true;
      void engine.stop(signal).then(() => process.exit(0));
    });
  }
  await engine.ready
    .then(() => notifyReady(process, log))
    .catch(async (error: unknown) => {
      // Being told to stop while waiting for the database is no failure.
      if (stopping) return;
      log.error('cannot start', { error: errorFields(error).error });
      await engine.stop('the database cannot be used');
      process.exit(1);
    });
} catch (error) {
  log.error('cannot start', { error: errorFields(error).error });
  process.exit(1);
}
