import type { Entity } from '../../types.ts';
import { type Collection, optional, reference, type Row } from '../collection.ts';
import { reportedDevicesOf, reportedOfNic } from './guest.ts';
import { interfaceWord } from './machine-words.ts';
import { nicSpecial } from './special-nics.ts';

/** What has network interfaces, displays and CD drives: each with the attribute by which those refer to it. */
const machineKinds = { vms: 'vm', templates: 'template', instancetypes: 'instance_type' } as const;
export type MachineRel = keyof typeof machineKinds;

/** A reference to the machine, template or instance type that something belongs to. */
export const ownerOf = (rel: MachineRel, id: unknown): Entity => ({ [machineKinds[rel]]: reference(rel, id) });

const describe =
  (rel: MachineRel) =>
  (row: Row): Entity => ({
    name: String(row['name']),
    interface: interfaceWord(row['type']),
    linked: row['linked'] === true,
    mac: row['mac_addr'] === null ? undefined : { address: optional(row['mac_addr']) },
    plugged: row['is_plugged'] === true,
    ...(rel === 'vms' ? { reported_devices: reportedDevicesOf(row) } : {}),
    vnic_profile: reference('vnicprofiles', row['vnic_profile_id']),
    ...ownerOf(rel, row['vm_guid']),
  });

/** Network interfaces of virtual machines, templates or instance types. */
export const machineNics = (rel: MachineRel): Collection => ({
  rel: 'nics',
  below: { rel, condition: 't.vm_guid = $parent' },
  type: 'nic',
  about: `Network interfaces of one of the ${rel}.`,
  from: 'vm_interface t',
  id: 't.id',
  columns: `t.name, t.vm_guid, t.mac_addr, t.type, t.vnic_profile_id, t.linked, t.is_plugged${rel === 'vms' ? `, ${reportedOfNic}` : ''}`,
  describe: describe(rel),
  order: 'lower(t.name), t.id',
  sight: rel === 'instancetypes' ? 'everybody' : 'permitted',
  object: 't.vm_guid',
  search: { name: { sql: 't.name', as: 'text' }, mac: { sql: 't.mac_addr', as: 'text' } },
  words: ['name'],
  special: nicSpecial(rel),
});
