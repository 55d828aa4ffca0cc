import type { DatabaseAddress } from './host.ts';
import { type Text, message } from './text.ts';

/** One server of a database, where it listens. */
export interface DatabaseServer {
  readonly host: string;
  readonly port: number;
}

/** One server, without a port where none is written; undefined: the text is none. */
function serverOf(text: string): { readonly host: string; readonly port?: number } | undefined {
  // An address of IPv6 has colons of its own.
  if (/^[\da-f]*(:[\da-f.]*){2,}$/i.test(text)) return { host: text };
  const [whole, address, name, digits] = /^(?:\[([\da-f:.]+)\]|([^\s:[\],]+))(?::(\d{1,5}))?$/i.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const host = address ?? name ?? '';
  if (digits === undefined) return { host };
  const port = Number(digits);
  return port >= 1 && port <= 65_535 ? { host, port } : undefined;
}

const parts = (hosts: string): readonly string[] => hosts.split(',').map((part) => part.trim());

/** The servers of an address, in their order: its host may be a list as in `db1.example.org,db2.example.org:5433`. */
export const serversOf = ({ host, port }: Pick<DatabaseAddress, 'host' | 'port'>): readonly DatabaseServer[] =>
  parts(host).map((part) => ({ host: part, port, ...serverOf(part) }));

/** What is wrong with the form of such a list; undefined if nothing is. */
export function serversFlaw(hosts: string): Text | undefined {
  const all = parts(hosts);
  const bad = all.find((part) => serverOf(part) === undefined);
  if (bad !== undefined)
    return message`"${bad}" is no host of a database; several are written with commas between them, each with a port of its own behind a colon if need be`;
  const twice = all.find((part, at) => all.indexOf(part) !== at);
  return twice === undefined ? undefined : message`${twice} is named twice`;
}
