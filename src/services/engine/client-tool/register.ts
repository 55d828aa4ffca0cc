import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import type { Database } from '../../frame/database.ts';
import { hashPassword } from '../sso/password-hash.ts';
import { Problem } from '../tool.ts';
import type { Wanted } from './arguments.ts';

/**
 * Registers a client under a new secret, which gets into the file and, as a hash, into the database. Throws a Problem when there is
 * such a file or such a client; the file is left behind only when the client is registered.
 */
export async function register(database: Database, wanted: Wanted, file: string): Promise<string> {
  const secret = randomBytes(32).toString('base64url');
  const lines = `SSO_CLIENT_ID="${wanted.id}"\nSSO_CLIENT_SECRET="${secret}"\n`;
  await writeFile(file, lines, { flag: 'wx', mode: 0o600 }).catch((error: unknown) => {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new Problem(code === 'EEXIST' ? `${file} is there already.` : `${file} cannot be written (${code}).`);
  });
  try {
    if (!(await store(database, wanted, await hashPassword(secret)))) {
      throw new Problem(`There is a client ${wanted.id} already. --replace gives it a new secret.`);
    }
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
  return `The client ${wanted.id} was registered. Its secret is in ${file}.`;
}

/** Writes the client and its addresses at once. Returns whether it was done: one that is there is changed only if so asked. */
async function store(database: Database, wanted: Wanted, hash: string): Promise<boolean> {
  const { id, scope, prefix, certificate, callback, signedUserInfo, replace, redirects } = wanted;
  const done = await database.query(
    `with client as (
       insert into sso_clients (client_id, client_secret, scope, callback_prefix, certificate_location, notification_callback, encrypted_userinfo)
       values ($1, $2, $3, $4, $5, $6, $7)
       on conflict (client_id) do update set client_secret = $2, scope = $3, callback_prefix = $4, certificate_location = $5,
         notification_callback = $6, encrypted_userinfo = $7 where $8
       returning client_id),
     gone as (delete from sso_client_redirects where client_id in (select client_id from client) and redirect_uri <> all($9::text[])),
     added as (insert into sso_client_redirects (client_id, redirect_uri) select client_id, unnest($9::text[]) from client
       on conflict do nothing)
     select 1 from client`,
    [id, hash, scope, prefix, certificate, callback, signedUserInfo, replace, redirects],
  );
  return done.length > 0;
}
