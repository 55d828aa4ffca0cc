import { type Command, type Heading, type Host, type HostReader, type Step, file, message, nothing, sameEntry } from '#kit';
import { succeed, unitAsBefore } from '#steps';
import { render } from '../../src/setup/render/render.ts';
import { change, openNow, untilKnown, wouldForget } from './in-force.ts';
import type { Opening } from './services.ts';
import { sshPorts } from './ssh-ports.ts';
import { letsIn, opens, permanentZone, serviceFile, zoneFile, zoneNames, zonesInForce, zonesToBe } from './zones.ts';

const unit = 'firewalld';

/** A definition of a service, as firewalld reads it. */
export const serviceXml = ({ name, about, ports }: Opening): string => render('firewall/service.xml', { name, about, ports });

/** What is to be changed in one zone. */
interface ZoneChange {
  readonly zone: string;
  readonly add: readonly string[];
  readonly remove: readonly string[];
  /** Whether something else is in force. */
  readonly unread: boolean;
}

interface Wanted {
  readonly open: readonly Opening[];
  /** Names of services of ours that nothing needs any more. */
  readonly close: readonly string[];
}

const definitions = ({ open }: Wanted) => open.map((opening) => [serviceFile(opening.name), file(serviceXml(opening), 0o644)] as const);

async function changedDefinitions(host: HostReader, wanted: Wanted): Promise<ReturnType<typeof definitions>> {
  const all = definitions(wanted);
  const found = await Promise.all(all.map(([path]) => host.files.read(path)));
  return all.filter(([, entry], index) => !sameEntry(found[index], entry));
}

/** Definitions of ours that are of no use any more. */
const uselessDefinitions = async (host: HostReader, { close }: Wanted): Promise<readonly string[]> => {
  const paths = close.map(serviceFile);
  const found = await Promise.all(paths.map((path) => host.files.read(path)));
  return paths.filter((_, index) => found[index] !== undefined);
};

/** How the zones in use differ, while firewalld runs. */
async function zoneChanges(host: HostReader, { open, close }: Wanted): Promise<readonly ZoneChange[]> {
  const names = open.map(({ name }) => name);
  const changes = (await zonesInForce(host)).map(async (inForce): Promise<ZoneChange> => {
    const permanent = await permanentZone(host, inForce.name);
    return {
      zone: inForce.name,
      add: names.filter((name) => !permanent.services.includes(name)),
      remove: close.filter((name) => permanent.services.includes(name)),
      unread:
        open.some(({ name, ports }) => !inForce.services.includes(name) && !ports.every((port) => opens(inForce, port))) ||
        close.some((name) => inForce.services.includes(name)),
    };
  });
  return (await Promise.all(changes)).filter(({ add, remove, unread }) => add.length > 0 || remove.length > 0 || unread);
}

const run = (host: Host, program: string, ...args: readonly string[]): Promise<void> => {
  const command: Command = { argv: [program, ...args] };
  return succeed(host, command);
};

/** Before firewalld is started: it must not lock out whoever is here over ssh. */
async function letSshIn(host: Host): Promise<void> {
  const ports = await sshPorts(host);
  for (const zone of await zonesToBe(host)) {
    const permanent = await permanentZone(host, zone);
    for (const port of ports)
      if (!(await letsIn(host, permanent, port))) await run(host, 'firewall-offline-cmd', `--zone=${zone}`, `--add-port=${port}/tcp`);
  }
}

const reload = (host: Host): Promise<void> => run(host, 'firewall-cmd', '--reload');

async function start(host: Host): Promise<void> {
  await letSshIn(host);
  await host.services.enable(unit, true);
  await host.services.start(unit);
}

/** What the zones let in from now on, by their settings. Gives whether anything differed. */
async function permit(host: Host, wanted: Wanted): Promise<boolean> {
  const changes = await zoneChanges(host, wanted);
  for (const { zone, add, remove } of changes) {
    const where = ['--permanent', `--zone=${zone}`];
    await change(host, where, 'add-service', add);
    await change(host, where, 'remove-service', remove);
  }
  return changes.length > 0;
}

async function open(host: Host, wanted: Wanted): Promise<void> {
  const ours = [...wanted.open.map(({ name }) => name), ...wanted.close];
  const runs = await host.services.isActive(unit);
  const others = runs && (await wouldForget(host, ours));
  for (const [path, entry] of await changedDefinitions(host, wanted)) await host.files.write(path, entry);
  await host.services.enable(unit, true);
  if (others) {
    for (const opening of wanted.open) await untilKnown(host, opening);
    await permit(host, wanted);
    await openNow(host, wanted.open, wanted.close);
  } else {
    // A zone takes only services that firewalld has read.
    if (runs) await reload(host);
    else await start(host);
    if (await permit(host, wanted)) await reload(host);
  }
  for (const path of await uselessDefinitions(host, wanted)) await host.files.remove(path);
}

/** Files that firewalld itself may write meanwhile: a zone, and beside it what it was before. */
const filesOf = (zones: readonly string[]): readonly string[] => zones.flatMap((zone) => [zoneFile(zone), `${zoneFile(zone)}.old`]);

/**
 * firewalld runs, with our services in every zone in use. Undo puts its files back and stops it if it did not run; if it did, it is restarted
 * with what it had, as every unit that a run has notified.
 */
export const opened = (heading: Heading, wanted: Wanted): Step => ({
  ...heading,
  ...unitAsBefore(unit),
  notify: [unit],
  starts: unit,
  // A definition that was changed and not read shows nowhere: reading it is owed until this step has come to its end.
  restarts: true,
  async check(host) {
    const active = await host.services.isActive(unit);
    const files = [...(await changedDefinitions(host, wanted)).map(([path]) => path), ...(await uselessDefinitions(host, wanted))];
    const zones = active ? (await zoneChanges(host, wanted)).map(({ zone }) => zone) : [];
    if (active && (await host.services.isEnabled(unit)) && files.length === 0 && zones.length === 0) return nothing;
    // Any zone may be in use once it runs, and in any of them a port may have to be kept.
    const touches = [...files, ...filesOf(await zoneNames(host))];
    const what = active ? [...files, ...zones].join(' ') : '';
    return { kind: 'run', note: what === '' ? message`${unit} is not running` : message`${unit}: ${what}`, touches };
  },
  apply: (host) => open(host, wanted),
});
