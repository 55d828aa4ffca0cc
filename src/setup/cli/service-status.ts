import { existsSync, lstatSync, readFileSync } from 'node:fs';
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

/** What a service says of itself. The socket of each is named after its unit. */
async function selfDescription(root: string, name: string): Promise<{ readonly version?: string | undefined; readonly state?: string }> {
  if (name === 'postgresql') return { version: clusterVersion(root) };
  return (await askHealth(join(root, 'run/ovirt-engine', `${name.replace(/^ovirt-/, '')}.sock`))) ?? {};
}

const isEnabled = (root: string, unit: string): boolean =>
  lstatSync(join(root, 'etc/systemd/system/multi-user.target.wants', `${unit}.service`), { throwIfNoEntry: false }) !== undefined;

/** The services of a sandbox, by name, with what those that answer say of themselves. One that nobody has switched on is not told of. */
export async function serviceStates(root: string): Promise<readonly ServiceStatus[]> {
  const states = (await unitStates(root)).filter(({ name, state }) => state !== 'stopped' || isEnabled(root, name));
  return Promise.all(
    states.map(async ({ name, state, pid, since }): Promise<ServiceStatus> => {
      const said = await selfDescription(root, name);
      return {
        name,
        state,
        ...(pid === undefined ? {} : { pid }),
        ...(since === undefined ? {} : { since: since.toISOString() }),
        ...(said.version === undefined ? {} : { version: said.version }),
        ...(said.state === undefined ? {} : { health: said.state }),
      };
    }),
  );
}
