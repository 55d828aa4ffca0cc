import { randomUUID } from 'node:crypto';
import { badRequest, conflict } from '../http/fault.ts';
import { type Fields, required } from '../http/fields.ts';
import { tenantId } from '../keystone.ts';
import { isReservation, keys } from '../northbound/inventory.ts';
import type { Operation } from '../northbound/northbound.ts';
import { insert, needs, remove, setKeys, update } from '../northbound/operations.ts';
import type { DhcpOptions, Switch, SwitchPort } from '../northbound/tables.ts';
import { map, set, uuid } from '../ovsdb/notation.ts';
import { type Cidr, isWithin, plainAddress, poolOf, readCidr, type Version, withoutPrefix } from './addresses.ts';
import { addressesAt, cidrOf, gatewayOf, rangeOf } from './addressing.ts';
import { excluded } from './exclusions.ts';
import { fixedAddresses, isDynamic, macOf, writtenAddresses } from './fixed-addresses.ts';
import { mtuOf } from './networks.ts';
import type { Parts } from './parts.ts';
import type { Entity, Resource } from './resource.ts';

/** The hardware address of OVN's own server of DHCP, which answers on every host. */
const serverMac = '02:00:00:00:00:00';
const modes = ['dhcpv6-stateful', 'dhcpv6-stateless'];
const known = [
  'id', 'name', 'network_id', 'tenant_id', 'project_id', 'cidr', 'ip_version', 'enable_dhcp', 'gateway_ip', 'dns_nameservers',
  'allocation_pools', 'ipv6_address_mode', 'ipv6_ra_mode', 'description', 'host_routes',
]; // prettier-ignore

/** Where OVN looks for the addresses that it gives out: those of a network, without that of its gateway. */
const allocation = (
  network: Switch,
  cidr: Cidr,
  gateway: string | null,
  before: string | null,
): Readonly<Record<string, string | undefined>> =>
  cidr.version === 4
    ? {
        subnet: cidr.text,
        exclude_ips: excluded(network, { drop: before === null ? [] : [before], add: gateway === null ? [] : [gateway] }),
      }
    : { ipv6_prefix: withoutPrefix(cidr.text) };

