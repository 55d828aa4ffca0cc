import type { Agent, AskOptions } from '../agents/agent.ts';
import { objectOf } from '../agents/hostile.ts';
import { zeroId } from '../zero-id.ts';

/** How storage is reached. */
export interface StorageConnection {
  readonly id: string;
  /** `server:/path` of NFS, a folder, or what else is mounted. */
  readonly connection: string;
  /** Its number in `storageKinds`. */
  readonly kind: number;
  /** Null leaves it to both sides. */
  readonly nfsVersion: string | null;
  /** Tenths of a second, and a count. */
  readonly nfsTimeo: number | null;
  readonly nfsRetrans: number | null;
  readonly mountOptions: string | null;
  /** The type of the file system where it is another one of POSIX. */
  readonly vfsType: string | null;
}

/** A connection that a host does not have, and why. */
export interface NotConnected {
  readonly connection: StorageConnection;
  /** Goes on behind `because`. */
  readonly why: string;
}

/** What agents mean by the status of a connection. */
const reasons: Readonly<Record<number, string>> = {
  453: 'the connection has no valid form, or an option that is not allowed',
  469: 'there is no such folder, or the agent may not read and write in it: it must belong to the account vdsm (36:36)',
  477: 'it could not be mounted; the log of the host helper says more',
};

/** What agents are told of a connection. What is null is left out, as agents want it. */
const onTheWire = ({ id, connection, nfsVersion, nfsTimeo, nfsRetrans, mountOptions, vfsType }: StorageConnection): object => ({
  ...{ id, connection, user: '', password: '', iqn: '', port: '', tpgt: '1' },
  ...(nfsVersion === null ? { protocol_version: 'auto' } : { protocol_version: nfsVersion }),
  ...(nfsTimeo === null ? {} : { timeout: nfsTimeo }),
  ...(nfsRetrans === null ? {} : { retrans: nfsRetrans }),
  ...(mountOptions === null ? {} : { mnt_options: mountOptions }),
  ...(vfsType === null ? {} : { vfs_type: vfsType }),
});

/**
 * Has a host connect to storage, each connection once; doing it again changes nothing. Returns what it could not be connected to. Throws AgentFailure and
 * AgentUnreachable.
 */
export async function connectStorage(
  agent: Agent,
  pool: string | null,
  connections: readonly StorageConnection[],
  options: AskOptions,
): Promise<readonly NotConnected[]> {
  const failed: NotConnected[] = [];
  for (const [kind, some] of groups(connections)) {
    const answer = await agent.call('StoragePool.connectStorageServer', paramsOf(pool, kind, some), options);
    const statuses = Array.isArray(answer) ? answer.map(objectOf) : [];
    for (const connection of some) {
      const status = statuses.find(({ id }) => id === connection.id)?.['status'];
      if (status === 0) continue;
      const why =
        typeof status === 'number' ? (reasons[status] ?? `the agent gives the code ${status}`) : 'the agent does not say what became of it';
      failed.push({ connection, why });
    }
  }
  return failed;
}

/** Has a host let go of storage. Throws what `connectStorage` does. */
export async function disconnectStorage(
  agent: Agent,
  pool: string | null,
  connections: readonly StorageConnection[],
  options: AskOptions,
): Promise<void> {
  for (const [kind, some] of groups(connections)) {
    await agent.call('StoragePool.disconnectStorageServer', paramsOf(pool, kind, some), options);
  }
}

/** By their kinds, since a call is of one kind. Domains may share a connection. */
function groups(connections: readonly StorageConnection[]): ReadonlyMap<number, readonly StorageConnection[]> {
  const each = new Map(connections.map((one) => [one.id, one]));
  return Map.groupBy(each.values(), ({ kind }) => kind);
}

const paramsOf = (pool: string | null, kind: number, connections: readonly StorageConnection[]): object => ({
  storagepoolID: pool ?? zeroId,
  domainType: kind,
  connectionParams: connections.map(onTheWire),
});
