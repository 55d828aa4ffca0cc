import { runService } from '../frame/run-service.ts';
import { startService } from './service.ts';

// Tickets are the only secrets here, and nothing ever logs one.
await runService(process, ({ log }) =>
  startService({
    log,
    configFile: process.env['IMAGE_IO_CONF'] ?? '/etc/ovirt-imageio/ovirt-imageio.conf',
    now: Date.now,
    clock: () => performance.now(),
  }),
);
