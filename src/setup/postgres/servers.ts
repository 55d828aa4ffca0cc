import { type Server, partsOf, readServer } from '../../services/frame/servers.ts';
import { type DatabaseAddress, type Text, message } from '#kit';

/** The servers of an address, in their order: its host may be a list as in `db1.example.org,db2.example.org:5433`. */
export const serversOf = ({ host, port }: Pick<DatabaseAddress, 'host' | 'port'>): readonly Server[] =>
  partsOf(host).map((part) => ({ host: part, port, ...readServer(part) }));

/** What is wrong with the form of such a list; undefined if nothing is. */
export function serversFlaw(hosts: string): Text | undefined {
  const all = partsOf(hosts);
  const bad = all.find((part) => readServer(part) === undefined);
  if (bad !== undefined)
    return message`"${bad}" is no host of a database; several are written with commas between them, each with a port of its own behind a colon if need be`;
  const twice = all.find((part, at) => all.indexOf(part) !== at);
  return twice === undefined ? undefined : message`${twice} is named twice`;
}
