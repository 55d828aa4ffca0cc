import { type Change, type DatabaseAddress, type Heading, type HostReader, type Sql, type Statement, type Step, nothing } from '#kit';
import { hashPassword, matchesHash } from '../pki/password-hash.ts';
import { lookOr } from './sql.ts';

/** A program as it is to be known to the engine's single sign-on. */
export interface WantedClient {
  readonly at: DatabaseAddress;
  readonly id: string;
  readonly secret: string;
  /** What it may ask for. */
  readonly scopes: readonly string[];
  readonly description: string;
  /** The certificate that the engine knows it by. */
  readonly certificate: string;
  /** What all addresses begin with at which it may be called back; empty where it never is. */
  readonly prefix: string;
  /** Those addresses. */
  readonly redirects: readonly string[];
}

interface Registration {
  /** The secret as it is stored: a slow, salted hash. */
  readonly secret: string;
  readonly prefix: string;
  readonly certificate: string;
  readonly scope: string;
  readonly redirects: readonly string[];
}

async function present(sql: Sql, id: string): Promise<Registration | undefined> {
  const [found] = await sql.rows<{ [Key in keyof Registration]: Registration[Key] }>(
    `select client_secret as secret, coalesce(callback_prefix, '') as prefix, certificate_location as certificate, scope,
       array(select redirect_uri from sso_client_redirects r where r.client_id = c.client_id order by redirect_uri collate "C")::text[] as redirects
     from sso_clients c where client_id = $1`,
    [id],
  );
  return found;
}

const register = (
  id: string,
  description: string,
  { secret, prefix, certificate, scope, redirects }: Registration,
): readonly Statement[] => [
  {
    text: `insert into sso_clients (client_id, client_secret, callback_prefix, certificate_location, description, email, scope)
           values ($1, $2, $3, $4, $6, '', $5)
           on conflict (client_id) do update set client_secret = $2, callback_prefix = $3, certificate_location = $4, scope = $5`,
    values: [id, secret, prefix, certificate, scope, description],
  },
  { text: 'delete from sso_client_redirects where client_id = $1', values: [id] },
  { text: 'insert into sso_client_redirects (client_id, redirect_uri) select $1, unnest($2::text[])', values: [id, redirects] },
];

const remove = (id: string): readonly Statement[] => [{ text: 'delete from sso_clients where client_id = $1', values: [id] }];

/** A program that is registered with single sign-on. Of its secret, which its configuration holds, only a hash gets into the database. */
export function registeredClient(heading: Heading, wanted: WantedClient): Step {
  const { at, id, secret, prefix, certificate, description } = wanted;
  const rest = { prefix, certificate, scope: wanted.scopes.join(' '), redirects: [...wanted.redirects].sort() };
  const isRight = async ({ secret: stored, ...found }: Registration, host: HostReader): Promise<boolean> =>
    JSON.stringify([found.prefix, found.certificate, found.scope, found.redirects]) ===
      JSON.stringify([rest.prefix, rest.certificate, rest.scope, rest.redirects]) && (await matchesHash(stored, secret, host.crypto));
  return {
    ...heading,
    ...asBefore(at, id, description),
    check: (host) =>
      lookOr<Change>(host, at, { kind: 'create', note: id }, async (sql) => {
        const found = await present(sql, id);
        if (found === undefined) return { kind: 'create', note: id };
        return (await isRight(found, host)) ? nothing : { kind: 'update', note: id };
      }),
    async apply(host) {
      const hash = await hashPassword(secret, host.crypto);
      await host.database.change(at, (sql) => sql.atomically(register(id, description, { ...rest, secret: hash })));
    },
  };
}

/** A program that single sign-on is not to know any more. */
export const unregisteredClient = (heading: Heading, { at, id, description }: Pick<WantedClient, 'at' | 'id' | 'description'>): Step => ({
  ...heading,
  ...asBefore(at, id, description),
  check: (host) =>
    lookOr<Change>(host, at, nothing, async (sql) => ((await present(sql, id)) === undefined ? nothing : { kind: 'remove', note: id })),
  apply: (host) => host.database.change(at, (sql) => sql.atomically(remove(id))),
});

/** The hash of a secret of this length tells nothing about it, so it may be kept for the way back. */
const asBefore = (at: DatabaseAddress, id: string, description: string): Required<Pick<Step, 'prepare' | 'undo'>> => ({
  prepare: (host) =>
    host.database.look(at, async (sql) => {
      const found = await present(sql, id);
      return found === undefined ? null : { ...found };
    }),
  undo: {
    async run(host, kept) {
      const statements = kept === null ? remove(id) : register(id, description, kept as unknown as Registration);
      await host.database.change(at, (sql) => sql.atomically(statements));
    },
  },
});
