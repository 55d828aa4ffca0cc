import { runService } from '../frame/run-service.ts';
import { startEngine } from './engine.ts';

await runService(process, (part) =>
  startEngine({
    ...part,
    configFile: process.env['ENGINE_CONF'] ?? '/etc/ovirt-engine/engine.conf',
    now: Date.now,
    environment: process.env,
  }),
);
