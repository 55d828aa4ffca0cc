import { runService } from '../frame/run-service.ts';
import { startListener } from './listener.ts';

await runService(process, async (part) => {
  const broken = Promise.withResolvers<never>();
  const listener = await startListener({
    ...part,
    configFile: process.env['FENCE_KDUMP_LISTENER_CONF'] ?? '/etc/ovirt-engine/ovirt-fence-kdump-listener.conf',
    engineConfigFile: process.env['ENGINE_CONF'] ?? '/etc/ovirt-engine/engine.conf',
    now: () => performance.now(),
    failed: broken.reject,
  });
  return { ...listener, ended: broken.promise };
});
