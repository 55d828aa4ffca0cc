import { rejected } from '../fault.ts';
import type { Collection } from './collection.ts';
import { permits } from './permits.ts';

/** `00:1A:4a:16:01:51` in the form that is stored. */
const mac = (text: unknown): string => {
  const found = String(text).toLowerCase();
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(found)) throw rejected('A MAC address has the form 56:6f:00:00:00:01.');
  // The lowest bit of the first byte marks addresses of groups, which no interface can have.
  if ((Number.parseInt(found.slice(0, 2), 16) & 1) === 1) throw rejected('Ranges of MAC addresses may not hold addresses of groups.');
  return found;
};

export const macPools: Collection = {
  rel: 'macpools',
  type: 'mac_pool',
  about: 'Pools of MAC addresses, from which virtual machines of clusters get theirs.',
  from: 'mac_pools t',
  id: 't.id',
  columns: `t.name, t.description, t.allow_duplicate_mac_addresses, t.default_pool,
    (select json_agg(json_build_object('from', r.from_mac, 'to', r.to_mac) order by r.from_mac)
     from mac_pool_ranges r where r.mac_pool_id = t.id) as ranges`,
  describe: (row) => ({
    name: String(row['name']),
    description: String(row['description']),
    allow_duplicates: row['allow_duplicate_mac_addresses'] === true,
    default_pool: row['default_pool'] === true,
    ranges: (row['ranges'] ?? []) as readonly { from: string; to: string }[],
  }),
  order: 'lower(t.name), t.id',
  sight: 'permitted',
  search: {
    name: { sql: 't.name', as: 'text' },
    description: { sql: 't.description', as: 'text' },
    allow_duplicates: { sql: 't.allow_duplicate_mac_addresses', as: 'boolean' },
    default_pool: { sql: 't.default_pool', as: 'boolean' },
  },
  words: ['name', 'description'],
  store: {
    table: 'mac_pools',
    key: 'id',
    noun: 'MAC pool',
    along: 'select set_mac_pool_ranges(id, :ranges::json) from added',
    fields: {
      name: { column: 'name', required: true },
      description: { column: 'description', longest: 4000 },
      allow_duplicates: { column: 'allow_duplicate_mac_addresses' },
      ranges: {
        column: 'ranges',
        required: true,
        store: (value) => {
          const ranges = (value as readonly { from?: unknown; to?: unknown }[]).map(({ from, to }) => ({ from: mac(from), to: mac(to) }));
          if (ranges.length === 0) throw rejected('A pool needs at least one range of MAC addresses.');
          if (ranges.some(({ from, to }) => from > to)) throw rejected('A range of MAC addresses ends before it begins.');
          return JSON.stringify(ranges);
        },
      },
    },
    guard: (row, change) => (change === 'remove' && row['default_pool'] === true ? 'The default pool cannot be removed.' : null),
    add: { permit: permits.create_mac_pool, code: 10_700, event: 'MAC_POOL_ADD_SUCCESS' },
    update: { permit: permits.edit_mac_pool, code: 10_702, event: 'MAC_POOL_EDIT_SUCCESS' },
    remove: { permit: permits.delete_mac_pool, code: 10_704, event: 'MAC_POOL_REMOVE_SUCCESS' },
  },
};
