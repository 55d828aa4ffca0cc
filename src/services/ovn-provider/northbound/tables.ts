import type { Kind, Kinds } from '../ovsdb/notation.ts';

/** What the provider looks at of the northbound database (ovn-nb(5)). */
export const tables = {
  Logical_Switch: { name: 'text', ports: 'texts', other_config: 'map', external_ids: 'map' },
  Logical_Switch_Port: {
    name: 'text',
    type: 'text',
    options: 'map',
    addresses: 'texts',
    dynamic_addresses: 'optionalText',
    port_security: 'texts',
    up: 'optionalFlag',
    enabled: 'optionalFlag',
    tag: 'optionalNumber',
    dhcpv4_options: 'optionalText',
    dhcpv6_options: 'optionalText',
    external_ids: 'map',
  },
  DHCP_Options: { cidr: 'text', options: 'map', external_ids: 'map' },
  Logical_Router: {
    name: 'text',
    ports: 'texts',
    static_routes: 'texts',
    nat: 'texts',
    enabled: 'optionalFlag',
    external_ids: 'map',
  },
  Logical_Router_Port: { name: 'text', mac: 'text', networks: 'texts', external_ids: 'map' },
  Logical_Router_Static_Route: { ip_prefix: 'text', nexthop: 'text', output_port: 'optionalText', external_ids: 'map' },
  NAT: {
    type: 'text',
    external_ip: 'text',
    logical_ip: 'text',
    logical_port: 'optionalText',
    external_mac: 'optionalText',
    external_ids: 'map',
  },
  Port_Group: { name: 'text', ports: 'texts', acls: 'texts', external_ids: 'map' },
  ACL: { direction: 'text', match: 'text', action: 'text', external_ids: 'map' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Kind>>>>;

export type TableName = keyof typeof tables;
type Columns<T extends TableName> = (typeof tables)[T];

/** A row: its UUID, and its columns. */
export type Row<T extends TableName> = { readonly id: string } & {
  readonly [C in keyof Columns<T>]: Columns<T>[C] extends Kind ? Kinds[Columns<T>[C]] : never;
};
export type Switch = Row<'Logical_Switch'>;
export type SwitchPort = Row<'Logical_Switch_Port'>;
export type Router = Row<'Logical_Router'>;
export type RouterPort = Row<'Logical_Router_Port'>;
export type Nat = Row<'NAT'>;
export type DhcpOptions = Row<'DHCP_Options'>;
export type PortGroup = Row<'Port_Group'>;

/** The columns of a table with their kinds. */
export const columnsOf = (table: TableName): readonly (readonly [string, Kind])[] => Object.entries(tables[table]);

export const tableNames = Object.keys(tables) as readonly TableName[];
