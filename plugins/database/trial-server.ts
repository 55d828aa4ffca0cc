import { type Step, type View, file, nothing, readText, message } from '#kit';
import { command, directories, editLines, running, succeed, writeFile } from '#steps';
import { render } from '../../src/setup/render/render.ts';
import { neededSettings } from '../../src/setup/postgres/needs.ts';
import { besideEngine, dwhHere, historyDatabase } from '../dwh/settings.ts';
import { realRoot } from '../environment/settings.ts';
import { fixConfiguration, mendedOverrides } from './condition.ts';
import { adminPassword, administration, name, paths, port, programs, serverUnit, user } from './settings.ts';

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
  if (!dwhHere(view) || !besideEngine(view)) return rules;
  const history = historyDatabase(view);
  return rules + render('postgres/pg_hba-owner.conf', { database: history.name, user: history.user });
}

/** Makes the cluster beside its place and moves it there in one go: a run that is cut off leaves no half cluster. */
function initialize(view: View): Step {
  const { directory, launcher, owner } = view.fact(programs);
  const root = view.fact(realRoot);
  const fresh = `${paths.data}.new`;
  const passwordFile = `${paths.home}/initdb-password`;
  return command(
    { id: 'database/initdb', chapter: 'database.server', title: 'Initializing PostgreSQL', needs: ['database/directories'] },
    {
      look: async (host) =>
        (await readText(host, `${paths.data}/PG_VERSION`)) === undefined ? { kind: 'run', note: paths.data } : nothing,
      async run(host) {
        await host.files.remove(fresh);
        await host.files.write(passwordFile, file(`${view.get(adminPassword)}\n`, 0o600, owner));
        const options = [
          '--username=postgres',
          `--pwfile=${root}${passwordFile}`,
          '--auth=scram-sha-256',
          '--encoding=UTF8',
          '--locale=C',
          `--pgdata=${root}${fresh}`,
        ];
        await succeed(host, { argv: [...launcher, `${directory}/initdb`, ...options] as [string, ...string[]] });
        await host.files.remove(passwordFile);
        await host.files.rename(fresh, paths.data);
      },
      undo: {
        async run(host) {
          for (const path of [passwordFile, fresh, paths.data]) await host.files.remove(path);
        },
      },
    },
  );
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
    initialize(view),
    editLines(
      {
        id: 'database/settings',
        chapter: 'database.server',
        title: 'Setting PostgreSQL parameters',
        quiet: true,
        needs: inside,
        inside,
        notify: [unit],
      },
      {
        path: `${paths.data}/postgresql.conf`,
        name: 'engine-setup',
        at: 'bottom',
        again: view.find(fixConfiguration) === true,
        lines: Object.entries(settings(view)).map(([key, value]) => `${key} = ${quoted(value)}`),
      },
    ),
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
    writeFile(
      {
        id: 'database/access',
        chapter: 'database.server',
        title: 'Limiting access to PostgreSQL',
        quiet: true,
        needs: inside,
        inside,
        notify: [unit],
      },
      {
        path: `${paths.data}/pg_hba.conf`,
        content: access(view),
        mode: 0o600,
        ...belonging,
      },
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
    running(
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
    ),
  ];
}
