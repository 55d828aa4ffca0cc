import { type Problem, type Step, type View, message } from '#kit';
import { absent, writeFile } from '#steps';
import { paths as pki } from '../pki/settings.ts';
import { overrides } from './condition.ts';
import { serverValues, valueOf } from './host-cluster.ts';
import { isReachable, whole } from './settings.ts';

/*
 * The server of a whole host, where others reach it: it listens to them, and has a certificate of our authority. The rules for them stand
 * among those of `host-server.ts`. Nothing of it is there while nobody needs it.
 */

/** Addresses that nobody else reaches. */
const isInward = (listens: string): boolean =>
  listens.split(',').every((one) => ['', 'localhost', '127.0.0.1', '::1'].includes(one.trim().toLowerCase()));

/** What the server has to be told. Where it listens to others already, it goes on to do so as it does. */
function settings(view: View): string {
  const { networkSettings: present } = whole(view);
  const told = present !== undefined && valueOf(present, 'listen_addresses') !== undefined;
  const listens = told || isInward(view.fact(serverValues).get('listen_addresses') ?? '') ? ["listen_addresses = '*'"] : [];
  const lines = [
    "# Written by engine-setup: other hosts reach the engine's database, those that pg_hba.conf names.",
    ...listens,
    'ssl = on',
    `ssl_cert_file = '${pki.certificate('postgres')}'`,
    `ssl_key_file = '${pki.key('postgres')}'`,
    "ssl_min_protocol_version = 'TLSv1.2'",
  ];
  return `${lines.join('\n')}\n`;
}

/** Opens the server to others, or closes it again. */
export function network(view: View): readonly Step[] {
  const { networkFile: path, networkSettings: present, unit } = whole(view);
  const heading = { chapter: 'engine.configuration', quiet: true, notify: [unit] } as const;
  if (isReachable(view))
    return [
      writeFile(
        {
          ...heading,
          id: 'database/network',
          title: 'Opening PostgreSQL to other hosts',
          needs: ['database/initdb', 'pki/postgres'],
          inside: ['database/initdb'],
        },
        { path, content: settings(view), owner: 'postgres', group: 'postgres' },
      ),
    ];
  return present === undefined ? [] : [absent({ ...heading, id: 'database/network', title: 'Closing PostgreSQL to other hosts' }, [path])];
}

/** Settings that somebody has made with ALTER SYSTEM, and that keep others out whatever the files say. */
export function overruled(view: View): readonly Problem[] {
  const said = view.fact(overrides) ?? '';
  const listens = valueOf(said, 'listen_addresses');
  const names = [
    ...(listens !== undefined && isInward(listens) ? ['listen_addresses'] : []),
    ...['ssl', 'ssl_cert_file', 'ssl_key_file'].filter((name) => valueOf(said, name) !== undefined),
  ];
  if (!isReachable(view) || names.length === 0) return [];
  return [
    {
      id: 'database-network',
      level: 'error',
      message: message`Somebody has set ${names.join(', ')} of PostgreSQL with ALTER SYSTEM, which wins over what setup writes`,
      remedy: message`Take that back: alter system reset ${names[0] ?? ''}; or let no other host in (OVESETUP_DB/clients).`,
    },
  ];
}
