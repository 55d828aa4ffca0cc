import type { Database } from '../../frame/database.ts';
import { splitScope } from './scopes.ts';

/** A program that is registered with single sign-on. */
export interface Client {
  readonly id: string;
  /** Salted and slow hash of its secret. */
  readonly secretHash: string;
  /** What it may ask for. */
  readonly scopes: readonly string[];
  /** Whether it belongs to this installation: only then may people log in for it. */
  readonly trusted: boolean;
  /** Whether it gets what it asks about a user as a signed token. */
  readonly signedUserInfo: boolean;
  /** Addresses it may be called back at. */
  readonly redirects: readonly string[];
}

/** Looks a client up by its exact id. */
export async function findClient(database: Database, id: string): Promise<Client | null> {
  const [row] = await database.query<Omit<Client, 'scopes'> & { scope: string }>(
    `select c.client_id as id, c.client_secret as "secretHash", c.scope, c.trusted, c.encrypted_userinfo as "signedUserInfo",
       array(select redirect_uri from sso_client_redirects r where r.client_id = c.client_id)::text[] as redirects
     from sso_clients c where c.client_id = $1`,
    [id],
  );
  if (row === undefined) return null;
  const { scope, ...client } = row;
  return { ...client, scopes: splitScope(scope) };
}

/** Where clients want to be told that a token has ended. */
export async function notificationCallbacks(database: Database): Promise<readonly { readonly id: string; readonly url: string }[]> {
  return database.query(
    `select client_id as id, notification_callback as url from sso_clients where coalesce(notification_callback, '') <> '' order by id`,
  );
}
