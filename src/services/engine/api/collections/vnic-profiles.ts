import { invalidValue, unsupported } from '../fault.ts';
import { type Collection, reference } from './collection.ts';
import { permits } from './permits.ts';
import { plainName } from './stored.ts';

/** What new profiles let guests send, unless it is said otherwise: with the addresses of their own interfaces alone (`vdsm-no-mac-spoofing`). */
export const usualFilter = '0000000e-000e-000e-000e-000000000146';

export const vnicProfiles: Collection = {
  rel: 'vnicprofiles',
  type: 'vnic_profile',
  about: 'Profiles through which network interfaces of virtual machines reach a network.',
  from: 'vnic_profiles t',
  id: 't.id',
  columns: 't.name, t.description, t.network_id, t.port_mirroring, t.passthrough, t.migratable, t.network_filter_id',
  describe: (row) => ({
    name: String(row['name']),
    description: String(row['description']),
    migratable: row['passthrough'] === true ? row['migratable'] === true : undefined,
    pass_through: { mode: row['passthrough'] === true ? 'enabled' : 'disabled' },
    port_mirroring: row['port_mirroring'] === true,
    network: reference('networks', row['network_id']),
    network_filter: reference('networkfilters', row['network_filter_id']),
  }),
  order: 'lower(t.name), t.id',
  sight: 'permitted',
  search: {
    name: { sql: 't.name', as: 'text' },
    description: { sql: 't.description', as: 'text' },
    network: { sql: '(select n.name from network n where n.id = t.network_id)', as: 'text' },
    'network.name': { sql: '(select n.name from network n where n.id = t.network_id)', as: 'text' },
    'datacenter.name': {
      sql: '(select p.name from network n join storage_pool p on p.id = n.storage_pool_id where n.id = t.network_id)',
      as: 'text',
    },
    port_mirroring: { sql: 't.port_mirroring', as: 'boolean' },
  },
  words: ['name', 'description'],
  store: {
    table: 'vnic_profiles',
    key: 'id',
    noun: 'vNIC profile',
    defaults: { network_filter_id: `'${usualFilter}'` },
    fields: {
      name: { column: 'name', required: true, longest: 256, store: plainName },
      description: { column: 'description', longest: 4000 },
      network: { column: 'network_id', required: true, fixed: true, reference: 'networks' },
      network_filter: { column: 'network_filter_id', reference: 'networkfilters', clearable: true },
      port_mirroring: {
        column: 'port_mirroring',
        only: { value: false, why: 'no host copies the traffic of a network; capture it on the bridge of a host instead' },
      },
      migratable: { column: 'migratable' },
      'pass_through.mode': {
        column: 'passthrough',
        store: (value) => {
          if (value !== 'enabled' && value !== 'disabled') throw invalidValue('mode', ['enabled', 'disabled']);
          if (value === 'enabled')
            throw unsupported(
              'pass_through',
              'hosts pass no network cards on; virtual machines are connected to the bridge of the network',
            );
          return false;
        },
      },
    },
    add: { permit: permits.configure_network_vnic_profile, on: 'network', code: 1122, event: 'ADD_VNIC_PROFILE' },
    update: { permit: permits.configure_network_vnic_profile, code: 1124, event: 'UPDATE_VNIC_PROFILE' },
    remove: { permit: permits.configure_network_vnic_profile, code: 1126, event: 'REMOVE_VNIC_PROFILE' },
  },
};

export const networkVnicProfiles: Collection = {
  ...vnicProfiles,
  about: 'vNIC profiles of a network.',
  below: { rel: 'networks', condition: 't.network_id = $parent' },
};
