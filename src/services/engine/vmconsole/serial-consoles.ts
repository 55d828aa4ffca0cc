import type { Database } from '../../frame/database.ts';
import { permits } from '../api/collections/permits.ts';
import { internal, principalSql } from '../sso/principals.ts';
import type { AccessQuestion, ShownKey } from './proxy-request.ts';

/** A key together with the user who has left it in the own profile. */
export interface KeyOfUser {
  readonly userId: string;
  readonly userName: string;
  /** As the user has written it, with the comment. */
  readonly key: string;
}

export interface SerialConsole {
  readonly vmId: string;
  readonly vmName: string;
  /** The address of the host that the virtual machine runs on. */
  readonly host: string;
}

/** Whether somebody may use a console, and what to write down about it. */
export interface Access {
  readonly allowed: boolean;
  /** Null where the engine does not know the user. */
  readonly userName: string | null;
  /** The virtual machine as far as there is one of it, whether or not it may be used. */
  readonly vm: SerialConsole | null;
}

const userName = `u.username || '@${internal.profile}'`;
/**
 * SQL: whether a row of user_profiles, called k, holds a key.
 * @param type expression for its type, `$1`; the other one for its base64
 */
export const isKey = (type: string, base64: string): string =>
  `k.property_type = 'SSH_PUBLIC_KEY' and split_part(k.property_content, ' ', 2) = ${base64} and split_part(k.property_content, ' ', 1) = ${type}`;

/**
 * The users that a key belongs to, of those who may log in. It should be one: a key that two users have tells nobody who is there, so it is
 * taken for nobody's.
 */
export async function ownersOfKey(database: Database, { type, base64 }: ShownKey): Promise<readonly KeyOfUser[]> {
  const found = await database.query<KeyOfUser>(
    `select distinct on (u.user_id) u.user_id::text as "userId", ${userName} as "userName", k.property_content as key
     from user_profiles k join ${principalSql.tables} on u.user_id = k.user_id
     where ${isKey('$1', '$2')} and ${principalSql.condition} limit 2`,
    [type, base64],
  );
  return found.length > 1 ? [] : found;
}

/** Consoles that a user may connect to, by the names of their virtual machines. The roles of the user decide, also for administrators. */
export const consolesOf = (database: Database, userId: string): Promise<readonly SerialConsole[]> =>
  database.query<SerialConsole>(
    `select c.vm_id::text as "vmId", c.vm_name as "vmName", c.host_address as host
     from vm_serial_console c
     where has_permit($1, ${permits.connect_to_serial_console}, c.vm_id)
       and exists (select from ${principalSql.tables} where u.user_id = $1 and ${principalSql.condition})
     order by c.vm_name, c.vm_id`,
    [userId],
  );

/** Whether a user may use one console, with the key that was shown: while somebody is connected, either may be taken away. */
export async function accessTo(database: Database, { userId, key, vm }: AccessQuestion): Promise<Access> {
  const [column, named] = 'id' in vm ? ['vm_id::text', vm.id] : ['vm_name', vm.name];
  const machines = await database.query<SerialConsole & { readonly allowed: boolean }>(
    `select c.vm_id::text as "vmId", c.vm_name as "vmName", c.host_address as host,
       has_permit($1, ${permits.connect_to_serial_console}, c.vm_id) as allowed
     from vm_serial_console c where c.${column} = $2 order by allowed desc, c.vm_id limit 1`,
    [userId, named],
  );
  const [user] = await database.query<{ name: string; hasKey: boolean }>(
    `select ${userName} as name, exists (select from user_profiles k join ${principalSql.tables} on u.user_id = k.user_id
       where k.user_id = $1 and ${isKey('$2', '$3')} and ${principalSql.condition}) as "hasKey"
     from users u where u.user_id = $1`,
    [userId, key.type, key.base64],
  );
  const machine = machines[0] ?? null;
  return { allowed: user?.hasKey === true && machine?.allowed === true, userName: user?.name ?? null, vm: machine };
}
