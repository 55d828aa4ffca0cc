import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConf } from '../answers/conf.ts';
import { askHealth } from '../host/health-socket.ts';
import { unitStates } from '../host/supervisor/unit-states.ts';
import { kindOfRoot } from './sandbox-root.ts';

/** One service as `status` shows it. */
export interface ServiceStatus {
  readonly name: string;
  readonly state: 'running' | 'stopped' | 'failed' | 'restarting';
  readonly pid?: number;
  readonly since?: string;
  /** What the service says of itself; unknown while it does not answer. */
  readonly version?: string;
  readonly health?: string;
}

/** What `engine-setup status --json` prints. */
export interface Status {
  readonly root: string;
  readonly state: 'not installed' | 'running' | 'stopped' | 'degraded';
  readonly version?: string;
  readonly addresses?: { readonly web: string; readonly api: string };
  readonly user?: string;
  /** File with the password of the administrator, where it was made up; mode 0600. */
  readonly passwordFile?: string;
  readonly caFile?: string;
  readonly services: readonly ServiceStatus[];
}

const postInstall = 'etc/ovirt-engine-setup.conf.d/20-setup-ovirt-post.conf';

/** PostgreSQL speaks no HTTP; its cluster says which version made it. */
const clusterVersion = (root: string): string | undefined => {
  const path = join(root, 'var/lib/pgsql/data/PG_VERSION');
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined;
};

async function services(root: string): Promise<readonly ServiceStatus[]> {
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

const overall = (list: readonly ServiceStatus[]): Status['state'] => {
  if (list.every(({ state, health }) => state === 'running' && (health === undefined || health === 'ready'))) return 'running';
  return list.every(({ state }) => state === 'stopped') ? 'stopped' : 'degraded';
};

/** Looks at an installation from outside, without changing anything. */
export async function inspectInstallation(root: string): Promise<Status> {
  const path = join(root, postInstall);
  if (kindOfRoot(root) !== 'sandbox' || !existsSync(path)) return { root, state: 'not installed', services: [] };
  const answers = new Map(readConf(readFileSync(path, 'utf8'), path).statements.map(({ key, value }) => [key, value]));
  const address = `https://${String(answers.get('OVESETUP_CONFIG/fqdn'))}:${String(answers.get('OVESETUP_CONFIG/publicHttpsPort'))}/ovirt-engine`;
  const passwordFile = join(root, 'var/lib/ovirt-engine/admin-password');
  const list = await services(root);
  return {
    root,
    state: overall(list),
    version: String(answers.get('OVESETUP_CORE/generatedByVersion')),
    addresses: { web: `${address}/`, api: `${address}/api` },
    user: 'admin@internal',
    ...(existsSync(passwordFile) ? { passwordFile } : {}),
    caFile: join(root, 'etc/pki/ovirt-engine/ca.pem'),
    services: list,
  };
}
