import { execFile } from 'node:child_process';
import { runService } from '../frame/run-service.ts';
import { startHelper } from './helper.ts';

await runService(process, ({ log }) =>
  startHelper({ log, configFile: process.env['HOST_HELPER_CONF'] ?? '/etc/ovirt-host-agent/helper.conf', execFile }),
);
