import {
  type Change,
  type HostReader,
  type Problem,
  type Sql,
  type Statement,
  type Step,
  type View,
  SetupError,
  message,
  nothing,
  readText,
} from '#kit';
import { lookOr, registeredClient, rows, unregisteredClient } from '#steps';
import { engineDatabase } from '../database/settings.ts';
import { fqdn } from '../network/settings.ts';
import { paths as pki } from '../pki/settings.ts';
import { isNew, ovnPassword, ovnSecret, permittedUser, portsOf } from './settings.ts';

/* What the engine knows of the provider: where it is, how to sign in to it, and that it asks single sign-on. */

const name = 'ovirt-provider-ovn';
const inside = ['database/initdb', 'database/engine', 'engine/schema'];

interface Provider {
  readonly id: string;
  readonly url: string;
  readonly authUrl: string;
  readonly authUser: string;
  /** Encrypted for the key of the engine. */
  readonly authPassword: string;
  /** Clusters whose networks are of it. */
  readonly clusters: readonly string[];
}

const find = async (sql: Sql): Promise<Provider | undefined> =>
  (
    await sql.rows<{ [Key in keyof Provider]: Provider[Key] }>(
      `select id::text as id, url, auth_url as "authUrl", auth_username as "authUser", auth_password as "authPassword",
         array(select cluster_id::text from cluster c where c.default_network_provider_id = p.id order by cluster_id)::text[] as clusters
       from providers p where name = $1`,
      [name],
    )
  )[0];

const addresses = (view: View) => ({
  url: `https://${view.get(fqdn)}:${portsOf(view).neutron}`,
  authUrl: `https://${view.get(fqdn)}:${portsOf(view).keystone}/v2.0/`,
});

const insert = (id: string | null, { url, authUrl, authUser, authPassword }: Omit<Provider, 'id' | 'clusters'>): Statement => ({
  text: `insert into providers (id, name, description, url, provider_type, plugin_type, auth_required, auth_username, auth_password,
           auth_url, tenant_name, auto_sync)
         values (coalesce($1::uuid, gen_random_uuid()), $2, 'oVirt network provider for OVN', $3, 'EXTERNAL_NETWORK', 'OVIRT_PROVIDER_OVN', true,
           $4, $5, $6, 'ovirt', true)
         on conflict (name) do update set url = $3, auth_username = $4, auth_password = $5, auth_url = $6, _update_date = now()`,
  values: [id, name, url, authUser, authPassword, authUrl],
});
const remove: Statement = { text: 'delete from providers where name = $1', values: [name] };
const move = (url: string, authUrl: string): Statement => ({
  text: 'update providers set url = $2, auth_url = $3, _update_date = now() where name = $1',
  values: [name, url, authUrl],
});
/** Clusters get the provider: those named, or the default one unless it has another. */
const attach = (clusters: readonly string[] | null): Statement => ({
  text: `update cluster set default_network_provider_id = (select id from providers where name = $1)
         where ($2::uuid[] is null and name = 'Default' and default_network_provider_id is null) or cluster_id = any($2::uuid[])`,
  values: [name, clusters],
});

/** A provider as it was before, for the way back: its password is encrypted, and stays so. */
const keep = async (sql: Sql) => {
  const found = await find(sql);
  return found === undefined ? null : { ...found };
};
const asItWas = (kept: unknown): readonly Statement[] => {
  if (kept === null) return [remove];
  const provider = kept as Provider;
  return [insert(provider.id, provider), attach(provider.clusters)];
};

/** The provider in the engine's database. What the engine knows of it is not asked about again: only its address follows the host. */
function provider(view: View): Step {
  const at = engineDatabase(view);
  const { url, authUrl } = addresses(view);
  const password = isNew(view) ? view.get(ovnPassword) : undefined;
  const authUser = permittedUser(view);
  const isRight = async (found: Provider, host: HostReader): Promise<boolean> => {
    if (found.url !== url || found.authUrl !== authUrl) return false;
    if (password === undefined) return true;
    const key = await readText(host, pki.key('engine'));
    return found.authUser === authUser && key !== undefined && host.crypto.unseal(key, found.authPassword) === password;
  };
  return {
    id: 'ovn/provider',
    chapter: 'ovn.engine',
    title: 'Adding default OVN provider to database',
    needs: ['engine/schema', 'pki/engine'],
    inside,
    undo: { run: (host, kept) => host.database.change(at, (sql) => sql.atomically(asItWas(kept))) },
    prepare: (host) => host.database.look(at, keep),
    check: (host) =>
      lookOr<Change>(host, at, { kind: 'create', note: name }, async (sql) => {
        const found = await find(sql);
        if (found === undefined) return { kind: 'create', note: name };
        return (await isRight(found, host)) ? nothing : { kind: 'update', note: name };
      }),
    async apply(host) {
      const certificate = await readText(host, pki.certificate('engine'));
      if (password === undefined || certificate === undefined) {
        if ((await host.database.look(at, find)) === undefined) throw lost();
        return host.database.change(at, (sql) => sql.atomically([move(url, authUrl)]));
      }
      const authPassword = host.crypto.seal(certificate, password);
      await host.database.change(at, (sql) => sql.atomically([insert(null, { url, authUrl, authUser, authPassword }), attach(null)]));
    },
  };
}

const lost = (): SetupError =>
  new SetupError('failed', message`The engine does not know ${name} any more, and nobody has said how to sign in to it`, {
    remedy: message`Decline it once with --set OVESETUP_OVN/ovirtProviderOvn=False, and choose it again with --reconfigure-optional-components.`,
  });

const client = (view: View) => ({ at: engineDatabase(view), id: name, description: 'Provider of networks of OVN' });

/** The provider as the engine knows it. */
export const known = (view: View): readonly Step[] => [
  provider(view),
  registeredClient(
    {
      id: 'ovn/sso-client',
      chapter: 'ovn.engine',
      title: 'Adding OVN provider secret to database',
      needs: ['engine/schema'],
      inside,
    },
    {
      ...client(view),
      secret: view.get(ovnSecret),
      scopes: ['ovirt-app-api', 'ovirt-ext=token-info:validate', 'ovirt-ext=token-info:public-authz-search'],
      certificate: pki.certificate('engine'),
      prefix: '',
      redirects: [],
    },
  ),
];

/** The engine forgets it. */
export const forgotten = (view: View): readonly Step[] => [
  rows(
    {
      id: 'ovn/forget',
      chapter: 'ovn.engine',
      title: 'Removing the OVN provider from the database',
      quiet: true,
      needs: ['engine/schema'],
      inside,
    },
    {
      at: engineDatabase(view),
      note: name,
      isRight: async (sql) => (await find(sql)) === undefined,
      keep,
      statements: () => [remove],
      undo: asItWas,
    },
  ),
  unregisteredClient(
    { id: 'ovn/forget-client', chapter: 'ovn.engine', title: 'Removing the OVN provider from single sign-on', quiet: true, inside },
    client(view),
  ),
];

/** A provider of this name that somebody else has added is not taken over. */
export async function foreignProvider(view: View, host: HostReader): Promise<readonly Problem[]> {
  if (!isNew(view)) return [];
  const found = await lookOr(host, engineDatabase(view), undefined, find);
  if (found === undefined || found.url === addresses(view).url) return [];
  return [
    {
      id: 'ovn-provider-name',
      level: 'error',
      message: message`The engine has a provider ${name} already, which is at ${found.url}`,
      remedy: message`Rename or remove that one, or decline ours: --set OVESETUP_OVN/ovirtProviderOvn=False`,
    },
  ];
}