/** Subnets: options of DHCP. */
export function subnets({ northbound, inventory, defaults }: Parts): Resource {
  function describe(subnet: DhcpOptions): Entity {
    const cidr = cidrOf(subnet);
    const mode = subnet.external_ids.get(keys.addressMode);
    const server = subnet.options.get('dns_server')?.replace(/^\{|\}$/g, '');
    return {
      id: subnet.id,
      name: subnet.external_ids.get(keys.subnetName) ?? '',
      network_id: subnet.external_ids.get(keys.subnetNetwork),
      tenant_id: tenantId,
      cidr: subnet.cidr,
      ip_version: cidr?.version ?? 4,
      enable_dhcp: true,
      gateway_ip: gatewayOf(subnet) ?? null,
      dns_nameservers: server === undefined ? [] : server.split(',').map((one) => one.trim()),
      allocation_pools: cidr === undefined ? [] : [poolOf(cidr)],
      // The command line of OpenStack looks for it.
      host_routes: [],
      ...(mode === undefined ? {} : { ipv6_address_mode: mode }),
    };
  }

  /** What DHCP tells virtual machines. */
  const optionsOf = (network: Switch, version: Version, wanted: Wanted): Readonly<Record<string, string | undefined>> =>
    version === 4
      ? {
          server_id: wanted.gateway ?? withoutPrefix(wanted.cidr.text),
          server_mac: serverMac,
          lease_time: String(defaults.leaseSeconds),
          router: wanted.gateway ?? undefined,
          dns_server: wanted.nameServer ?? undefined,
          mtu: String(mtuOf(network, defaults.mtu)),
        }
      : {
          server_id: serverMac,
          dns_server: wanted.nameServer ?? undefined,
          dhcpv6_stateless: wanted.mode === 'dhcpv6-stateless' ? 'true' : undefined,
        };

  const idsOf = ({ name, gateway, mode, cidr }: Wanted): Readonly<Record<string, string | undefined>> => ({
    [keys.subnetName]: name,
    [keys.addressMode]: mode ?? undefined,
    // Routers of IPv6 announce themselves: DHCP has no word for them.
    ovirt_gateway_ip: cidr.version === 6 ? (gateway ?? undefined) : undefined,
  });

  const machines = (network: Switch) => inventory.portsOf(network).filter(isOfMachine);

  /** Those that are there already learn of the subnet, too, and get an address of it unless they have one. */
  const toldToPorts = (network: Switch, id: string, version: Version): readonly Operation[] =>
    machines(network).flatMap((port) => {
      const mac = macOf(port);
      const isBare = mac !== null && port.addresses.length === 1 && port.addresses[0] === mac;
      return [
        update('Logical_Switch_Port', port.id, {
          [version === 4 ? 'dhcpv4_options' : 'dhcpv6_options']: uuid(id),
          ...(isBare ? { addresses: set([writtenAddresses(mac, null, true)]) } : {}),
        }),
      ];
    });

  /** Where the last subnet of a network goes, OVN has no addresses to give any more. */
  const forgottenByPorts = (network: Switch): readonly Operation[] =>
    machines(network).flatMap((port) => {
      const mac = macOf(port);
      if (mac === null || !isDynamic(port)) return [];
      return [update('Logical_Switch_Port', port.id, { addresses: set([mac]) })];
    });

  return {
    rel: 'subnets',
    one: 'subnet',
    many: 'subnets',
    list: () => inventory.subnets().map(describe),
    get: (id) => describe(inventory.subnet(id)),
    async add(fields) {
      const network = inventory.network(required(fields, 'network_id'));
      const wanted = readSubnet(fields, null);
      const { version } = wanted.cidr;
      if (fields.integer('ip_version', 4, 6) === undefined) throw badRequest('ip_version is missing.');
      if (inventory.subnetsOf(network.id).some((other) => cidrOf(other)?.version === version)) {
        throw conflict(`The network ${network.id} has a subnet of IPv${version} already, and one is all that OVN can give addresses of.`);
      }
      const id = randomUUID();
      await northbound.transact([
        needs('Logical_Switch', network.id),
        insert('DHCP_Options', id, {
          cidr: wanted.cidr.text,
          options: map(optionsOf(network, version, wanted)),
          external_ids: map({ ...idsOf(wanted), [keys.subnetNetwork]: network.id }),
        }),
        setKeys('Logical_Switch', network.id, 'other_config', allocation(network, wanted.cidr, wanted.gateway, null)),
        ...toldToPorts(network, id, version),
      ]);
      return id;
    },
    async change(id, fields) {
      fields.only(known);
      const subnet = inventory.subnet(id);
      const entity = describe(subnet);
      const network = inventory.network(String(entity['network_id']));
      if (fields.has('network_id') && fields.text('network_id') !== network.id) throw badRequest('A subnet stays in its network.');
      const cidr = rangeOf(subnet);
      const [server = null] = entity['dns_nameservers'] as readonly string[];
      const wanted = readSubnet(fields, {
        name: String(entity['name']),
        cidr,
        gateway: gatewayOf(subnet) ?? null,
        nameServer: server,
        mode: subnet.external_ids.get(keys.addressMode) ?? null,
      });
      const floating = inventory.portsOf(network).find((port) => isReservation(port) && addressesAt(port, inventory)[0] === wanted.gateway);
      if (floating !== undefined) throw conflict(`The address ${String(wanted.gateway)} is a floating one.`);
      await northbound.transact([
        needs('DHCP_Options', id),
        setKeys('DHCP_Options', id, 'options', optionsOf(network, cidr.version, wanted)),
        setKeys('DHCP_Options', id, 'external_ids', idsOf(wanted)),
        setKeys('Logical_Switch', network.id, 'other_config', allocation(network, cidr, wanted.gateway, gatewayOf(subnet) ?? null)),
      ]);
    },
    async remove(id) {
      const subnet = inventory.subnet(id);
      const cidr = cidrOf(subnet);
      const networkId = subnet.external_ids.get(keys.subnetNetwork) ?? '';
      const network = inventory.networks().find((one) => one.id === networkId);
      const ports = network === undefined ? [] : inventory.portsOf(network);
      // Addresses that OVN has given may go.
      const lasting = (port: SwitchPort) => (isOfMachine(port) ? fixedAddresses(port) : addressesAt(port, inventory));
      const used = ports.find((port) => cidr !== undefined && lasting(port).some((address) => isWithin(address, cidr)));
      if (used !== undefined) throw conflict(`The port ${used.id} has an address of the subnet ${id}.`);
      await northbound.transact([
        remove('DHCP_Options', id),
        ...(network === undefined || cidr === undefined ? [] : [setKeys('Logical_Switch', network.id, 'other_config', forgotten(cidr))]),
        ...(network === undefined || inventory.subnetsOf(network.id).length > 1 ? [] : forgottenByPorts(network)),
      ]);
    },
  };
}

