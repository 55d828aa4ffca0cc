import { runService } from '../frame/run-service.ts';
import { startProxy } from './proxy.ts';

// Tickets are the only secrets here, and nothing ever logs one.
await runService(process, ({ log }) =>
  startProxy({
    log,
    configFile: process.env['WEBSOCKET_PROXY_CONF'] ?? '/etc/ovirt-engine/ovirt-websocket-proxy.conf',
    now: Date.now,
  }),
);
