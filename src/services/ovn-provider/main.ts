import { runService } from '../frame/run-service.ts';
import { startProvider } from './provider.ts';

await runService(process, ({ log, mask }) =>
  startProvider({
    log,
    mask,
    configFile: process.env['OVN_PROVIDER_CONF'] ?? '/etc/ovirt-provider-ovn/ovirt-provider-ovn.conf',
    now: Date.now,
  }),
);
