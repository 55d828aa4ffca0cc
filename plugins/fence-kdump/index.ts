import { type HealthCheck, type Step, type View, message, plugin } from '#kit';
import { lookOr, running, unitFile, writeFile } from '#steps';
import { render } from '../../src/setup/render/render.ts';
import { engineDatabase } from '../database/settings.ts';
import { engineHere, paths as engine } from '../engine/settings.ts';
import { accounts, realRoot, sandbox, serviceUnit } from '../environment/settings.ts';
import { takenPort } from '../network/settings.ts';
import { listenerPort, paths, presentPort, unit } from './settings.ts';

const service = (view: View): readonly Step[] => {
  const root = view.fact(realRoot);
  const healthSocket = `${root}${paths.healthSocket}`;
  return [
    writeFile(
      {
        id: 'fence-kdump/10-setup.conf',
        // Behind the options: the port that stands here is the one that hosts have been told.
        chapter: 'units',
        title: 'Configuring the listener for crashing hosts',
        quiet: true,
        notify: [unit],
      },
      {
        path: paths.configuration,
        content: render('fence-kdump/10-setup.conf', {
          address: view.fact(sandbox) ? '127.0.0.1' : '::',
          port: view.get(listenerPort),
          healthSocket,
        }),
      },
    ),
    unitFile(
      {
        id: 'fence-kdump/unit',
        chapter: 'units',
        title: 'Installing the unit of the listener for crashing hosts',
        quiet: true,
        notify: [unit],
      },
      serviceUnit(view, {
        unit,
        account: accounts.fenceKdumpListener,
        main: 'src/services/fence-kdump-listener/main.ts',
        options: ['--max-semi-space-size=1'],
        configuration: { FENCE_KDUMP_LISTENER_CONF: paths.main, ENGINE_CONF: engine.configuration },
        log: paths.log,
      }),
    ),
    running(
      {
        id: 'fence-kdump/start',
        chapter: 'services.start',
        title: 'Starting ovirt-fence-kdump-listener service',
        quiet: true,
        needs: ['fence-kdump/10-setup.conf', 'fence-kdump/unit', 'engine/schema'],
      },
      { unit, remedy: message`Look into ${root}${paths.log}` },
    ),
  ];
};

/** What the engine looks for, too: a listener that is silent for longer is taken for dead. */
const heartbeat =
  "select 1 from external_variable where var_name = 'fence-kdump-listener-heartbeat' and _update_date > now() - interval '90 seconds'";

const health = (view: View): HealthCheck => ({
  name: 'fence-kdump-listener',
  limitMs: 60_000,
  remedy: message`Look into ${view.fact(realRoot)}${paths.log}`,
  async probe(host) {
    if (!(await host.services.isActive(unit))) return message`${unit} is not running`;
    const alive = await lookOr(host, engineDatabase(view), false, async (sql) => (await sql.rows(heartbeat)).length === 1);
    return alive ? undefined : message`${unit} gives no sign of life in the database of the engine`;
  },
});

export default plugin({
  name: 'fence-kdump',
  facts: [presentPort],
  settings: [listenerPort],
  async preflight(view, host) {
    if (!engineHere(view)) return [];
    const wanted = {
      id: 'fence-kdump-port',
      port: view.get(listenerPort),
      purpose: 'messages of crashing hosts',
      key: listenerPort.key,
      protocol: 'udp',
    } as const;
    const taken = await takenPort(host, wanted, { unit, port: view.fact(presentPort) });
    return taken === undefined ? [] : [taken];
  },
  steps: (view) => (engineHere(view) ? service(view) : []),
  health: (view) => (engineHere(view) ? [health(view)] : []),
});
