import { isIPv4 } from 'node:net';
import { type Params, VerbFailure } from '../verbs.ts';
import { codes } from './codes.ts';

/** A network as it is wanted, in the words of the helper (its network-request.ts). */
export interface WantedNetwork {
  readonly nic: string;
  readonly mtu?: number;
  readonly ipv4: 'dhcp' | { readonly address: string; readonly gateway?: string } | null;
  readonly ipv6: { readonly address?: string; readonly gateway?: string; readonly router: boolean; readonly dhcp: boolean };
  readonly defaultRoute: boolean;
  readonly nameservers: readonly string[];
}

export interface NetworkRequest {
  /** Networks by their names; null for one that is to go. */
  readonly networks: Readonly<Record<string, WantedNetwork | null>>;
  /** Whether the engine has to reach the host afterwards, and how long it may take to, in seconds. */
  readonly check: boolean;
  readonly seconds: number;
  readonly commit: boolean;
}

/** How long a host may take to get its network up, where nobody says otherwise. */
const usualSeconds = 60;
const mostSeconds = 600;

/**
 * Reads the parameters of `Host.setupNetworks`. What this agent cannot make is refused before anything is changed.
 * @throws VerbFailure
 */
export function readNetworkRequest(params: Params): NetworkRequest {
  if ((params.optionalObject('bondings')?.names() ?? []).length > 0)
    throw new VerbFailure(codes.bonding, 'Bonds cannot be made or changed by this agent');
  const networks = params.object('networks');
  const names = networks.names();
  if (names.length === 0) throw new VerbFailure(codes.parameters, 'There is no network to make or to remove');
  const options = params.optionalObject('options');
  const seconds = options?.optionalNumber('connectivityTimeout') ?? usualSeconds;
  if (seconds < 1 || seconds > mostSeconds)
    throw new VerbFailure(codes.parameters, `connectivityTimeout must be 1 to ${mostSeconds} seconds, not ${seconds}`);
  return {
    networks: Object.fromEntries(names.map((name) => [name, readNetwork(name, networks.object(name))])),
    check: options?.optionalFlag('connectivityCheck') ?? false,
    seconds,
    commit: options?.optionalFlag('commitOnSuccess') ?? false,
  };
}

/** What stands for nothing where a text is expected. */
const text = (params: Params, name: string): string | undefined => {
  const found = params.optionalText(name);
  return found === '' ? undefined : found;
};

function readNetwork(name: string, params: Params): WantedNetwork | null {
  const refuse = (code: number, what: string): VerbFailure => new VerbFailure(code, `Network ${name}: ${what}`);
  if (params.optionalFlag('remove') ?? false) return null;
  if (params.has('vlan')) throw refuse(codes.vlan, 'VLANs cannot be made by this agent');
  if (params.has('bonding')) throw refuse(codes.bonding, 'it cannot be made on a bond by this agent');
  if (!(params.optionalFlag('bridged') ?? true))
    throw refuse(codes.notImplemented, 'networks without a bridge cannot be made by this agent');
  if ((params.optionalText('switch') ?? 'legacy') !== 'legacy')
    throw refuse(codes.openVSwitch, 'only bridges of the kernel can be made by this agent');
  if (params.optionalFlag('stp') ?? false) throw refuse(codes.bridge, 'the spanning tree protocol is not supported by this agent');
  if (params.has('hostQos')) throw refuse(codes.parameters, 'limits of traffic (hostQos) are not supported by this agent');
  const nic = text(params, 'nic');
  if (nic === undefined) throw refuse(codes.nic, 'the network card is missing (nic)');
  const mtu = params.optionalNumber('mtu');
  const [six, gateway6] = [text(params, 'ipv6addr'), text(params, 'ipv6gateway')];
  return {
    nic,
    ...(mtu === undefined || mtu === 0 ? {} : { mtu }),
    ipv4: readIpv4(params, refuse),
    ipv6: {
      ...(six === undefined ? {} : { address: six }),
      // VDSM and its engine say so where there is none.
      ...(gateway6 === undefined || gateway6 === '::' || six === undefined ? {} : { gateway: gateway6 }),
      router: params.optionalFlag('ipv6autoconf') ?? false,
      dhcp: params.optionalFlag('dhcpv6') ?? false,
    },
    defaultRoute: params.optionalFlag('defaultRoute') ?? true,
    nameservers: params.optionalTexts('nameservers') ?? [],
  };
}

function readIpv4(params: Params, refuse: (code: number, what: string) => VerbFailure): WantedNetwork['ipv4'] {
  const protocol = params.optionalText('bootproto') ?? 'none';
  if (protocol === 'dhcp') return 'dhcp';
  if (protocol !== 'none' && protocol !== 'static') throw refuse(codes.parameters, `bootproto must be dhcp or none, not ${protocol}`);
  const [address, mask, gateway] = [text(params, 'ipaddr'), text(params, 'netmask'), text(params, 'gateway')];
  if (address === undefined) return null;
  const prefix = prefixOf(mask ?? '');
  if (!isIPv4(address) || prefix === undefined)
    throw refuse(codes.address, `${address} with the netmask ${mask ?? 'that is missing'} is no address`);
  const isDefault = params.optionalFlag('defaultRoute') ?? true;
  return { address: `${address}/${prefix}`, ...(gateway === undefined || !isDefault ? {} : { gateway }) };
}

/** `255.255.255.0` is 24; undefined for what is no netmask. */
export function prefixOf(mask: string): number | undefined {
  if (!isIPv4(mask)) return undefined;
  const bits = mask
    .split('.')
    .map((byte) => Number(byte).toString(2).padStart(8, '0'))
    .join('');
  return /^1+0*$/.test(bits) ? bits.lastIndexOf('1') + 1 : undefined;
}
