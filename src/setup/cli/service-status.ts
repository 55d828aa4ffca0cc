import { existsSync, lstatSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../host/commands.ts';
import { askHealth } from '../host/health-socket.ts';
import { type UnitState, unitStates } from '../host/supervisor/unit-states.ts';
import { distributionOf, osRelease } from '../host/system.ts';
import { systemdStates } from '../host/systemd.ts';
import { type Family, familyOf } from '../kit/family.ts';

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

/** PostgreSQL speaks no HTTP; the cluster of a trial says which version made it. */
const clusterVersion = (root: string): string | undefined => {
  const path = join(root, 'var/lib/pgsql/data/PG_VERSION');
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined;
};

/** What a service says of itself, on the socket in the folder that it has at runtime. */
async function selfDescription(root: string, name: string): Promise<{ readonly version?: string | undefined; readonly state?: string }> {
  if (name === 'postgresql') return { version: clusterVersion(root) };
  if (!name.startsWith('ovirt-')) return {};
  return (await askHealth(join(root, 'run/ovirt-engine', name, 'health.sock'))) ?? {};
}

const unitFolder = 'etc/systemd/system';

const isEnabled = (root: string, unit: string): boolean =>
  lstatSync(join(root, unitFolder, 'multi-user.target.wants', `${unit}.service`), { throwIfNoEntry: false }) !== undefined;

/** Units of the system that ours need: the web server, and every cluster of PostgreSQL. */
export const unitsOfSystem: Readonly<Record<Family, (versions: readonly string[]) => readonly string[]>> = {
  debian: (versions) => ['apache2', ...versions.map((version) => `postgresql@${version}-main`)],
  'enterprise-linux': () => ['httpd', 'postgresql'],
};

/** Our units on a host of its own, and those of the system that they need. */
async function systemUnits(): Promise<readonly UnitState[]> {
  const folder = join('/', unitFolder);
  const ours = (existsSync(folder) ? readdirSync(folder) : []).flatMap((name) => /^(ovirt-[a-z-]+)\.service$/.exec(name)?.[1] ?? []);
  const versions = existsSync('/etc/postgresql') ? readdirSync('/etc/postgresql') : [];
  const others = unitsOfSystem[familyOf(distributionOf(osRelease()))](versions);
  return systemdStates(runCommand, [...others, ...ours].sort());
}

/** The services of an installation, by name, with what those that answer say of themselves. One that nobody has switched on is not told of. */
export async function serviceStates(root: string): Promise<readonly ServiceStatus[]> {
  const all = root === '/' ? await systemUnits() : await unitStates(root);
  const states = all.filter(({ name, state }) => state !== 'stopped' || !name.startsWith('ovirt-') || isEnabled(root, name));
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
