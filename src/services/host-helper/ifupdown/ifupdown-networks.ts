import { access, lstat, mkdir, readdir, readFile, readlink, rm, symlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { interfacesChange } from '../../frame/network-file.ts';
import type { Command, NetworkMaker, NetworkPlan } from '../network-maker.ts';
import type { NetworkChange, WantedNetwork } from '../network-request.ts';
import { linksOf } from '../networkd.ts';
import { Refusal } from '../refusal.ts';
import type { Run } from '../run.ts';
import type { Settings } from '../settings.ts';
import { writeSafely } from '../write-safely.ts';
import { formerStanzas } from './former-stanzas.ts';
import { type InterfacesFiles, readInterfaces } from './interfaces-files.ts';
import { mentionOf, readStatements, speaksOf } from './interfaces-text.ts';
import { blockOf, networksIn, withBlock, withoutBlock } from './network-block.ts';
import { cardsOf } from './network-cards.ts';
import { nicOf, quietStanzas, stanzasOf } from './network-stanzas.ts';

export interface IfupdownNetworks extends NetworkMaker {
  /** Whether Debian's ifupdown is there. */
  isHere(): Promise<boolean>;
  /** Which of the networks of a change are on cards that it configures. Throws Refusal (501) where that cannot be told. */
  hasPartIn(change: NetworkChange): Promise<'all' | 'some' | 'none'>;
}

const encoding = 'latin1';
const dhclientSettings = '/etc/dhcp/dhclient.conf';

/**
 * Makes networks by stanzas of interfaces(5). What is tried lies in a folder that a start of the host forgets; committing it replaces one file.
 */
export function ifupdownNetworks(settings: Settings, run: Run): IfupdownNetworks {
  const { interfaces, systemctl, systemdRun, ip, ifup, ifdown, dhclient, dhclientLeases, startStopDaemon } = settings;
  const folder = `${settings.networkChangeFolder}/${interfacesChange}`;
  /** The file as it is to be, as it was, and which one it is; and stanzas by which devices are taken down. */
  const [tried, before, target, down] = ['interfaces', 'before', 'target', 'down'].map((name) => `${folder}/${name}`) as [
    string,
    string,
    string,
    string,
  ];

  const isHere = async (): Promise<boolean> => {
    const said = await run(ifup, ['--version']).catch(() => '');
    return /^ifup version 0\.8\./.test(said) && (await exists(interfaces));
  };

  /** A change that is not committed; null where there is none. */
  async function pending(): Promise<{ readonly path: string; readonly text: string; readonly before: string } | null> {
    const text = await readFile(tried, encoding).catch(() => null);
    return text === null ? null : { path: await readlink(target), text, before: await readFile(before, encoding) };
  }
  /** The files as they hold now. */
  async function holding(): Promise<InterfacesFiles> {
    const change = await pending();
    return await readInterfaces(interfaces, new Map(change === null ? [] : [[change.path, change.text]]));
  }

  /** What ifupdown has brought up. */
  async function broughtUp(): Promise<ReadonlyMap<string, string>> {
    const text = await readFile(settings.ifupdownState, 'utf8').catch(() => '');
    return new Map([...text.matchAll(/^([^\s=]+)=(\S+)/gm)].map(([, device = '', logical = '']) => [device, logical]));
  }

  const unitOf = (device: string): string => `ovirt-ifup-${device}.service`;
  const pidOf = (device: string): string => `/run/dhclient.${device}.pid`;
  /** Takes bridges and cards down. Their addresses stay theirs: no lease is given back. */
  const takeDown = (bridges: readonly string[], nics: readonly string[]): readonly Command[] => {
    const devices = [...bridges, ...nics];
    return [
      ...devices.map((device) => [systemctl, 'stop', unitOf(device)]),
      // Told to stop in its own way, dhclient begins to ask for addresses where there is nothing to stop.
      ...devices.map((device) => [startStopDaemon, '--stop', '--oknodo', '--retry=5', `--exec=${dhclient}`, `--pidfile=${pidOf(device)}`]),
      ...devices.map((device) => [ifdown, '--force', '-i', down, device]),
      ...bridges.map((name) => [ip, 'link', 'delete', 'dev', name]),
      ...nics.map((nic) => [ip, '-4', 'address', 'flush', 'dev', nic]),
      // By it one tells that an address is from DHCP.
      ['/usr/bin/rm', '--force', '--', ...devices.map(pidOf)],
    ];
  };
  /**
   * Brings up devices, each in a unit of its own that stays: its DHCP client is in it. By force: where they could not be taken down in order, ifupdown
   * takes them for being up, and they have no addresses any more.
   */
  const bringUp = (devices: readonly string[], file: string | null): readonly Command[] =>
    devices.map((device) => [
      ...[systemdRun, '--quiet', '--collect', '--no-block', `--unit=${unitOf(device)}`],
      ...['--property=Type=oneshot', '--property=RemainAfterExit=yes', '--', ifup, '--force'],
      ...(file === null ? [] : ['-i', file]),
      device,
    ]);

  async function check(network: WantedNetwork): Promise<void> {
    const managed = (await linksOf(run, settings.networkctl).catch(() => null))?.get(network.nic)?.file ?? null;
    if (managed !== null)
      throw new Refusal(501, `${network.nic} is configured by ${managed} as well as in ${interfaces}. Let it be in one`);
    if (network.ipv4 !== 'dhcp') return;
    if (!(await exists(dhclient))) throw new Refusal(501, `Addresses by DHCP need ${dhclient} where ifupdown configures the card`);
    if (speaksOf(await readFile(dhclientSettings, encoding).catch(() => ''), network.nic))
      throw new Refusal(501, `${dhclientSettings} speaks of ${network.nic}, which a network does not take over`);
  }

  /** Throws Refusal for a file that cannot be replaced. */
  async function checkFile(path: string): Promise<void> {
    if (!path.startsWith(`${dirname(interfaces)}/`))
      throw new Refusal(501, `${path} is not below ${dirname(interfaces)}, and is left alone`);
    const what = await lstat(path);
    if (!what.isFile() || what.nlink !== 1) throw new Refusal(501, `${path} is a link, or has several names, and is left alone`);
  }

  async function plan({ make, remove }: NetworkChange): Promise<NetworkPlan | null> {
    if (!(await isHere())) throw new Refusal(501, `${interfaces} names the network card, and there is no ifupdown 0.8 of Debian for it`);
    const now = await holding();
    const files = new Map(now);
    const nics = new Set(make.map(({ nic }) => nic));
    const stanzas = new Map<string, readonly string[]>();
    for (const name of [...remove, ...make.map((network) => network.name)]) {
      const [path, text] = [...files].find(([, content]) => networksIn(content).includes(name)) ?? [];
      if (path === undefined || text === undefined) {
        if (remove.includes(name)) throw new Refusal(409, `There is no network ${name} here that the agent has made`);
        continue;
      }
      stanzas.set(name, blockOf(text, name));
      const nic = nicOf(blockOf(text, name));
      if (nic !== undefined) nics.add(nic);
      files.set(path, withoutBlock(text, name, path));
    }
    for (const name of remove) {
      const place = [...files].flatMap(([path, text]) => readStatements(text, path).map((statement) => mentionOf(statement, name)));
      const user = place.find((one) => one !== undefined);
      if (user !== undefined) throw new Refusal(409, `${user}: it depends on ${name}, which is to go`);
    }
    const [cards, up] = [await cardsOf(run, settings), await broughtUp()];
    const leases: Command[] = [];
    for (const network of make) {
      await check(network);
      const own = stanzas.get(network.name) ?? [];
      const former = formerStanzas(network, { files, own, cards, up });
      const fresh = stanzasOf(network, former);
      const path = (former.four ?? former.six)?.file ?? interfaces;
      const replaced = [former.four, former.six].filter((one) => one !== undefined).toSorted((one, other) => one.from - other.from);
      files.set(path, withBlock(files.get(path) ?? '', network.name, fresh, replaced, path));
      stanzas.set(network.name, [...own, ...fresh]);
      // In there is as whom the host asks for its address.
      if (network.ipv4 === 'dhcp' && nicOf(own) !== network.nic)
        leases.push(['/usr/bin/cp', '--', ...[network.nic, network.name].map((device) => `${dhclientLeases}/dhclient.${device}.leases`)]);
    }
    const [path, ...others] = [...files.keys()].filter((one) => files.get(one) !== now.get(one));
    if (path === undefined) return null;
    if (others.length > 0) throw new Refusal(409, `That would change ${path} and ${others.join(', ')}: change one network after the other`);
    await checkFile(path);
    const [past, future] = [now.get(path) ?? '', files.get(path) ?? ''];

    const bridges = [...stanzas.keys()];
    const devices = [...nics, ...bridges];
    const hasIn = (texts: InterfacesFiles) => {
      const named = [...texts].flatMap(([file, text]) => readStatements(text, file)).filter(({ keyword }) => keyword === 'iface');
      return (device: string): boolean => named.some(({ words }) => words[0] === device);
    };
    const leave = takeDown(bridges, [...nics]);
    return {
      back: [
        ...leave,
        ['/usr/bin/rm', '--recursive', '--force', '--', folder],
        ...bringUp(
          devices.filter(hasIn(now)).filter((device) => up.has(device)),
          null,
        ),
      ],
      async write() {
        await rm(folder, { recursive: true, force: true });
        await mkdir(folder, { recursive: true });
        await symlink(path, target);
        await writeSafely(before, past, { encoding });
        await writeSafely(down, quietStanzas(devices, stanzas), { encoding });
        await writeSafely(tried, future, { encoding });
      },
      forward: [...leave, ...leases, ...bringUp(devices.filter(hasIn(new Map([[path, future]]))), tried)],
    };
  }

  return {
    isHere,
    plan,
    hasChanged: () => exists(folder),
    async hasPartIn({ make, remove }) {
      const isIn = (files: InterfacesFiles, is: (text: string, file: string) => boolean): boolean =>
        [...files].some(([file, text]) => is(text, file));
      const isOurs = (files: InterfacesFiles, name: string): boolean => isIn(files, (text) => networksIn(text).includes(name));
      try {
        const files = (await exists(interfaces)) ? await holding() : new Map<string, string>();
        const isNamed = (nic: string): boolean =>
          isIn(files, (text, file) => readStatements(text, file).some((statement) => mentionOf(statement, nic) !== undefined));
        const parts = [...remove.map((name) => isOurs(files, name)), ...make.map(({ name, nic }) => isOurs(files, name) || isNamed(nic))];
        return parts.every(Boolean) ? 'all' : parts.some(Boolean) ? 'some' : 'none';
      } catch (error) {
        // What is not understood is of no interest as long as it does not speak of anything that is to change.
        const names = [...remove, ...make.flatMap(({ name, nic }) => [name, nic])];
        if (!(error instanceof Refusal) || (await rawTexts()).some((text) => names.some((name) => speaksOf(text, name)))) throw error;
        return 'none';
      }
    },
    async commit() {
      const change = await pending();
      if (change !== null) {
        const { path, text } = change;
        const [current, what] = [await readFile(path, encoding), await lstat(path)];
        if (current !== text && current !== change.before)
          throw new Refusal(409, `${path} was edited meanwhile: the networks are as before after the next start of this host`);
        if (current !== text) await writeSafely(path, text, { encoding, mode: what.mode & 0o7777, owner: what });
      }
      await rm(folder, { recursive: true, force: true });
    },
  };

  /** Everything that usually belongs to the file, without looking into it. */
  async function rawTexts(): Promise<readonly string[]> {
    const more = `${interfaces}.d`;
    const paths = [interfaces, ...(await readdir(more).catch(() => [])).map((name) => `${more}/${name}`)];
    return await Promise.all(paths.map((path) => readFile(path, encoding).catch(() => '')));
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
