import { randomUUID } from 'node:crypto';
import type { Database } from '../../frame/database.ts';
import { inTurns } from '../../frame/in-turn.ts';
import { sqlState } from '../../frame/sql-state.ts';
import { statusNumber } from '../hosts/host-status.ts';
import { badRequest, Refusal } from '../http/refusal.ts';
import { readOption } from '../options.ts';
import { isAutoApproved } from './approve-patterns.ts';
import { approve } from './auto-approval.ts';
import type { Registrant } from './register-request.ts';

/** How many machines may wait for approval: all of them, and those of one network. Whoever registers is a stranger. */
export const mostPending = { ofAll: 200, ofNetwork: 50 } as const;

/** A host that registered, or has the name or the address of one that does. */
interface Known {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly sshPort: number;
  readonly fingerprint: string | null;
  readonly uniqueId: string | null;
  readonly pending: boolean;
}

const known = `select s.vds_id::text as id, s.vds_name as name, s.host_name as address, s.ssh_port as "sshPort", s.sshkeyfingerprint as fingerprint,
    lower(coalesce(r.unique_id, s.vds_unique_id)) as "uniqueId", d.status = ${statusNumber('pending_approval')} as pending
  from vds_static s join vds_dynamic d using (vds_id) left join host_registration r using (vds_id)`;

/** The first free name that is made of one with a number behind it; `$1` is that name. */
const freeName = (column: 'vds_name' | 'host_name'): string =>
  `(select $1 || '-' || n from generate_series(2, 10000) n where not exists (select from vds_static where lower(${column}) = lower($1 || '-' || n)) limit 1)`;

const uniqueViolation = '23505';
const same = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
const taken = (): Refusal => badRequest('Another host has this address. It has to be removed from the engine first.');

export interface RegistrationParts {
  readonly database: Database;
  readonly now: () => number;
  /** Called when a host was approved by its name, and is installed now. */
  readonly begun: () => void;
}

/** Takes machines in that register themselves: they become hosts that wait for approval. */
export interface Registrations {
  /**
   * Does nothing for a machine that has registered already.
   * @param source the network that it came from
   * @throws a refusal (400) where a host that was approved stands in the way, or (503) where too many wait already
   */
  register(registrant: Registrant, source: string): Promise<void>;
}

