import { type DatabaseAddress, type HostReader, SetupError, message, readText, term } from '#kit';
import { type Product, configuredAddress, products } from '../postgres/configured.ts';
import { adminPassword, foreignServer, sockets } from '../postgres/own-server.ts';
import { serversFlaw } from '../postgres/servers.ts';
import { stdinKeyboard } from '../ui/keyboard.ts';
import type { Arguments } from './args.ts';
import { firstLineOfDescriptor, firstLineOfFile } from './first-line.ts';
import { tell } from './output.ts';
import type { Place } from './place.ts';
import { Unreadable, unreadable } from './unreadable.ts';

/** A database that is to be looked at. */
export interface Target {
  readonly product: Product;
  readonly at: DatabaseAddress;
  /** The way in of the administrator of its server, where we have one. */
  readonly admin: DatabaseAddress | undefined;
  /** Whether setup runs its server. */
  readonly ours: boolean;
}

/** The administrator's way in: root's own on this host, and that of a trial with its password. */
async function administrator({ root, host }: Place, { host: server, port }: DatabaseAddress): Promise<DatabaseAddress | undefined> {
  const there = { port, name: 'postgres', user: 'postgres' };
  if (server !== 'localhost' && server !== '127.0.0.1') return undefined;
  if (root === '/') return process.geteuid?.() === 0 ? { ...there, host: sockets, password: '' } : undefined;
  const password = (await readText(host, adminPassword))?.trim();
  return password === undefined ? undefined : { ...there, host: 'localhost', password };
}

/** All files of a service's configuration, in the order in which later ones win. */
async function configurationIn(host: HostReader, folder: string): Promise<string> {
  const names = (await host.files.list(folder)).filter((name) => name.endsWith('.conf'));
  const texts = await Promise.all([...names].sort((a, b) => (a < b ? -1 : 1)).map((name) => readText(host, `${folder}/${name}`)));
  return texts.map((text) => text ?? '').join('\n');
}

/** The databases of the installation that is here. */
async function configured(place: Place): Promise<readonly Target[]> {
  const targets: Target[] = [];
  for (const product of Object.keys(products) as readonly Product[]) {
    const text = await configurationIn(place.host, products[product].folder).catch((error: unknown) => {
      const { why, remedy } = unreadable(error);
      throw new SetupError(
        'refused',
        message`${products[product].folder} cannot be read: ${term(why)}`,
        remedy === undefined ? {} : { remedy },
      );
    });
    const at = configuredAddress(text, product);
    if (at === undefined) continue;
    targets.push({ product, at, admin: await administrator(place, at), ours: !text.includes(foreignServer) });
  }
  if (targets.length > 0) return targets;
  throw new SetupError('refused', 'There is no installation whose databases could be looked at', {
    remedy: 'Say which database it is: --host=HOST --database=NAME --user=NAME --password-file=FILE.',
  });
}

async function askedPassword(user: string, signal: AbortSignal): Promise<string> {
  if (!process.stdin.isTTY)
    throw new SetupError('usage', 'The password of the database is missing', {
      remedy: 'Give it with --password-file=FILE or --password-fd=N.',
    });
  const keyboard = stdinKeyboard({ signal, screen: { colour: false, write: tell } });
  try {
    tell(`Password of ${user}: `);
    return await keyboard.line(true);
  } finally {
    keyboard.close();
  }
}

async function passwordFor(user: string, { passwordFile, passwordFd, noInput }: Arguments, signal: AbortSignal): Promise<string> {
  try {
    if (passwordFile !== undefined) return await firstLineOfFile(passwordFile, { secret: true, signal });
    if (passwordFd !== undefined) return await firstLineOfDescriptor(passwordFd, signal);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    const name = passwordFile === undefined ? message`--password-fd=${passwordFd ?? ''}` : message`--password-file=${passwordFile}`;
    const { why, remedy } = error;
    throw new SetupError('refused', message`${name} cannot be used: ${term(why)}`, remedy === undefined ? {} : { remedy });
  }
  if (noInput)
    throw new SetupError('usage', 'The password of the database is missing', {
      remedy: 'Give it with --password-file=FILE or --password-fd=N.',
    });
  return askedPassword(user, signal);
}

/** The one that the command line names; undefined where it names none. */
async function named(place: Place, args: Arguments, signal: AbortSignal): Promise<Target | undefined> {
  const { host = 'localhost', port = 5432, kind = 'engine', tls } = args;
  const said = [args.host, args.port, args.database, args.user, args.passwordFile, args.passwordFd, tls, args.kind];
  if (said.every((one) => one === undefined)) return undefined;
  const flaw = serversFlaw(host);
  if (flaw !== undefined) throw new SetupError('usage', message`--host: ${term(flaw)}`);
  const { database: name = products[kind].usual } = args;
  const { user = name } = args;
  // They become parts of commands for somebody to paste.
  if (/\p{Cc}/u.test(name + user)) throw new SetupError('usage', 'The name of a database or role holds control characters');
  const password = await passwordFor(user, args, signal);
  const at = { host, port, name, user, password, ...(tls === undefined ? {} : { tls }) };
  return { product: kind, at, admin: await administrator(place, at), ours: false };
}

/** Throws SetupError `usage`, or `refused` where nothing can be looked at. */
export async function checkedDatabases(place: Place, args: Arguments, signal: AbortSignal): Promise<readonly Target[]> {
  const one = await named(place, args, signal);
  return one === undefined ? configured(place) : [one];
}
