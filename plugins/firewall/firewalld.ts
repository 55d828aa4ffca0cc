import { type Command, type Heading, type Host, type HostReader, type Json, type Step, file, message, nothing, sameEntry } from '#kit';
import { succeed, unitAsBefore } from '#steps';
import { render } from '../../src/setup/render/render.ts';
import { type Wanted, asWanted, change, closeFormer, inForce, openNow, takeBackNow, untilKnown, withdraw } from './in-force.ts';
import { wouldCloseSsh, wouldForget } from './reload.ts';
import { type Opening, numbers } from './services.ts';
import { sshPorts } from './ssh-ports.ts';
import { letsIn, opens, permanentZone, serviceFile, zoneFile, zoneNames, zonesInForce, zonesToBe } from './zones.ts';

const unit = 'firewalld';

/** A definition of a service, as firewalld reads it. */
export const serviceXml = ({ name, about, ports }: Opening): string =>
  render('firewall/service.xml', { name, about, ports: ports.map((port) => ({ ...port, port: numbers(port) })) });

/** What is to be changed in one zone. */
interface ZoneChange {
  readonly zone: string;
  readonly add: readonly string[];
  readonly remove: readonly string[];
  /** Whether something else is in force. */
  readonly unread: boolean;
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
  // A definition that was changed and not read shows here alone.
  const read = await asWanted(host, open);
  const changes = (await zonesInForce(host)).map(async (zone): Promise<ZoneChange> => {
    const permanent = await permanentZone(host, zone.name);
    const isOpen = (one: Opening): boolean =>
      (read.includes(one) && zone.services.includes(one.name)) || one.ports.every((port) => opens(zone, port));
    return {
      zone: zone.name,
      add: names.filter((name) => !permanent.services.includes(name)),
      remove: close.filter((name) => permanent.services.includes(name)),
      unread: !open.every(isOpen) || close.some((name) => zone.services.includes(name)),
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
  const runs = await host.services.isActive(unit);
  const stays = runs && ((await wouldForget(host, wanted)) || (await wouldCloseSsh(host, wanted)));
  if (stays) await closeFormer(host, wanted);
  for (const [path, entry] of await changedDefinitions(host, wanted)) await host.files.write(path, entry);
  await host.services.enable(unit, true);
  if (stays) {
    for (const opening of wanted.open) await untilKnown(host, opening);
    await permit(host, wanted);
    await openNow(host, wanted);
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

const before = unitAsBefore(unit);

/** It would write a zone anew, over the former one, if a service went away that it knows to be in it. */
async function prepareForFormerFiles(host: Host, wanted: Wanted, kept: Json): Promise<void> {
  await before.undo.run(host, kept);
  if (await host.services.isActive(unit)) await withdraw(host, wanted);
}

/** Its files are back already. A restart would forget what others have told firewalld alone; so would a reload, where there is such a thing. */
async function takeBack(host: Host, wanted: Wanted, kept: Json): Promise<void> {
  if (!(kept as { active: boolean }).active) return;
  // The power went, say: the rollback starts it with its settings, and somebody may be here over ssh meanwhile.
  if (!(await host.services.isActive(unit))) await letSshIn(host);
  else if ((await wouldForget(host, wanted)) || (await wouldCloseSsh(host))) await takeBackNow(host, wanted, kept);
  else await reload(host);
}

/**
 * firewalld runs, with our services in every zone in use. Undo puts its files back and stops it if it did not run; if it did, it lets in what
 * it did before.
 */
export const opened = (heading: Heading, wanted: Wanted): Step => ({
  ...heading,
  starts: unit,
  async prepare(host) {
    const kept = (await before.prepare(host)) as { active: boolean; enabled: boolean };
    return kept.active ? { ...kept, ...(await inForce(host, wanted)) } : kept;
  },
  undo: {
    run: (host, kept) => prepareForFormerFiles(host, wanted, kept),
    afterFiles: (host, kept) => takeBack(host, wanted, kept),
  },
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
