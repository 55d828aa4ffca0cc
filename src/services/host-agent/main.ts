import { runService } from '../frame/run-service.ts';
import { startAgent } from './agent.ts';
import { networkPart } from './network/network-part.ts';
import { storagePart } from './storage/storage.ts';
import { virtualizationPart } from './virtualization.ts';

// Passwords of displays are the only secrets here, and nothing ever logs parameters of calls.
await runService(process, ({ log }) =>
  startAgent({
    log,
    configFile: process.env['HOST_AGENT_CONF'] ?? '/etc/ovirt-host-agent/host-agent.conf',
    now: Date.now,
    // Since the machine has started, as events tell it.
    clock: () => Number(process.hrtime.bigint() / 1_000_000n),
    createParts: (parts) => {
      const storage = storagePart(parts);
      return [storage, virtualizationPart({ ...parts, storage: storage.verbs }), networkPart(parts)];
    },
  }),
);
