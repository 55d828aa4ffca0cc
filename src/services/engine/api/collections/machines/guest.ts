import type { Entity } from '../../types.ts';
import { type Collection, optional, reference, type Row } from '../collection.ts';

/* What the guest of a virtual machine has told, and who is at its console. Ids are made of what they stand for, since nothing else has any. */

const addressesOf = (list: unknown, version: 'v4' | 'v6'): readonly Entity[] =>
  (list as readonly string[]).map((address) => ({ address, version }));

/** What was told in a run before is true no longer. */
const reported = '(select i.* from vm_guest_agent_interfaces i join vm_dynamic d on d.vm_guid = i.vm_id where d.run_on_vds is not null)';
const reportedId = (row: string): string => `md5(${row}.vm_id::text || ' ' || ${row}.interface_name)::uuid`;

const describeReported = (row: Row): Entity => ({
  name: String(row['interface_name']),
  description: 'guest reported data',
  ips: [...addressesOf(row['ipv4_addresses'], 'v4'), ...addressesOf(row['ipv6_addresses'], 'v6')],
  mac: row['mac_address'] === null ? undefined : { address: optional(row['mac_address']) },
  type: 'network',
  vm: reference('vms', row['vm_id']),
});

const reportedAs = {
  rel: 'reporteddevices',
  type: 'reported_device',
  id: reportedId('t'),
  columns: 't.vm_id, t.interface_name, t.mac_address, t.ipv4_addresses, t.ipv6_addresses',
  describe: describeReported,
  named: 't.interface_name',
  order: 't.interface_name',
  sight: 'permitted',
  object: 't.vm_id',
  search: { name: { sql: 't.interface_name', as: 'text' }, mac: { sql: 't.mac_address', as: 'text' } },
  words: ['name'],
} as const satisfies Partial<Collection>;

export const reportedDevices: Collection = {
  ...reportedAs,
  below: { rel: 'vms', condition: 't.vm_id = $parent' },
  about: 'Network interfaces of a virtual machine as its guest sees them, with their addresses.',
  from: `${reported} t`,
};

export const nicReportedDevices: Collection = {
  ...reportedAs,
  below: { rel: 'vms/nics', condition: 't.nic_id = $parent and t.vm_id = $above' },
  about: 'A network interface of a virtual machine as its guest sees it, with its addresses.',
  from: `(select r.*, i.id as nic_id from ${reported} r join vm_interface i on i.vm_guid = r.vm_id and lower(i.mac_addr) = lower(r.mac_address)) t`,
};

/** What the guest sees of one interface, which is called `t`, of a machine. */
export const reportedOfNic = `(select json_agg(to_json(g) order by g.interface_name)
  from (select ${reportedId('r')}::text as id, r.* from ${reported} r where r.vm_id = t.vm_guid and lower(r.mac_address) = lower(t.mac_addr)) g) as reported`;

/** The devices that `reportedOfNic` has read; nothing where the guest has told of none. */
export function reportedDevicesOf({ reported }: Row): readonly Entity[] | undefined {
  return (reported as readonly Row[] | null)?.map((row) => {
    const id = String(row['id']);
    return { ...describeReported(row), id, href: `${String(reference('vms', row['vm_id'])?.href)}/reporteddevices/${id}` };
  });
}

export const applications: Collection = {
  rel: 'applications',
  below: { rel: 'vms', condition: 't.vm_guid = $parent' },
  type: 'application',
  about: 'Programs that the guest of a virtual machine has told of.',
  from: `(select distinct d.vm_guid, trim(a.name) as name from vm_dynamic d, unnest(string_to_array(d.guest_applications, ',')) a (name)
    where trim(a.name) <> '') t`,
  id: `md5(t.vm_guid::text || ' ' || t.name)::uuid`,
  columns: 't.vm_guid, t.name',
  describe: (row) => ({ name: String(row['name']), vm: reference('vms', row['vm_guid']) }),
  order: 't.name',
  sight: 'permitted',
  object: 't.vm_guid',
  search: { name: { sql: 't.name', as: 'text' } },
  words: ['name'],
};

export const sessions: Collection = {
  rel: 'sessions',
  below: { rel: 'vms', condition: 't.vm_guid = $parent' },
  type: 'session',
  about: 'Who is at the console of a virtual machine, and who is logged in to its guest.',
  from: `(select vm_guid, console_user_name as user_name, console_user_id as user_id, client_ip, true as at_console
      from vm_dynamic where coalesce(console_user_name, '') <> ''
    union all select vm_guid, guest_user_name, null, null, false from vm_dynamic where coalesce(guest_user_name, '') <> '') t`,
  id: `md5(t.vm_guid::text || t.at_console || t.user_name)::uuid`,
  columns: 't.vm_guid, t.user_name, t.user_id, t.client_ip, t.at_console',
  describe: (row) => ({
    console_user: row['at_console'] === true,
    ip: row['client_ip'] === null ? undefined : { address: optional(row['client_ip']) },
    user: { ...reference('users', row['user_id']), user_name: String(row['user_name']) },
    vm: reference('vms', row['vm_guid']),
  }),
  named: 't.user_name',
  order: 't.at_console desc, t.user_name',
  sight: 'permitted',
  object: 't.vm_guid',
  search: { user: { sql: 't.user_name', as: 'text' }, ip: { sql: 't.client_ip', as: 'text' } },
  words: ['user'],
};
