import type { WantedNetwork } from '../network-request.ts';
import { Refusal } from '../refusal.ts';
import { mentionOf, placeOf, readStatements, speaksOf, type Statement } from './interfaces-text.ts';
import type { InterfacesFiles } from './interfaces-files.ts';
import { blockOf, networksIn } from './network-block.ts';
import { formerMtuOf, type FormerStanzas, nicOf, valueOf } from './network-stanzas.ts';
import type { Card } from './network-cards.ts';

/** What is known of a host on which a network is to be made. */
export interface Surroundings {
  /** The files as they are without that network. */
  readonly files: InterfacesFiles;
  /** The stanzas of that network, where it is there already. */
  readonly own: readonly string[];
  readonly cards: ReadonlyMap<string, Card>;
  /** What ifupdown has brought up: the logical names of devices. */
  readonly up: ReadonlyMap<string, string>;
}

/**
 * Finds the stanzas of the card of a network.
 * @throws Refusal where the card cannot be put into the bridge, or would lose more than the network takes over
 */
export function formerStanzas({ name, nic }: WantedNetwork, { files, own, cards, up }: Surroundings): FormerStanzas {
  const card = cards.get(nic);
  if (card === undefined) throw new Refusal(400, `There is no network card ${nic}`);
  if (nic === 'lo') throw new Refusal(400, 'lo is no network card');
  // Cards of containers are ends of wires.
  if (!['', 'veth', 'dummy'].includes(card.kind)) throw new Refusal(400, `${nic} is no network card but a ${card.kind}`);
  if (nic.includes('.')) throw new Refusal(501, `${nic} is a VLAN to ifupdown, because of its name`);
  const isThere = own.length > 0;
  if (isThere && nicOf(own) !== nic)
    throw new Refusal(409, `Network ${name} is on ${String(nicOf(own))}: remove it there before it is made on ${nic}`);
  if (!isThere && cards.has(name)) throw new Refusal(409, `There is a device ${name} already, which the agent has not made`);
  if (card.master !== '' && card.master !== name) throw new Refusal(409, `${nic} is in ${card.master} already`);
  for (const text of files.values())
    for (const other of networksIn(text))
      if (nicOf(blockOf(text, other)) === nic) throw new Refusal(409, `${nic} is in the network ${other} already`);

  const statements = [...files].flatMap(([path, text]) => readStatements(text, path));
  const ofCard = statements.filter(({ keyword, words }) => keyword === 'iface' && words[0] === nic);
  for (const statement of statements) {
    const taken = mentionOf(statement, name);
    if (taken !== undefined) throw new Refusal(409, `${taken}: there is something called ${name} already, which the agent has not made`);
    if (ofCard.includes(statement)) continue;
    const place = isSelection(statement, nic) ? undefined : mentionOf(statement, nic);
    if (place !== undefined) throw new Refusal(501, `${place}: it depends on ${nic}, which will have a bridge instead of its addresses`);
  }
  const [four, six] = [familyOf(ofCard, 'inet'), familyOf(ofCard, 'inet6')];
  for (const { file, from, words } of ofCard) {
    if (words.length !== 3 || !['inet', 'inet6'].includes(words[1] ?? ''))
      throw new Refusal(501, `${placeOf(file, from + 1)}: "iface ${words.join(' ')}" is more than a network takes over`);
    if (file !== ofCard[0]?.file)
      throw new Refusal(501, `${placeOf(file, from + 1)}: ${nic} is also configured in ${String(ofCard[0]?.file)}. Let it be in one file`);
  }
  // A card that is in this network already has given its address to the bridge.
  if (!isThere) checkAddresses(card, four, up.get(nic));
  return { four, six, mtu: formerMtuOf(own) ?? card.mtu };
}

/** Whether a line only says when devices are brought up, the card by its plain name among them. */
const isSelection = ({ keyword, words }: Statement, nic: string): boolean =>
  /^(?:auto|allow-\S+)$/.test(keyword) && words.every((word) => word === nic || !speaksOf(word, nic));

function familyOf(stanzas: readonly Statement[], family: string): Statement | undefined {
  const [first, second] = stanzas.filter(({ words }) => words[1] === family);
  if (second !== undefined)
    throw new Refusal(
      501,
      `${placeOf(second.file, second.from + 1)}: there are several stanzas "iface ${second.words.slice(0, 2).join(' ')}"; a network takes over one`,
    );
  return first;
}

/** Throws Refusal where the card has not the addresses that its stanza gives it: nobody could tell which of them are meant. */
function checkAddresses({ name, addresses }: Card, four: Statement | undefined, logical: string | undefined): void {
  if (addresses.length === 0) return;
  const all = addresses.join(', ');
  if (addresses.length > 1) throw new Refusal(409, `${name} has several addresses (${all}); a network takes over one`);
  if (four === undefined || logical !== name)
    throw new Refusal(
      501,
      `${name} has the address ${all}, and neither from ifupdown nor from systemd-networkd. Let one of them configure it`,
    );
  const [said = ''] = (valueOf(four, 'address') ?? '').split('/');
  if (four.words[2] === 'static' ? said !== all : four.words[2] !== 'dhcp')
    throw new Refusal(501, `${placeOf(four.file, four.from + 1)}: ${name} has the address ${all}, which is not from there`);
}