/** Ports of virtual machines, of which DHCP tells the addresses. */
const isOfMachine = (port: SwitchPort): boolean => port.type === '' && !isReservation(port);

const forgotten = (cidr: Cidr) => (cidr.version === 4 ? { subnet: undefined, exclude_ips: undefined } : { ipv6_prefix: undefined });

/** What somebody wants of a subnet. */
interface Wanted {
  readonly name: string;
  readonly cidr: Cidr;
  readonly gateway: string | null;
  readonly nameServer: string | null;
  readonly mode: string | null;
}

/** Reads the fields; what they leave out is as it was, or as it is by default. */
function readSubnet(fields: Fields, before: Wanted | null): Wanted {
  const text = before === null ? required(fields, 'cidr') : fields.text('cidr');
  const cidr = text === undefined || text === null ? before?.cidr : (readCidr(text) ?? undefined);
  if (cidr === undefined) throw badRequest('cidr must be a network, as in 192.0.2.0/24.');
  if (before !== null && cidr.text !== before.cidr.text) throw badRequest('The addresses of a subnet cannot be changed.');
  if (cidr.prefix > (cidr.version === 4 ? 30 : 126)) throw badRequest('cidr leaves no addresses for virtual machines.');
  if (cidr.version === 6 && cidr.prefix < 64) throw badRequest('OVN gives addresses of IPv6 out of networks of 64 bits, or smaller ones.');
  const version = fields.integer('ip_version', 4, 6);
  if (version !== undefined && version !== cidr.version) throw badRequest('ip_version must be 4 or 6, as cidr is.');
  if (fields.flag('enable_dhcp') === false) throw badRequest('enable_dhcp is always true here.');

  const gateway = fields.text('gateway_ip');
  const plain = gateway === undefined || gateway === null ? gateway : plainAddress(gateway);
  if (typeof gateway === 'string' && (plain === null || !isWithin(gateway, cidr)))
    throw badRequest('gateway_ip must be an address of cidr.');
  const servers = fields.texts('dns_nameservers')?.map(plainAddress);
  if (servers !== undefined && servers.length > 1) throw badRequest('A subnet has one name server at most.');
  if (servers?.some((one) => one === null || one.includes(':') !== (cidr.version === 6)) === true) {
    throw badRequest(`dns_nameservers must be addresses of IPv${cidr.version}.`);
  }
  const mode = fields.text('ipv6_address_mode');
  if (typeof mode === 'string' && cidr.version === 4) throw badRequest('ipv6_address_mode is for subnets of IPv6.');
  if (typeof mode === 'string' && !modes.includes(mode)) throw badRequest(`ipv6_address_mode must be ${modes.join(' or ')}.`);
  return {
    name: fields.text('name') ?? before?.name ?? '',
    cidr,
    gateway: plain === undefined ? (before?.gateway ?? null) : plain,
    nameServer: servers === undefined ? (before?.nameServer ?? null) : (servers[0] ?? null),
    mode: mode === undefined ? (before?.mode ?? null) : mode,
  };
}
