import { type HealthCheck, type Problem, type Step, type Summary, type View, message, messageOf, plugin, readText } from '#kit';
import { running, schema, unitFile } from '#steps';
import { apacheHere, httpPort, webServer, writesSite } from '../apache/settings.ts';
import { administration, engineDatabase, isOurs, present } from '../database/settings.ts';
import { accounts, realRoot, serviceUnit } from '../environment/settings.ts';
import { fqdn, httpsPort, presentHttpsPort, takenPort } from '../network/settings.ts';
import { trusted } from '../pki/settings.ts';
import { administrator } from './administrator.ts';
import { configuration, keptPassword } from './configuration.ts';
import { consistency, fixViolations, mended } from './consistency.ts';
import { continueInside, hostedEngines, notInMaintenance } from './hosted-engine.ts';
import { levels, supportedLevels, unsupportedLevels } from './levels.ts';
import { options } from './options.ts';
import * as runtime from './runtime.ts';
import { waitForTasks, waitSeconds } from './running-tasks.ts';
import {
  adminPassword,
  applicationMode,
  enable,
  engineHere,
  engineStop,
  ignoreLostFilters,
  lostFilters,
  generateAdminPassword,
  installed,
  knownSecrets,
  paths,
  postInstall,
  sanWipeAfterDelete,
  ssoClientSecret,
  unit,
  vacuum,
} from './settings.ts';
import { ssoClient } from './sso-client.ts';
import { clearTasks, staleTasks } from './stale-tasks.ts';
import { stops } from './stops.ts';
import { tasks } from './tasks.ts';
import { schemas as shipped, upgrade } from './upgrade.ts';
import { engineVacuum } from './vacuum.ts';

const inside = ['database/initdb', 'database/engine'];
/** Where the database is made by hand, nothing of setup has to stand before its schema. */
const needs = (view: View): readonly string[] => (isOurs(view) ? ['database/engine'] : []);

const schemas = (view: View): readonly Step[] => {
  const [at, admin] = [engineDatabase(view), administration(view)];
  return [
    ...(view.fact(installed) ? [mended(view, { needs: needs(view), inside }), ...staleTasks(view, { needs: needs(view), inside })] : []),
    schema(
      {
        id: 'engine/schema',
        chapter: 'engine.schema',
        title: 'Creating/refreshing Engine database schema',
        needs: needs(view),
        inside,
        stops: stops(view),
        notify: [unit],
      },
      { at, admin, schema: 'public', migrations: shipped.public },
    ),
    schema(
      {
        id: 'engine/directory-schema',
        chapter: 'engine.schema',
        title: "Creating/refreshing Engine 'internal' domain database schema",
        needs: needs(view),
        inside,
        stops: stops(view),
        notify: [unit],
      },
      { at, admin, schema: 'aaa_jdbc', migrations: shipped.aaa_jdbc },
    ),
  ];
};

const service = (view: View): readonly Step[] => {
  const root = view.fact(realRoot);
  return [
    unitFile(
      { id: 'engine/unit', chapter: 'units', title: 'Installing the unit of the engine', quiet: true, notify: [unit] },
      serviceUnit(view, {
        unit,
        account: accounts.engine,
        main: 'src/services/engine/main.ts',
        options: runtime.options,
        configuration: { ENGINE_CONF: paths.configuration },
        environment: Object.entries(runtime.environment).map(([name, value]) => `${name}=${value}`),
        log: paths.log,
        // The web server finds it on a port that others cannot take.
        capabilities: ['CAP_NET_BIND_SERVICE'],
        groups: [accounts.imageio],
      }),
    ),
    running(
      {
        id: 'engine/start',
        chapter: 'services.start',
        title: 'Starting engine service',
        needs: ['engine/unit', 'engine/schema', 'pki/apache'],
      },
      { unit, remedy: message`Look into ${root}${paths.log}` },
    ),
  ];
};

/** The engine as its users reach it. */
const address = (view: View): string => `https://${view.get(fqdn)}:${view.get(httpsPort)}/ovirt-engine`;

/** The engine answers under its own address, with a certificate that can be verified. */
const health = (view: View): HealthCheck => ({
  name: 'engine',
  limitMs: 60_000,
  remedy: message`Look into ${view.fact(realRoot)}${paths.log}`,
  async probe(host) {
    // Nobody knows yet with which certificate it will be seen, where somebody configures TLS by hand after this.
    if (apacheHere(view) && !writesSite(view)) return (await host.services.isActive(unit)) ? undefined : message`${unit} is not running`;
    const ca = await readText(host, trusted(view));
    if (ca === undefined) return message`${trusted(view)} is not there`;
    const url = `${address(view)}/services/health`;
    try {
      const { status, body } = await host.network.get({ url, ca, timeoutMs: 2000 });
      return status === 200 ? undefined : message`${url} answered ${status}: ${body.slice(0, 200)}`;
    } catch (error) {
      return message`${url} does not answer (${messageOf(error)})`;
    }
  },
});

const login: Summary = { block: 'login', lines: ["Please use the user 'admin@internal' and password specified in order to login"] };

const summary = (view: View): readonly Summary[] => [
  ...(view.find(adminPassword) === undefined ? [] : [login]),
  {
    block: 'web-access',
    lines: [
      'Web access is enabled at:',
      ...(apacheHere(view) ? [message`    http://${view.get(fqdn)}:${view.get(httpPort)}/ovirt-engine`] : []),
      message`    ${address(view)}`,
    ],
  },
];

export default plugin({
  name: 'engine',
  facts: [installed, knownSecrets, lostFilters, upgrade, tasks, consistency, hostedEngines, levels],
  settings: [
    enable,
    generateAdminPassword,
    adminPassword,
    vacuum,
    applicationMode,
    ssoClientSecret,
    sanWipeAfterDelete,
    continueInside,
    ignoreLostFilters,
    engineStop,
    supportedLevels,
    clearTasks,
    waitSeconds,
    waitForTasks,
    fixViolations,
  ],
  async preflight(view, host) {
    if (!engineHere(view)) return [];
    const problems: Problem[] = [...notInMaintenance(view), ...unsupportedLevels(view)];
    const wanted = { id: 'https-port', port: view.get(httpsPort), purpose: 'HTTPS', key: httpsPort.key };
    const own = apacheHere(view) ? { program: view.fact(webServer).unit } : { unit, port: view.fact(presentHttpsPort) };
    const taken = await takenPort(host, wanted, own);
    if (taken !== undefined) problems.push(taken);
    if (view.fact(installed) && isOurs(view) && !view.fact(present).cluster) {
      const marker = host.files.real(postInstall);
      problems.push({
        id: 'database-lost',
        level: 'error',
        message: message`${marker} speaks of an installation, but its database cluster is gone`,
        remedy: message`Bring the cluster back from a backup. To install anew, without the old data, remove ${marker}.`,
      });
    }
    return problems;
  },
  steps: (view) =>
    engineHere(view)
      ? [
          ...configuration(view),
          ...keptPassword(view),
          ...schemas(view),
          ...engineVacuum(view),
          ...administrator(view),
          options(view, inside),
          ssoClient(view, inside),
          ...service(view),
        ]
      : [],
  health: (view) => (engineHere(view) ? [health(view)] : []),
  summary: (view) => Promise.resolve(engineHere(view) ? summary(view) : []),
});
