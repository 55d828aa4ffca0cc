import { type Collection, optional } from './collection.ts';

/** The kind of a provider in the words of the API, by the word that is stored: `OVIRT_PROVIDER_OVN` is external to the engine. */
const kindOf = (plugin: unknown): string => (plugin === 'NEUTRON' ? 'neutron' : 'external');

/**
 * Providers of networks. Setup tells the engine of the one it installs; passwords are never shown. They are not added here, since nothing in the
 * engine would use them before there are hosts.
 */
export const openStackNetworkProviders: Collection = {
  rel: 'openstacknetworkproviders',
  type: 'openstack_network_provider',
  about: 'Providers of networks that speak the network API of OpenStack.',
  from: 'providers t',
  id: 't.id',
  columns: `t.name, t.description, t.url, t.auth_url, t.auth_required, t.auth_username, t.tenant_name, t.plugin_type, t.provider_type,
    t.auto_sync, t.is_unmanaged, t.read_only`,
  describe: (row) => ({
    name: String(row['name']),
    description: String(row['description']),
    authentication_url: optional(row['auth_url']),
    auto_sync: row['auto_sync'] === true,
    external_plugin_type: optional(row['plugin_type']),
    read_only: row['read_only'] === true,
    requires_authentication: row['auth_required'] === true,
    tenant_name: optional(row['tenant_name']),
    type: kindOf(row['plugin_type']),
    unmanaged: row['is_unmanaged'] === true,
    url: String(row['url']),
    username: optional(row['auth_username']),
  }),
  order: 'lower(t.name), t.id',
  listed: `t.provider_type in ('EXTERNAL_NETWORK', 'OPENSTACK_NETWORK')`,
  sight: 'administrators',
  search: {
    name: { sql: 't.name', as: 'text' },
    description: { sql: 't.description', as: 'text' },
    url: { sql: 't.url', as: 'text' },
    type: { sql: 't.provider_type', as: 'text' },
  },
  words: ['name', 'description'],
};
