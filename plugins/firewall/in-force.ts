import { type Host, type HostReader, type Json, SetupError, message } from '#kit';
import { succeed } from '#steps';
import { type Opening, type Port, asOption, portIn } from './services.ts';
import { sshPorts } from './ssh-ports.ts';
import { type Zone, opens, permanentZone, portsOnDisk, listedZones, zonesInForce } from './zones.ts';

/* What firewalld does now, beside what its files say: some of it may have been said to the running daemon alone. */

/** What the components need and do not need any more. */
export interface Wanted {
  readonly open: readonly Opening[];
  /** Names of services of ours that nothing needs any more. */
  readonly close: readonly string[];
}

/** All services of ours. */
export const oursOf = ({ open, close }: Wanted): readonly string[] => [...open.map(({ name }) => name), ...close];

export const firewallCmd = (host: HostReader, ...words: readonly string[]) => host.query({ argv: ['firewall-cmd', ...words] });

/** The ports of a service as firewalld knows it: now, or by its files. Nothing where it does not know it. */
export async function portsOfKnown(host: HostReader, name: string, ...where: readonly string[]): Promise<string | undefined> {
  const { stdout } = await firewallCmd(host, ...where, `--info-service=${name}`);
  return /^ {2}ports: (.*)$/m.exec(stdout)?.[1]?.trim();
}

const asListed = (ports: readonly Port[]): string => ports.map(asOption).join(' ');

/** Those of our services that the running firewalld knows as they are wanted. */
export async function asWanted(host: HostReader, open: readonly Opening[]): Promise<readonly Opening[]> {
  const known = await Promise.all(open.map(({ name }) => portsOfKnown(host, name)));
  return open.filter(({ ports }, index) => known[index] === asListed(ports));
}

/** firewalld looks at its files by itself, a moment after they have changed; what is permanent can name a service then. */
export async function untilKnown(host: Host, { name, ports }: Opening): Promise<void> {
  const deadline = host.now().getTime() + 20_000;
  while ((await portsOfKnown(host, name, '--permanent')) !== asListed(ports)) {
    if (host.now().getTime() > deadline)
      throw new SetupError('failed', message`firewalld does not take notice of the service ${name}`, {
        remedy: 'Make permanent what is in force with firewall-cmd --runtime-to-permanent, and run setup again.',
      });
    await host.sleep(200);
  }
}

/** Opens in the running firewalld what is not open yet, and closes what nobody needs any more, without its reading anything anew. */
export async function openNow(host: Host, { open, close }: Wanted): Promise<void> {
  const fits = await asWanted(host, open);
  for (const zone of await zonesInForce(host)) await bring(host, zone, { open, fits, close, ports: [] });
}

/**
 * Brings what a zone lets in of ours to what is wanted.
 * @param wanted.fits those of `open` that firewalld knows as they are wanted
 * @param wanted.ports ports that are to be open beside services
 */
async function bring(
  host: Host,
  zone: Zone,
  { open, fits, close, ports }: Wanted & { readonly fits: readonly Opening[]; readonly ports: readonly Port[] },
): Promise<void> {
  const has = (name: string): boolean => zone.services.includes(name);
  // As they were when firewalld read them, they are other ones, or none.
  const others = open.filter((one) => !fits.includes(one));
  const beside = [...others.flatMap((one) => one.ports), ...ports].filter((port) => !opens(zone, port));
  const where = [`--zone=${zone.name}`];
  await change(host, where, 'remove-service', [...close, ...others.map(({ name }) => name)].filter(has));
  await change(
    host,
    where,
    'add-service',
    fits.map(({ name }) => name).filter((name) => !has(name)),
  );
  await change(host, where, 'add-port', [...new Set(beside.map(asOption))]);
}

/**
 * Closes in the running firewalld ports of ours that it was told alone and that nothing needs any more: those of the definitions on disk,
 * so before these are written. What lies within a range was opened by others.
 */
