import { type Step, type View, nothing, message } from '#kit';
import { command, directories, editLines, running, writeFile } from '#steps';
import { render } from '../../src/setup/render/render.ts';
import { neededSettings } from '../../src/setup/postgres/needs.ts';
import { historyDatabase, historyOnHost } from '../dwh/settings.ts';
import { realRoot } from '../environment/settings.ts';
import { fixConfiguration, mendedOverrides } from './condition.ts';
import { clear, initdb } from './initdb.ts';
import { adminPassword, administration, name, paths, port, programs, serverUnit, trialVersion, user } from './settings.ts';
import { putAway, upgraded } from './trial-upgrade.ts';

/** What the engine needs of the server, and what keeps the server to ourselves. */
const settings = (view: View): Readonly<Record<string, string>> => ({
  port: String(view.get(port)),
  listen_addresses: 'localhost',
  // Only TCP on loopback: the path of a socket below a deep directory would be too long for the kernel.
  unix_socket_directories: '',
  password_encryption: 'scram-sha-256',
  ...neededSettings,
  log_line_prefix: '%m ',
  log_timezone: 'UTC',
});

const quoted = (value: string): string => `'${value.replaceAll("'", "''")}'`;

/** Who may connect: the owners of the databases on this server, each to their own. */
function access(view: View): string {
  const rules = render('postgres/pg_hba.conf', { database: view.get(name), user: view.get(user) });
  if (!historyOnHost(view)) return rules;
  const history = historyDatabase(view);
  return rules + render('postgres/pg_hba-owner.conf', { database: history.name, user: history.user });
}

/** Makes the cluster beside its place and moves it there in one go: a run that is cut off leaves no half cluster. */
const initialize = (view: View): Step =>
  command(
    { id: 'database/initdb', chapter: 'database.server', title: 'Initializing PostgreSQL', needs: ['database/directories'] },
    {
      look: async (host) => ((await trialVersion(host)) === undefined ? { kind: 'run', note: paths.data } : nothing),
      async run(host) {
        await initdb(host, view, paths.fresh);
        await host.files.rename(paths.fresh, paths.data);
      },
      undo: {
        async run(host) {
          await clear(host, paths.fresh);
          await host.files.remove(paths.data);
        },
      },
    },
  );

/** The configuration of the cluster in a directory. */
function configured(view: View, data: string): readonly Step[] {
  const { owner } = view.fact(programs);
  const inside = ['database/initdb'];
  const heading = { chapter: 'database.server', quiet: true, needs: inside, inside, notify: [serverUnit(view)] } as const;
  return [
    editLines(
      { ...heading, id: 'database/settings', title: 'Setting PostgreSQL parameters' },
      {
        path: `${data}/postgresql.conf`,
        name: 'engine-setup',
        at: 'bottom',
        again: view.find(fixConfiguration) === true,
        lines: Object.entries(settings(view)).map(([key, value]) => `${key} = ${quoted(value)}`),
      },
    ),
    writeFile(
      { ...heading, id: 'database/access', title: 'Limiting access to PostgreSQL' },
      // Where PostgreSQL runs as an account of its own, what it works with belongs to that account.
      { path: `${data}/pg_hba.conf`, content: access(view), mode: 0o600, ...(owner === undefined ? {} : { owner }) },
    ),
  ];
}

/** The server of a trial: files, cluster, settings, access rules, unit, start. */
export function trialServer(view: View): readonly Step[] {
  const unit = serverUnit(view);
  const mended = mendedOverrides(view);
  const { directory, launcher, owner } = view.fact(programs);
  const root = view.fact(realRoot);
  const inside = ['database/initdb'];
  // Where PostgreSQL runs as an account of its own, what it works with belongs to that account.
  const belonging = owner === undefined ? {} : { owner };
  const started = running(
    {
      id: 'database/start',
      chapter: 'database.server',
      title: 'Starting PostgreSQL',
      quiet: true,
      needs: ['database/settings', ...(mended === undefined ? [] : ['database/overrides']), 'database/access', 'database/unit'],
    },
    {
      unit,
      answers: async (host) => {
        try {
          return await host.database.look(
            administration(view),
            async (sql) =>
              (await sql.rows("select 1 from pg_settings where name = 'max_connections' and setting::int >= 150")).length === 1,
          );
        } catch {
          return false;
        }
      },
      remedy: message`Look into ${root}/var/log/postgresql/postgresql.log`,
    },
  );
  return [
    directories({ id: 'database/directories', chapter: 'database.server', title: 'Creating PostgreSQL directories', quiet: true }, [
      { path: paths.home, mode: 0o700, ours: true, ...belonging },
      { path: '/var/log/postgresql', mode: 0o700, ours: true },
    ]),
    writeFile(
      {
        id: 'database/admin-password',
        chapter: 'database.server',
        title: 'Keeping the administrator password of PostgreSQL',
        quiet: true,
        needs: ['database/directories'],
      },
      { path: paths.adminPassword, content: `${view.get(adminPassword)}\n`, mode: 0o600, secret: true },
    ),
    writeFile(
      { id: 'database/unit', chapter: 'database.server', title: 'Installing the unit of PostgreSQL', quiet: true, notify: [unit] },
      {
        path: `/etc/systemd/system/${unit}.service`,
        content: render('systemd/postgresql.service', {
          command: [...launcher, `${directory}/postgres`, '-D', `${root}${paths.data}`],
          logFile: `${root}/var/log/postgresql/postgresql.log`,
        }),
      },
    ),
    ...upgraded(view, { configured: (data) => configured(view, data), started }),
    initialize(view),
    ...configured(view, paths.data),
    ...(mended === undefined
      ? []
      : [
          writeFile(
            {
              id: 'database/overrides',
              chapter: 'database.server',
              title: 'Updating PostgreSQL configuration',
              needs: inside,
              inside,
              notify: [unit],
            },
            { path: paths.overrides, content: mended, mode: 0o600, ...belonging },
          ),
        ]),
    started,
    ...putAway(view),
  ];
}
