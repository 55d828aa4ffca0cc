import type { Run } from '../run.ts';
import type { Settings } from '../settings.ts';

/** A network device, as the kernel knows it. */
export interface Card {
  readonly name: string;
  /** `bridge`, `vlan`, ...; empty for a card. */
  readonly kind: string;
  /** The bridge or bond that it is a part of; empty where it is none. */
  readonly master: string;
  readonly mtu: string;
  /** IPv4 addresses by which others reach the host. */
  readonly addresses: readonly string[];
}

type Unknown = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Unknown => typeof value === 'object' && value !== null && !Array.isArray(value);
const objectsIn = (value: unknown): readonly Unknown[] => (Array.isArray(value) ? value.filter(isObject) : []);
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Reads what `ip -json -details address` prints. */
export const readCards = (printed: string): readonly Card[] =>
  objectsIn(JSON.parse(printed)).map((one) => ({
    name: textOf(one['ifname']),
    kind: isObject(one['linkinfo']) ? textOf(one['linkinfo']['info_kind']) : '',
    master: textOf(one['master']),
    mtu: String(Number(one['mtu'])),
    addresses: objectsIn(one['addr_info'])
      .filter(({ family, scope }) => family === 'inet' && scope === 'global')
      .map(({ local }) => textOf(local)),
  }));

/** Devices by their names. */
export async function cardsOf(run: Run, { systemdRun, ip }: Settings): Promise<ReadonlyMap<string, Card>> {
  // The helper itself cannot ask the kernel: it has no way to any network.
  const printed = await run(systemdRun, ['--quiet', '--wait', '--pipe', '--collect', '--', ip, '-json', '-details', 'address']);
  return new Map(readCards(printed).map((card) => [card.name, card]));
}
