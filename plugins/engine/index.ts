import { type Problem, type Step, type View, plugin, readText } from '#kit';
import { rows, running, schema, writeFile } from '#steps';
import { render } from '../../src/setup/render/render.ts';
import { shippedMigrations, shippedPath, shippedText } from '../../src/setup/render/shipped.ts';
import { administration, engineDatabase, present } from '../database/settings.ts';
import { realRoot } from '../environment/settings.ts';
import { fqdn, httpsPort, presentHttpsPort, takenPort } from '../network/settings.ts';
import { paths as pki } from '../pki/settings.ts';
import { administrator } from './administrator.ts';
import { configuration, keptPassword } from './configuration.ts';
import { adminPassword, generateAdminPassword, installed, knownSecrets, paths, postInstall, ssoClientSecret, unit } from './settings.ts';

const inside = ['database/initdb', 'database/engine'];
const stops = [{ unit, title: 'Stopping engine service' }];

const schemas = (view: View): readonly Step[] => {
  const [at, admin] = [engineDatabase(view), administration(view)];
  return [
    schema(
      {
        id: 'engine/schema',
        chapter: 'engine.schema',
        title: 'Creating/refreshing Engine database schema',
        needs: ['database/engine'],
        inside,
        stops,
        notify: [unit],
      },
      { at, admin, schema: 'public', migrations: shippedMigrations('src/services/engine/schema/engine') },
    ),
    schema(
      {
        id: 'engine/directory-schema',
        chapter: 'engine.schema',
        title: "Creating/refreshing Engine 'internal' domain database schema",
        needs: ['database/engine'],
        inside,
        stops,
        notify: [unit],
      },
      { at, admin, schema: 'aaa_jdbc', migrations: shippedMigrations('src/services/engine/schema/aaa_jdbc') },
    ),
  ];
};

const { version } = JSON.parse(shippedText('package.json')) as { version: string };

const options = (view: View): Step =>
  rows(
    {
      id: 'engine/options',
      chapter: 'engine.options',
      title: 'Setting engine options',
      quiet: true,
      needs: ['engine/schema'],
      inside: [...inside, 'engine/schema'],
    },
    {
      at: engineDatabase(view),
      note: `ProductRPMVersion ${version}`,
      isRight: async (sql) => {
        const [found] = await sql.rows<{ option_value: string }>(
          "select option_value from vdc_options where option_name = 'ProductRPMVersion' and version = 'general'",
        );
        return found?.option_value === version;
      },
      keep: async (sql) =>
        (
          await sql.rows<{ option_value: string }>(
            "select option_value from vdc_options where option_name = 'ProductRPMVersion' and version = 'general'",
          )
        )[0]?.option_value ?? null,
      statements: () => [
        { text: "delete from vdc_options where option_name = 'ProductRPMVersion' and version = 'general'" },
        {
          text: "insert into vdc_options (option_name, option_value, version) values ('ProductRPMVersion', $1, 'general')",
          values: [version],
        },
      ],
      undo: (kept) => [
        { text: "delete from vdc_options where option_name = 'ProductRPMVersion' and version = 'general'" },
        ...(kept === null
          ? []
          : [
              {
                text: "insert into vdc_options (option_name, option_value, version) values ('ProductRPMVersion', $1, 'general')",
                values: [kept],
              },
            ]),
      ],
    },
  );

const service = (view: View): readonly Step[] => {
  const root = view.fact(realRoot);
  return [
    writeFile(
      { id: 'engine/unit', chapter: 'units', title: 'Installing the unit of the engine', quiet: true, notify: [unit] },
      {
        path: `/etc/systemd/system/${unit}.service`,
        content: render('systemd/ovirt-engine.service', {
          // A small young generation and a compile cache of its own keep the engine small at rest: both were measured.
          command: [shippedPath('node_modules/.bin/node'), '--max-semi-space-size=1', shippedPath('src/services/engine/main.ts')],
          environment: [
            `ENGINE_CONF=${root}${paths.configuration}`,
            `NODE_COMPILE_CACHE=${root}${paths.cache}`,
            // Four password checks at once may not occupy all threads that files and names are read with.
            'UV_THREADPOOL_SIZE=8',
          ],
          logFile: `${root}${paths.log}`,
        }),
      },
    ),
    running(
      {
        id: 'engine/start',
        chapter: 'services.start',
        title: 'Starting engine service',
        needs: ['engine/unit', 'engine/schema', 'pki/apache'],
      },
      { unit, remedy: `Look into ${root}${paths.log}` },
    ),
  ];
};

/** The engine as its users reach it. */
const address = (view: View): string => `https://${view.get(fqdn)}:${view.get(httpsPort)}/ovirt-engine`;

export default plugin({
  name: 'engine',
  facts: [installed, knownSecrets],
  settings: [generateAdminPassword, adminPassword, ssoClientSecret],
  async preflight(view, host) {
    const problems: Problem[] = [];
    const wanted = { id: 'https-port', port: view.get(httpsPort), purpose: 'HTTPS', key: httpsPort.key };
    const taken = await takenPort(host, wanted, { unit, port: view.fact(presentHttpsPort) });
    if (taken !== undefined) problems.push(taken);
    if (view.fact(installed) && !view.fact(present).cluster) {
      const marker = host.files.real(postInstall);
      problems.push({
        id: 'database-lost',
        level: 'error',
        message: `${marker} speaks of an installation, but its database cluster is gone`,
        remedy: `Bring the cluster back from a backup. To install anew, without the old data, remove ${marker}.`,
      });
    }
    return problems;
  },
  steps: (view) => [
    ...configuration(view),
    ...keptPassword(view),
    ...schemas(view),
    ...administrator(view),
    options(view),
    ...service(view),
  ],
  health: (view) => [
    {
      name: 'engine',
      limitMs: 60_000,
      remedy: `Look into ${view.fact(realRoot)}${paths.log}`,
      async probe(host) {
        const ca = await readText(host, pki.authority);
        if (ca === undefined) return `${pki.authority} is not there`;
        try {
          const { status, body } = await host.network.get({ url: `${address(view)}/services/health`, ca, timeoutMs: 2000 });
          return status === 200 ? undefined : `answered ${status}: ${body.slice(0, 200)}`;
        } catch (error) {
          return `${address(view)}/services/health does not answer (${error instanceof Error ? error.message : String(error)})`;
        }
      },
    },
  ],
  summary: (view) =>
    Promise.resolve([
      ...(view.find(adminPassword) === undefined
        ? []
        : [{ block: 'login' as const, lines: ["Please use the user 'admin@internal' and password specified in order to login"] }]),
      { block: 'web-access', lines: ['Web access is enabled at:', `    ${address(view)}`] },
    ]),
});
