import { SetupError } from '../kit/errors.ts';
import type { Host } from '../kit/host.ts';
import type { UnitState } from './supervisor/unit-states.ts';
import { message } from '../kit/text.ts';
import type { Run } from './commands.ts';

/** Longer than any of our units may take to start or to stop. */
const jobMs = 600_000;

const properties = ['LoadState', 'ActiveState', 'NeedDaemonReload'] as const;
type Properties = Readonly<Record<(typeof properties)[number], string>>;

/** What `systemctl show` prints: a line `Name=value` for each property. */
const propertiesIn = (stdout: string): ReadonlyMap<string, string> =>
  new Map(stdout.split('\n').map((line) => [line.split('=', 1)[0] ?? '', line.slice(line.indexOf('=') + 1)]));

const stateOf = (active: string, sub: string): UnitState['state'] => {
  if (active === 'failed') return 'failed';
  if (active === 'activating') return sub === 'auto-restart' ? 'restarting' : 'running';
  return ['active', 'reloading', 'refreshing', 'deactivating'].includes(active) ? 'running' : 'stopped';
};

/** How some units of this host are, as far as it has them. */
export async function systemdStates(run: Run, units: readonly string[]): Promise<readonly UnitState[]> {
  const wanted = ['LoadState', 'ActiveState', 'SubState', 'MainPID', 'StateChangeTimestamp'];
  const found: UnitState[] = [];
  for (const name of units) {
    const argv = ['systemctl', 'show', '--timestamp=unix', `--property=${wanted.join(',')}`, '--', `${name}.service`] as const;
    const said = propertiesIn((await run({ argv })).stdout);
    if (said.get('LoadState') === 'not-found') continue;
    const pid = Number(said.get('MainPID') ?? 0);
    const since = Number((said.get('StateChangeTimestamp') ?? '').replace('@', ''));
    found.push({
      name,
      state: stateOf(said.get('ActiveState') ?? '', said.get('SubState') ?? ''),
      ...(pid > 0 ? { pid } : {}),
      ...(since > 0 ? { since: new Date(since * 1000) } : {}),
    });
  }
  return found;
}

/** Services of this host, by systemd (systemctl(1), systemd 232 or newer). */
export function systemdServices(run: Run): Host['services'] {
  const called = (unit: string): string => (/\.[a-z]+$/.test(unit) ? unit : `${unit}.service`);

  async function show(unit: string): Promise<Properties> {
    const { stdout } = await run({ argv: ['systemctl', 'show', `--property=${properties.join(',')}`, '--', called(unit)] });
    const found = propertiesIn(stdout);
    return Object.fromEntries(properties.map((name) => [name, found.get(name) ?? ''])) as Properties;
  }

  async function order(verb: string, unit: string): Promise<void> {
    // The file of the unit may have been written a moment ago.
    const { NeedDaemonReload, ActiveState } = await show(unit);
    if (NeedDaemonReload === 'yes') await succeed(['systemctl', 'daemon-reload'], unit);
    // Many failures in a row are no reason to refuse this start.
    if (ActiveState === 'failed') await run({ argv: ['systemctl', 'reset-failed', '--', called(unit)] });
    await succeed(['systemctl', verb, '--', called(unit)], unit);
  }

  async function succeed(argv: readonly [string, ...string[]], unit: string): Promise<void> {
    const { code, stderr } = await run({ argv, timeoutMs: jobMs });
    if (code === 0) return;
    const [said = ''] = stderr.trim().split('\n');
    throw new SetupError('failed', message`${argv.join(' ')} ended with code ${code}: ${said}`, {
      remedy: message`See why with: journalctl -u ${called(unit)}`,
    });
  }

  return {
    // One that is about to be started, or to be started again, counts: who wants it out of the way has to stop it.
    isActive: async (unit) => ['active', 'reloading', 'refreshing', 'activating'].includes((await show(unit)).ActiveState),
    // As the disk has it now: what systemd remembers is as old as its last reload.
    isEnabled: async (unit) => {
      const { stdout } = await run({ argv: ['systemctl', 'is-enabled', '--', called(unit)] });
      return ['enabled', 'enabled-runtime', 'alias'].includes(stdout.trim());
    },
    exists: async (unit) => (await show(unit)).LoadState !== 'not-found',
    // It counts at the next boot, when everything is read anew: reading it now would cost more than a start.
    enable: async (unit, on) => succeed(['systemctl', on ? 'enable' : 'disable', '--no-reload', '--', called(unit)], unit),
    start: async (unit) => order('start', unit),
    // Stopping what is not there is nothing to complain about.
    stop: async (unit) =>
      (await show(unit)).LoadState === 'not-found' ? undefined : succeed(['systemctl', 'stop', '--', called(unit)], unit),
    restart: async (unit) => order('restart', unit),
    reload: async (unit) => order('reload', unit),
  };
}
