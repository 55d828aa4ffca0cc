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

/** The services of a sandbox, by name, with what those that answer say of themselves. */
export async function serviceStates(root: string): Promise<readonly ServiceStatus[]> {
  const health = await askHealth(join(root, 'run/ovirt-engine/engine.sock'));
  return (await unitStates(root)).map(({ name, state, pid, since }): ServiceStatus => {
    const said =
      name === 'ovirt-engine' ? { version: health?.version, health: health?.state } : { version: clusterVersion(root), health: undefined };
    return {
      name,
      state,
      ...(pid === undefined ? {} : { pid }),
      ...(since === undefined ? {} : { since: since.toISOString() }),
      ...(said.version === undefined ? {} : { version: said.version }),
      ...(said.health === undefined ? {} : { health: said.health }),
    };
  });
}
