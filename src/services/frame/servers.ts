import { isIPv6 } from 'node:net';

/* The host of a database may be a list: `db1.example.org,db2.example.org:5433,[2001:db8::1]:5432`. */

/** Where a server listens. */
export interface Server {
  readonly host: string;
  readonly port: number;
}

/** The servers of a list, each as its text. */
export const partsOf = (list: string): readonly string[] => list.split(',').map((part) => part.trim());

/** One server of a list, without a port where none is written; undefined: the text is none. */
export function readServer(text: string): { readonly host: string; readonly port?: number } | undefined {
  // An address of IPv6 has colons of its own.
  if (isIPv6(text)) return { host: text };
  const [whole, address, name, digits] = /^(?:\[([\da-f:.]+)\]|([^\s:[\]]+))(?::(\d{1,5}))?$/i.exec(text) ?? [];
  if (whole === undefined || (address !== undefined && !isIPv6(address))) return undefined;
  const host = address ?? name ?? '';
  if (digits === undefined) return { host };
  const port = Number(digits);
  return port >= 1 && port <= 65_535 ? { host, port } : undefined;
}

/** What is wrong with a list of servers, as what it must be; null if nothing is. */
export function serversFlaw(list: string): string | null {
  const bad = partsOf(list).find((part) => readServer(part) === undefined);
  return bad === undefined ? null : `must be hosts with commas between them, as in db1,db2:5433; "${bad}" is none`;
}

/**
 * The servers of a list, in its order. Throws where serversFlaw finds something.
 * @param usualPort the port of those that have none of their own
 */
export const serversOf = (list: string, usualPort: number): readonly Server[] =>
  partsOf(list).map((part) => {
    const server = readServer(part);
    if (server === undefined) throw new Error(`the database host ${serversFlaw(part) ?? ''}`);
    return { port: usualPort, ...server };
  });
