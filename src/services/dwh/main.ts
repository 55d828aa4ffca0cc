import { runService } from '../frame/run-service.ts';
import { startWarehouse } from './warehouse.ts';

await runService(process, async (part) => {
  const connected = Promise.withResolvers<undefined>();
  const warehouse = await startWarehouse({
    ...part,
    configFile: process.env['DWH_CONF'] ?? '/etc/ovirt-engine-dwh/ovirt-engine-dwhd.conf',
    now: () => new Date(),
    ready: () => connected.resolve(undefined),
  });
  return { ...warehouse, ready: connected.promise };
});
