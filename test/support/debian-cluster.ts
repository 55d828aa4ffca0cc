import { type Machine, configurationOf, memoryHost, newMachine } from '../../src/setup/host/memory/index.ts';
import { file, textOf } from '../../src/setup/kit/host.ts';

/* The cluster that Debian's packages make, on a machine in memory. */

export const clusterUnit = 'postgresql@15-main';
export const clusterFolder = '/etc/postgresql/15/main';
const store = '/var/lib/postgresql/15/main/base/cluster.json';

/** What the server in memory keeps, as far as tests look into it. */
export interface StoredCluster {
  readonly roles: Record<string, { verifier: string }>;
  readonly databases: Record<
    string,
    { owner: string; open: boolean; schemas: object; options: Record<string, string>; timekeeping?: Record<string, string> }
  >;
}
/** What the server of a machine keeps. */
export const clusterOf = ({ disk }: Machine): StoredCluster => JSON.parse(textOf(disk.get(store))) as StoredCluster;

/** Changes what the server keeps, as its own administrator may. */
export function changeCluster(machine: Machine, change: (cluster: StoredCluster) => unknown): void {
  const cluster = clusterOf(machine);
  change(cluster);
  // By name, as the server in memory writes them.
  const databases = Object.fromEntries(Object.entries(cluster.databases).sort(([a], [b]) => (a < b ? -1 : 1)));
  machine.disk.set(store, file(JSON.stringify({ ...cluster, databases }), 0o600));
}

/** A host that has the server of the distribution already, with databases of somebody else, each owned by a role of its name. */
export async function hostWithCluster(
  databases: readonly string[] = [],
  on: { readonly down?: boolean; readonly configuration?: string; readonly more?: Partial<Machine> } = {},
): Promise<Machine> {
  const machine = newMachine({ packages: new Map([['postgresql-15', '15.18-0+deb12u1']]), ...on.more });
  await memoryHost(machine).run({ argv: ['pg_createcluster', '--port=5432', '15', 'main'] });
  const path = `${clusterFolder}/postgresql.conf`;
  machine.disk.set(path, file(`${textOf(machine.disk.get(path))}${on.configuration ?? ''}`, 0o644));
  changeCluster(machine, (cluster) => {
    for (const name of databases) {
      cluster.roles[name] = { verifier: `of ${name}` };
      cluster.databases[name] = { owner: name, open: true, schemas: {}, options: {} };
    }
  });
  if (on.down !== true) machine.running.set(clusterUnit, configurationOf(machine, clusterUnit));
  return machine;
}