export function createRegistrations({ database, now, begun }: RegistrationParts): Registrations {
  const inTurn = inTurns();
  const time = (): Date => new Date(now());

  async function tell(code: number, name: string, host: string, text: string): Promise<void> {
    await database.query(
      `insert into audit_log (log_time, log_type, log_type_name, severity, message, vds_id, vds_name)
       select $1, $2::integer, $3, 0, $4, vds_id, vds_name from vds_static where vds_id = $5`,
      [time(), code, name, text, host],
    );
  }

  async function needRoom(source: string): Promise<void> {
    const [pending] = await database.query<{ all: number; mine: number }>(
      `select count(*)::integer as all, (count(*) filter (where r.source = $1))::integer as mine
       from vds_dynamic d left join host_registration r using (vds_id) where d.status = ${statusNumber('pending_approval')}`,
      [source],
    );
    if ((pending?.all ?? 0) < mostPending.ofAll && (pending?.mine ?? 0) < mostPending.ofNetwork) return;
    throw new Refusal(503, 'Too many machines wait for approval already.', { 'retry-after': '300' });
  }

  /** Another host that waits gives up its name, or its address: it was never looked at, so there is nothing of it to lose. */
  async function giveWay(other: Known, column: 'vds_name' | 'host_name', value: string): Promise<void> {
    const [changed] = await database.query<{ value: string }>(
      `update vds_static set ${column} = ${freeName(column)} where vds_id = $2 and exists (select from vds_dynamic
         where vds_id = $2 and status = ${statusNumber('pending_approval')}) returning ${column} as value`,
      [value, other.id],
    );
    if (changed === undefined) throw taken();
    const what = column === 'vds_name' ? 'name' : 'address';
    await tell(
      1200,
      'OBJECT_RENAMED',
      other.id,
      `Host ${other.name} has the ${what} ${changed.value} now: another machine has registered with ${value}.`,
    );
  }

  const hostsWith = (column: 'vds_name' | 'host_name', value: string): Promise<readonly Known[]> =>
    database.query<Known>(`${known} where lower(s.${column}) = lower($1)`, [value]);

  /** Throws a refusal where a host that was approved has the address. */
  async function freeAddress(address: string, self: string | null): Promise<void> {
    const owner = (await hostsWith('host_name', address)).find(({ id }) => id !== self);
    if (owner?.pending === false) throw taken();
    if (owner !== undefined) await giveWay(owner, 'host_name', address);
  }

  /** The name that is to be had: what people have named stays as it is. */
  async function nameFor(name: string): Promise<string> {
    const owners = await hostsWith('vds_name', name);
    if (owners.every(({ pending }) => pending)) {
      for (const owner of owners) await giveWay(owner, 'vds_name', name);
      return name;
    }
    const [free] = await database.query<{ name: string | null }>(`select ${freeName('vds_name')} as name`, [name]);
    if (typeof free?.name !== 'string') throw badRequest('Too many hosts have this name.');
    return free.name;
  }

  const waits = (name: string, { address, fingerprint, uniqueId }: Registrant): string =>
    `Host ${name} has registered itself with the address ${address}, the SSH fingerprint ${fingerprint} and the hardware UUID ${uniqueId}. It waits for approval.`;

  async function add(registrant: Registrant, source: string): Promise<string> {
    await needRoom(source);
    await freeAddress(registrant.address, null);
    const name = await nameFor(registrant.name);
    const id = randomUUID();
    await database.query(
      `with added as (insert into vds_static (vds_id, vds_name, host_name, ssh_port, sshkeyfingerprint, cluster_id)
         select $1, $2, $3, $4, $5, cluster_id from cluster
         order by cluster_id::text <> coalesce((select option_value from vdc_options where option_name = 'AutoRegistrationDefaultClusterID'
           and version = 'general'), ''), name <> 'Default', name limit 1 returning vds_id),
       dynamic as (insert into vds_dynamic (vds_id, status, status_since) select vds_id, ${statusNumber('pending_approval')}, $8 from added),
       statistics as (insert into vds_statistics (vds_id) select vds_id from added)
       insert into host_registration (vds_id, unique_id, source, registered_at) select vds_id, $6, $7, $8 from added`,
      [id, name, registrant.address, registrant.sshPort, registrant.fingerprint, registrant.uniqueId, source, time()],
    );
    await tell(828, 'VDS_REGISTER_SUCCEEDED', id, waits(name, registrant));
    return id;
  }

  /** A machine that waits has another address by now. Its key is the same, or it would be another machine; its name is for people to change. */
  async function move(before: Known, registrant: Registrant): Promise<void> {
    const { address, sshPort } = registrant;
    if (same(before.address, address) && before.sshPort === sshPort) return;
    await freeAddress(address, before.id);
    await database.query(
      `update vds_static set host_name = $2, ssh_port = $3 where vds_id = $1 and exists (select from vds_dynamic
         where vds_id = $1 and status = ${statusNumber('pending_approval')})`,
      [before.id, address, sshPort],
    );
    await tell(828, 'VDS_REGISTER_SUCCEEDED', before.id, waits(before.name, registrant));
  }

  /** Returns the id of the host that waits, or null where it is approved already. */
  async function take(registrant: Registrant, source: string): Promise<string | null> {
    const { uniqueId, fingerprint, address } = registrant;
    const alike = await database.query<Known>(`${known} where r.unique_id = $1 or lower(s.vds_unique_id) = $1`, [uniqueId]);
    const self = alike.find((host) => host.fingerprint === fingerprint);
    // A stranger may claim any UUID: what an administrator has approved is not touched for that.
    if (self?.pending === false && same(self.address, address)) return null;
    if (alike.some(({ pending }) => !pending))
      throw badRequest('The engine has a host with this hardware already. It has to be removed from the engine first.');
    if (self === undefined) return add(registrant, source);
    await move(self, registrant);
    return self.id;
  }

  return {
    register: (registrant, source) =>
      inTurn(async () => {
        const id = await take(registrant, source).catch((error: unknown) => {
          // Another engine has just given the name or the address away.
          if (sqlState(error) === uniqueViolation)
            throw new Refusal(503, 'Another machine registers just now. Try again.', { 'retry-after': '5' });
          throw error;
        });
        if (id === null || !isAutoApproved(await readOption(database, 'AutoApprovePatterns'), [registrant.name, registrant.uniqueId]))
          return;
        if (await approve(database, id, now)) begun();
      }),
  };
}
