import { type DatabaseAddress, type HostReader, type Text, type View, message, term } from '#kit';
import { examine, inLines, mendingTitle } from '../../src/setup/postgres/examine.ts';
import { snippet } from '../../src/setup/postgres/mend.ts';
import { hostCluster, peer } from './host-cluster.ts';
import { paths } from './trial-places.ts';

/* A database that somebody makes by hand: what they are told before, and what is thought of it afterwards. */

/** SQL with which an administrator makes the database by hand; shown before its place is asked for. */
export const recipe = (title: string, usual: string): readonly Text[] => [
  '',
  message`ATTENTION: the ${title} database has to be there before Setup goes on. Its administrator makes it with, for example:`,
  message`    create role ${usual} with login encrypted password '<password>';`,
  message`    create database ${usual} owner ${usual} template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C';`,
  '',
];

/** The same for the server of this host, whose every step is known: the last line asks for the password. */
export function localRecipe(view: View, title: string, usual: string): readonly Text[] {
  const { exists = false, name = '', port = 5432, byHand = [] } = view.fact(hostCluster) ?? {};
  const mending = {
    createRole: true,
    createDatabases: true,
    createDatabase: true,
    setPassword: true,
    unseen: true,
    restart: true,
    letIn: ['127.0.0.1/32', '::1/128'],
  };
  const lines = snippet(mending, { database: usual, user: usual, port, tls: false, cluster: name });
  return [
    '',
    message`ATTENTION: the ${title} database has to be there before Setup goes on. This makes it on this host, in a shell:`,
    ...[...(exists ? [] : byHand), ...lines].map((line) => message`    ${line}`),
    '',
  ];
}

/** Where it stands how a database is reached that an engine on another host has. */
export const pointer: readonly Text[] = [
  '',
  'ATTENTION: the Engine database is that of the engine on its host. How it is called, its user and the password stand there, in',
  message`    ${paths.engineConfiguration}`,
  message`It has to be open to this host: engine-setup --set=OVESETUP_DB/clients=HOST does that there.`,
  '',
];

/**
 * What comes of trying a database that was made by hand: everything that keeps it from being used at once, with what mends it.
 * @param on.inUse an engine has to be in it already
 */
export async function tried(
  at: DatabaseAddress,
  reader: HostReader,
  on: { readonly newest: string; readonly inUse: boolean },
): Promise<{ readonly refusal: Text | undefined; readonly warnings: readonly Text[] }> {
  const admin = at.host === 'localhost' ? peer(at.port) : undefined;
  const found = await examine(reader, at, { newest: on.newest, ours: on.inUse, admin });
  const { problems, snippet: mending, failure } = found;
  if (on.inUse && failure === undefined && found.condition?.schema === undefined)
    return { refusal: message`There is no engine in the database ${at.name} at ${at.host}: it has to be set up first`, warnings: [] };
  const warnings = problems.filter(({ level }) => level === 'warning').map(({ message: text }) => text);
  const errors = problems.filter(({ level }) => level === 'error');
  if (errors.length === 0) return { refusal: undefined, warnings };
  const where = `${at.user}@${at.host}:${at.port}/${at.name}`;
  const first =
    failure === undefined
      ? message`The server of ${where} has to be configured first:`
      : message`Cannot connect to the database ${where}: ${term(failure.text)}`;
  // The failure has been told by then.
  const told = errors.flatMap(({ message: text, remedy }) => [
    ...(text === failure?.text ? [] : [text]),
    ...(remedy === undefined ? [] : [remedy]),
  ]);
  const mended = mending.length === 0 ? [] : [mendingTitle, ...mending.map((line) => message`    ${line}`)];
  // That of an engine is not to be made anew: its own setup opens it, and keeps the password.
  const advice = on.inUse ? [message`On the host of the engine: engine-setup --set=OVESETUP_DB/clients=HOST lets this host in.`] : mended;
  return { refusal: inLines(first, [...told, ...warnings, ...advice]), warnings };
}
