import { readFile } from 'node:fs/promises';
import { Refusal } from './refusal.ts';
import type { Run } from './run.ts';

/** A network device, as systemd-networkd knows it. */
export interface Link {
  readonly name: string;
  readonly index: number;
  /** `bridge`, `vlan`, ...; empty for a card. */
  readonly kind: string;
  readonly mac: string;
  /** The file by which it is configured; null: systemd-networkd leaves it alone. */
  readonly file: string | null;
  /** IPv4 addresses by which others reach the host. */
  readonly addresses: readonly string[];
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const objectsIn = (value: unknown): readonly Readonly<Record<string, unknown>>[] => (Array.isArray(value) ? value.filter(isObject) : []);
const numbersIn = (value: unknown): readonly number[] =>
  Array.isArray(value) ? value.filter((one): one is number => typeof one === 'number') : [];
const ip4 = 2;
const everywhere = 0;

/** Reads what `networkctl --json=short` prints. */
const readLinks = (printed: string): readonly Link[] =>
  objectsIn((JSON.parse(printed) as Readonly<Record<string, unknown>>)['Interfaces']).map((one) => ({
    name: String(one['Name']),
    index: Number(one['Index']),
    kind: typeof one['Kind'] === 'string' ? one['Kind'] : '',
    mac: numbersIn(one['HardwareAddress'])
      .map((byte) => byte.toString(16).padStart(2, '0'))
      .join(':'),
    file: typeof one['NetworkFile'] === 'string' && one['AdministrativeState'] !== 'unmanaged' ? one['NetworkFile'] : null,
    addresses: objectsIn(one['Addresses'])
      .filter(({ Family, Scope }) => Family === ip4 && Scope === everywhere)
      .map(({ Address }) => numbersIn(Address).join('.')),
  }));

/** Devices by their names. Throws Refusal (501) where systemd-networkd does not look after the network of this host. */
export async function linksOf(run: Run, networkctl: string): Promise<ReadonlyMap<string, Link>> {
  let printed;
  try {
    printed = await run(networkctl, ['--json=short', '--no-pager']);
  } catch (error) {
    throw new Refusal(
      501,
      'Networks can only be made on hosts whose network is configured by systemd-networkd or ifupdown, and neither does that here',
      error,
    );
  }
  return new Map(readLinks(printed).map((link) => [link.name, link]));
}

/** Whether systemd-networkd looks after the network of this host. */
export const isNetworkdRunning = (run: Run, networkctl: string): Promise<boolean> =>
  linksOf(run, networkctl).then(
    () => true,
    () => false,
  );

/** The client id of the lease that a device has, in hex; empty where it has none. systemd.network(5) names no other way to learn it. */
export async function clientIdOf({ index }: Link, leaseFolder: string): Promise<string> {
  const text = await readFile(`${leaseFolder}/${index}`, 'utf8').catch(() => '');
  return /^CLIENTID=([0-9a-f]+)$/im.exec(text)?.[1] ?? '';
}