export async function closeFormer(host: Host, wanted: Wanted): Promise<void> {
  const onDisk = (await Promise.all(oursOf(wanted).map((name) => portsOnDisk(host, name)))).flat();
  const needed = [...wanted.open.flatMap(({ ports }) => ports.map(asOption)), ...(await sshPorts(host)).map((port) => `${port}/tcp`)];
  const former = onDisk.flatMap(portIn).filter((port) => !needed.includes(asOption(port)));
  for (const zone of await zonesInForce(host)) {
    const permanent = await permanentZone(host, zone.name);
    const left = former.filter((port) => zone.ports.includes(asOption(port)) && !opens(permanent, port));
    await change(host, [`--zone=${zone.name}`], 'remove-port', left.map(asOption));
  }
}

/** What was in force before a run. */
interface Noted {
  /** Ports that are ours: before and afterwards. */
  readonly ours: readonly string[];
  readonly zones: readonly {
    readonly name: string;
    /** Services of ours, with their ports as firewalld knew them. */
    readonly services: Readonly<Record<string, string>>;
    /** All ports that it names. */
    readonly ports: readonly string[];
  }[];
}

const optionsOf = ({ open }: Wanted): readonly string[] => open.flatMap(({ ports }) => ports.map(asOption));

/** A note of what is in force, for the way back. */
export async function inForce(host: HostReader, wanted: Wanted): Promise<{ readonly [key: string]: Json }> {
  const names = oursOf(wanted);
  const known = new Map(await Promise.all(names.map(async (name) => [name, (await portsOfKnown(host, name)) ?? ''] as const)));
  const zones = (await listedZones(host)).map(({ name, services, ports }) => {
    const ours = services.filter((service) => names.includes(service));
    return { name, services: Object.fromEntries(ours.map((service) => [service, known.get(service) ?? ''])), ports };
  });
  const onDisk = (await Promise.all(names.map((name) => portsOnDisk(host, name)))).flat();
  return { ours: [...new Set([...onDisk, ...optionsOf(wanted)])], zones };
}

/** Takes services of ours out of what firewalld takes for its settings. */
export async function withdraw(host: Host, wanted: Wanted): Promise<void> {
  for (const { name, services } of await listedZones(host, '--permanent')) {
    const ours = services.filter((service) => oursOf(wanted).includes(service));
    await change(host, ['--permanent', `--zone=${name}`], 'remove-service', ours);
  }
}

/** Takes back in the running firewalld what a run has opened and closed, and touches nothing of others. */
export async function takeBackNow(host: Host, wanted: Wanted, kept: Json): Promise<void> {
  const { ours, zones } = kept as unknown as Noted;
  const ports = [...new Set([...ours, ...optionsOf(wanted)])].flatMap(portIn);
  const now = await listedZones(host);
  const ssh = await sshPorts(host);
  for (const before of zones) {
    const zone = now.find(({ name }) => name === before.name);
    if (zone !== undefined) await takeBackIn(host, zone, before, { wanted, ports, ssh });
  }
}

async function takeBackIn(
  host: Host,
  zone: Zone,
  before: Noted['zones'][number],
  { wanted, ports, ssh }: { readonly wanted: Wanted; readonly ports: readonly Port[]; readonly ssh: readonly number[] },
): Promise<void> {
  const open = Object.entries(before.services).map(([name, known]) => ({ name, about: '', ports: known.split(' ').flatMap(portIn) }));
  const known = await Promise.all(open.map(({ name }) => portsOfKnown(host, name)));
  const fits = open.filter(({ name }, index) => (known[index] ?? '') === before.services[name]);
  const close = oursOf(wanted).filter((name) => !(name in before.services));
  await bring(host, zone, { open, fits, close, ports: ports.filter((port) => opens(before, port)) });
  const needed = open.filter((one) => !fits.includes(one)).flatMap((one) => one.ports.map(asOption));
  const left = ports.filter((port) => {
    const isSsh = port.protocol === 'tcp' && ssh.includes(port.port);
    return opens(zone, port) && !opens(before, port) && !needed.includes(asOption(port)) && !isSsh;
  });
  await change(host, [`--zone=${zone.name}`], 'remove-port', left.map(asOption));
}

/** One change of a zone. firewall-cmd takes one kind of it at a time. */
export async function change(host: Host, where: readonly string[], option: string, values: readonly string[]): Promise<void> {
  if (values.length > 0) await succeed(host, { argv: ['firewall-cmd', ...where, ...values.map((value) => `--${option}=${value}`)] });
}
