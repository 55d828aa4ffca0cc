import { type Host, type HostReader, SetupError, message } from '#kit';
import { succeed } from '#steps';
import { type Opening, type Port, asOption } from './services.ts';
import { opens, zonesInForce } from './zones.ts';

/* What firewalld does now, beside what its files say: some of it may have been said to the running daemon alone. */

const listings = [['--list-all-zones'], ['--list-all-policies'], ['--direct', '--get-all-rules'], ['--direct', '--get-all-passthroughs']];

/** A listing without its order, without notes behind names, and without services of ours. */
const told = (listing: string, ours: readonly string[]): string =>
  listing
    .split(/\n(?=\S)/)
    .map((block) =>
      block
        .replace(/^(\S+) \([^)]*\)(?=\n|$)/, '$1')
        .split('\n')
        .map((line) => {
          const words = line.split(/\s+/).filter((word) => word !== '' && !ours.includes(word));
          return words.sort().join(' ');
        })
        .sort()
        .join('\n'),
    )
    .join('\n');

/** Whether firewalld would forget something of others if it read its settings anew. */
export async function wouldForget(host: HostReader, ours: readonly string[]): Promise<boolean> {
  const list = async (...words: readonly string[]): Promise<string> =>
    told((await host.query({ argv: ['firewall-cmd', ...words] })).stdout, ours);
  const differs = listings.map(async (words) => (await list(...words)) !== (await list('--permanent', ...words)));
  return (await Promise.all(differs)).includes(true);
}

/** The ports of a service as firewalld knows it: now, or by its files. Nothing where it does not know it. */
async function portsOfKnown(host: HostReader, name: string, ...where: readonly string[]): Promise<string | undefined> {
  const { stdout } = await host.query({ argv: ['firewall-cmd', ...where, `--info-service=${name}`] });
  return /^ {2}ports: (.*)$/m.exec(stdout)?.[1]?.trim();
}

const asListed = (ports: readonly Port[]): string => ports.map(asOption).join(' ');

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
export async function openNow(host: Host, open: readonly Opening[], close: readonly string[]): Promise<void> {
  const known = await Promise.all(open.map(({ name }) => portsOfKnown(host, name)));
  for (const zone of await zonesInForce(host)) {
    const has = (name: string): boolean => zone.services.includes(name);
    const fits = open.filter(({ ports }, index) => known[index] === asListed(ports));
    const others = open.filter((one) => !fits.includes(one));
    const words = {
      'remove-service': [...close, ...others.map(({ name }) => name)].filter(has),
      'add-service': fits.map(({ name }) => name).filter((name) => !has(name)),
      // As it was when firewalld read it, the service is another one, or none.
      'add-port': others.flatMap(({ ports }) => ports.filter((port) => !opens(zone, port)).map(asOption)),
    };
    for (const [option, values] of Object.entries(words)) await change(host, [`--zone=${zone.name}`], option, values);
  }
}

/** One change of a zone. firewall-cmd takes one kind of it at a time. */
export async function change(host: Host, where: readonly string[], option: string, values: readonly string[]): Promise<void> {
  if (values.length > 0) await succeed(host, { argv: ['firewall-cmd', ...where, ...values.map((value) => `--${option}=${value}`)] });
}
