import { runService } from '../frame/run-service.ts';
import { startNotifier } from './notifier.ts';

await runService(process, (part) =>
  startNotifier({
    ...part,
    configFile: process.env['NOTIFIER_CONF'] ?? '/etc/ovirt-engine/notifier/notifier.conf',
    engineConfigFile: process.env['ENGINE_CONF'] ?? '/etc/ovirt-engine/engine.conf',
    now: Date.now,
  }),
);
