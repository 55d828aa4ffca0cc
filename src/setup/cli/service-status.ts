import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { askHealth } from '../host/health-socket.ts';
import { unitStates } from '../host/supervisor/unit-states.ts';

/** One service as `status` shows it. */
export interface ServiceStatus {
  readonly name: string;
  /** `unknown`: the installation has lost what it knew of its processes. */
  readonly state: 'running' | 'stopped' | 'failed' | 'restarting' | 'unknown';
  readonly pid?: number;
  readonly since?: string;
  /** What the service says of itself; unknown while it does not answer. */
  readonly version?: string;
  readonly health?: string;
}

/** PostgreSQL speaks no HTTP; its cluster says which version made it. */
const clusterVersion = (root: string): string | undefined => {
  const path = join(root, 'var/lib/pgsql/data/PG_VERSION');
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined;
};

/** The socket of a service: the name of its unit, without what all have in common. */
const socketOf = (root: string, unit: string): string => join(root, 'run/ovirt-engine', `${unit.replace(/^ovirt-/, '')}.sock`);

/** The services of a sandbox, by name, with what those that answer say of themselves. */
export async function serviceStates(root: string): Promise<readonly ServiceStatus[]> {
  const states = await unitStates(root);
  return Promise.all(
    states.map(async ({ name, state, pid, since }): Promise<ServiceStatus> => {
      const health = name === 'postgresql' ? undefined : await askHealth(socketOf(root, name));
      const version = name === 'postgresql' ? clusterVersion(root) : health?.version;
      return {
        name,
        state,
        ...(pid === undefined ? {} : { pid }),
        ...(since === undefined ? {} : { since: since.toISOString() }),
        ...(version === undefined ? {} : { version }),
        ...(health === undefined ? {} : { health: health.state }),
      };
    }),
  );
}
