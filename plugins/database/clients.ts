import { isIP } from 'node:net';
import { type HostReader, type Text, message } from '#kit';
import { addressOf, cidrOf } from '../../src/setup/postgres/hba-addresses.ts';
import { hostNameFlaw } from '../network/settings.ts';

/* Who reaches the engine's database over the network, as it is answered and as pg_hba.conf has it. */

/** Why an answer names no host that could be let in; undefined if it does. */
export async function clientFlaw(value: string, host: HostReader): Promise<Text | undefined> {
  if (isIP(value) !== 0) return addressOf(value) === undefined ? message`${value} is no address that others come from` : undefined;
  if (value.includes('/')) {
    const network = cidrOf(value);
    if (network === undefined) return message`${value} is no network; 192.0.2.0/24 is one`;
    return network.mask === 0n ? message`${value} lets everybody in; name the hosts, or their network` : undefined;
  }
  // Words without a dot mean something else in pg_hba.conf, and those that begin with one a whole domain.
  if (!value.includes('.')) return message`${value} is no full name of a host`;
  return hostNameFlaw(value, host);
}

/** The address of a rule. */
const addressIn = (value: string): string => (isIP(value) === 0 ? value : `${value}/${isIP(value) === 4 ? 32 : 128}`);

/** Rules that let the owner of a database in from other hosts: with TLS, and with a password that the server proves to know, too. */
export const clientRules = (database: { readonly name: string; readonly user: string }, clients: readonly string[]): readonly string[] =>
  clients.map((one) => `hostssl "${database.name}"  "${database.user}"  ${addressIn(one).padEnd(15)} scram-sha-256`);
