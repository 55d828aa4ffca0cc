import { isIPv6 } from 'node:net';

/** Where a server listens. */
export interface Server {
  readonly host: string;
  readonly port: number;
}

/** One server, or what is wrong with its text. */
function serverOf(text: string, usualPort: number): Server | string {
  if (isIPv6(text)) return { host: text, port: usualPort };
  const [whole, address, name, digits] = /^(?:\[([\da-f:.]+)\]|([^\s:[\]]+))(?::(\d{1,5}))?$/i.exec(text) ?? [];
  const port = digits === undefined ? usualPort : Number(digits);
  const isGood = whole !== undefined && (address === undefined || isIPv6(address)) && port >= 1 && port <= 65_535;
  return isGood ? { host: address ?? name ?? '', port } : `must be hosts with commas between them, as in db1,db2:5433; "${text}" is none`;
}

const parts = (text: string): string[] => text.split(',').map((part) => part.trim());

/** What is wrong with a list of servers; null if nothing is. */
export const serversFlaw = (text: string): string | null =>
  parts(text)
    .map((part) => serverOf(part, 1))
    .find((server) => typeof server === 'string') ?? null;

/**
 * The servers of a list, in its order: `db1,db2:5433,[2001:db8::1]:5432`.
 * @param usualPort the port of those that have none of their own
 */
export const serversOf = (text: string, usualPort: number): readonly Server[] =>
  parts(text).map((part) => {
    const server = serverOf(part, usualPort);
    if (typeof server === 'string') throw new Error(`the database host ${server}`);
    return server;
  });
