import { type Change, type HostReader, type Sql, type Statement, type Step, type View, nothing } from '#kit';
import { lookOr } from '#steps';
import { hashPassword, matchesHash } from '../../src/setup/pki/password-hash.ts';
import { engineDatabase } from '../database/settings.ts';
import { realRoot } from '../environment/settings.ts';
import { fqdn, httpsPort } from '../network/settings.ts';
import { paths as pki } from '../pki/settings.ts';
import { ssoClientSecret } from './settings.ts';

const clientId = 'ovirt-engine-core';

/** What the engine may ask of its own single sign-on. */
const scopes = [
  'openid',
  'ovirt-app-portal',
  'ovirt-app-admin',
  'ovirt-app-api',
  'ovirt-ext=auth:identity',
  'ovirt-ext=token:password-access',
  'ovirt-ext=auth:sequence-priority',
  'ovirt-ext=token:login-on-behalf',
  'ovirt-ext=token-info:authz-search',
  'ovirt-ext=token-info:public-authz-search',
  'ovirt-ext=token-info:validate',
  'ovirt-ext=revoke:revoke-all',
];

/** Where the pages of the engine take people back after a login. */
const callbacks = ['oauth2-callback', 'webadmin/sso/oauth2-callback', 'web-ui/sso/oauth2-callback'];

interface Registration {
  /** The secret as it is stored: a slow, salted hash. */
  readonly secret: string;
  readonly prefix: string;
  readonly certificate: string;
  readonly scope: string;
  readonly redirects: readonly string[];
}

async function present(sql: Sql): Promise<Registration | undefined> {
  const [found] = await sql.rows<{ [Key in keyof Registration]: Registration[Key] }>(
    `select client_secret as secret, callback_prefix as prefix, certificate_location as certificate, scope,
       array(select redirect_uri from sso_client_redirects r where r.client_id = c.client_id order by redirect_uri collate "C")::text[] as redirects
     from sso_clients c where client_id = $1`,
    [clientId],
  );
  return found;
}

const register = ({ secret, prefix, certificate, scope, redirects }: Registration): readonly Statement[] => [
  {
    text: `insert into sso_clients (client_id, client_secret, callback_prefix, certificate_location, description, email, scope)
           values ($1, $2, $3, $4, 'The engine itself', '', $5)
           on conflict (client_id) do update set client_secret = $2, callback_prefix = $3, certificate_location = $4, scope = $5`,
    values: [clientId, secret, prefix, certificate, scope],
  },
  { text: 'delete from sso_client_redirects where client_id = $1', values: [clientId] },
  { text: 'insert into sso_client_redirects (client_id, redirect_uri) select $1, unnest($2::text[])', values: [clientId, redirects] },
];

/** Registers the engine with its own single sign-on. Of its secret, which its configuration holds, only a hash gets into the database. */
export function ssoClient(view: View, inside: readonly string[]): Step {
  const at = engineDatabase(view);
  const secret = view.get(ssoClientSecret);
  const prefix = `https://${view.get(fqdn)}:${view.get(httpsPort)}/ovirt-engine/`;
  const wanted = {
    prefix,
    certificate: `${view.fact(realRoot)}${pki.certificate('engine')}`,
    scope: scopes.join(' '),
    redirects: callbacks.map((path) => `${prefix}${path}`).sort(),
  };
  const isRight = async ({ secret: stored, ...found }: Registration, host: HostReader): Promise<boolean> =>
    JSON.stringify([found.prefix, found.certificate, found.scope, found.redirects]) ===
      JSON.stringify([wanted.prefix, wanted.certificate, wanted.scope, wanted.redirects]) &&
    (await matchesHash(stored, secret, host.crypto));
  return {
    id: 'engine/sso-client',
    chapter: 'engine.options',
    title: 'Registering the engine with single sign-on',
    quiet: true,
    needs: ['engine/schema'],
    inside: [...inside, 'engine/schema'],
    undo: {
      async run(host, kept) {
        const statements =
          kept === null
            ? [{ text: 'delete from sso_clients where client_id = $1', values: [clientId] }]
            : register(kept as unknown as Registration);
        await host.database.change(at, (sql) => sql.atomically(statements));
      },
    },
    check: (host) =>
      lookOr<Change>(host, at, { kind: 'create', note: clientId }, async (sql) => {
        const found = await present(sql);
        if (found === undefined) return { kind: 'create', note: clientId };
        return (await isRight(found, host)) ? nothing : { kind: 'update', note: clientId };
      }),
    // The hash of a secret of this length tells nothing about it, so it may be kept for the way back.
    prepare: (host) =>
      host.database.look(at, async (sql) => {
        const found = await present(sql);
        return found === undefined ? null : { ...found };
      }),
    async apply(host) {
      const hash = await hashPassword(secret, host.crypto);
      await host.database.change(at, (sql) => sql.atomically(register({ ...wanted, secret: hash })));
    },
  };
}
