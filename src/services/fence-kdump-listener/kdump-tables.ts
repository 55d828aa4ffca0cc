import type { Database } from '../frame/database.ts';
import { plainAddress } from './plain-address.ts';
import type { HostsByAddress, KdumpStatus } from './sessions.ts';

/** The name under which the engine looks for our sign of life. */
const heartbeatName = 'fence-kdump-listener-heartbeat';

/** What the listener keeps in the engine's database. Every member throws what the database does. */
export interface KdumpTables {
  /** Dumps that were not finished when they were last stored. A row that cannot be read is left out and counted. */
  unfinished(): Promise<{ readonly dumps: readonly Omit<KdumpStatus, 'status'>[]; readonly unreadable: number }>;
  /** All hosts by their addresses. An address that several hosts have tells nothing, so it is left out. */
  hosts(): Promise<HostsByAddress>;
  store(statuses: readonly KdumpStatus[]): Promise<void>;
  heartbeat(): Promise<void>;
}

/** The tables behind a database. */
export function kdumpTables(database: Database): KdumpTables {
  return {
    async unfinished() {
      const rows = await database.query<{ hostId: string; address: string }>(
        `select vds_id as "hostId", address from vds_kdump_status where status <> 'finished'`,
      );
      const dumps = rows.flatMap(({ hostId, address }) => {
        const sender = readSender(address);
        return sender === null ? [] : [{ hostId, ...sender }];
      });
      return { dumps, unreadable: rows.length - dumps.length };
    },
    async hosts() {
      return byAddress(
        await database.query(
          'select distinct vds_id as "hostId", addr, ipv6_address as "ipv6Address" from vds_interface where vds_id is not null',
        ),
      );
    },
    async store(statuses) {
      const column = (pick: (status: KdumpStatus) => string): string[] => statuses.map(pick);
      await database.query(
        `insert into vds_kdump_status (vds_id, status, address)
         select * from unnest($1::uuid[], $2::text[], $3::text[])
         on conflict (vds_id) do update set status = excluded.status, address = excluded.address
         where (vds_kdump_status.status, vds_kdump_status.address) is distinct from (excluded.status, excluded.address)`,
        [column(({ hostId }) => hostId), column(({ status }) => status), column(({ address, port }) => JSON.stringify([address, port]))],
      );
    },
    async heartbeat() {
      // The engine compares the time of the database with that of the database: no clock of ours is in it.
      await database.query(
        `insert into external_variable (var_name, var_value, _update_date) values ($1, now()::text, now())
         on conflict (var_name) do update set var_value = excluded.var_value, _update_date = excluded._update_date`,
        [heartbeatName],
      );
    },
  };
}

interface InterfaceRow {
  readonly hostId: string;
  readonly addr: string | null;
  readonly ipv6Address: string | null;
}

function byAddress(rows: readonly InterfaceRow[]): HostsByAddress {
  const hosts = new Map<string, string>();
  const ambiguous = new Set<string>();
  for (const { hostId, addr, ipv6Address } of rows) {
    for (const text of [addr, ipv6Address]) {
      const address = plainAddress(text ?? '');
      if (address === null) continue;
      if ((hosts.get(address) ?? hostId) !== hostId) ambiguous.add(address);
      hosts.set(address, hostId);
    }
  }
  for (const address of ambiguous) hosts.delete(address);
  return hosts;
}

/** Reads `["192.0.2.7",50000]`, the form in which the address of a sender is stored. */
function readSender(text: string): { readonly address: string; readonly port: number } | null {
  try {
    const [address, port] = JSON.parse(text) as unknown[];
    const plain = typeof address === 'string' ? plainAddress(address) : null;
    return plain === null || typeof port !== 'number' ? null : { address: plain, port };
  } catch {
    return null;
  }
}
