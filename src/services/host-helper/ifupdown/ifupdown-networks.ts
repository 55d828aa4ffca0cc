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
import { deviceCommands, unitOf } from './device-commands.ts';
import { formerStanzas } from './former-stanzas.ts';
import { definedIn, type InterfacesFiles, isSelectedIn, readInterfaces } from './interfaces-files.ts';
import { mentionOf, placeOf, readStatements, speaksOf, type Statement } from './interfaces-text.ts';
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
  const { interfaces, systemctl, systemdRun, ifup, dhclient, dhclientLeases, startStopDaemon } = settings;
  const { pidOf, takeDown, bringUp } = deviceCommands(settings);
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

  async function check(network: WantedNetwork): Promise<void> {
    const managed = (await linksOf(run, settings.networkctl).catch(() => null))?.get(network.nic)?.file ?? null;
    if (managed !== null)
      throw new Refusal(501, `${network.nic} is configured by ${managed} as well as in ${interfaces}. Let it be in one`);
    if (network.ipv4 !== 'dhcp') return;
    if (!(await exists(dhclient))) throw new Refusal(501, `Addresses by DHCP need ${dhclient} where ifupdown configures the card`);
    if (speaksOf(await readFile(dhclientSettings, encoding).catch(() => ''), network.nic))
      throw new Refusal(501, `${dhclientSettings} speaks of ${network.nic}, which a network does not take over`);
  }

  /** Whether the client that ifupdown has started for a device is there. Our own unit does not see it. */
  const hasClient = (device: string): Promise<boolean> =>
    run(systemdRun, [
      ...['--quiet', '--wait', '--collect', '--', startStopDaemon, '--status'],
      ...[`--exec=${dhclient}`, `--pidfile=${pidOf(device)}`],
    ]).then(
      () => true,
      () => false,
    );

  /** Throws Refusal (501) where the address of a card is from a client of DHCP that we do not know how to stop, or to have go on. */
  async function checkClient(nic: string, four: Statement | undefined, hasAddress: boolean): Promise<void> {
    if (four?.words[2] !== 'dhcp') return;
    const has = `${placeOf(four.file, four.from + 1)}: ${nic} has its address by DHCP`;
    if (!(await exists(dhclient))) throw new Refusal(501, `${has}, which needs ${dhclient} where a network is made on it`);
    if (hasAddress && !(await hasClient(nic))) throw new Refusal(501, `${has}, and not from ${dhclient} as ifupdown starts it`);
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
    const hasAddress = (device: string): boolean => (cards.get(device)?.addresses ?? []).length > 0;
    const leases: Command[] = [];
    for (const network of make) {
      await check(network);
      const own = stanzas.get(network.name) ?? [];
      const former = formerStanzas(network, { files, own, cards, up });
      if (own.length === 0) await checkClient(network.nic, former.four, hasAddress(network.nic));
      const fresh = stanzasOf(network, former);
      const path = (former.four ?? former.six)?.file ?? interfaces;
      const replaced = [former.four, former.six].filter((one) => one !== undefined).toSorted((one, other) => one.from - other.from);
      files.set(path, withBlock(files.get(path) ?? '', network.name, fresh, replaced, path));
      stanzas.set(network.name, [...own, ...fresh]);
      // In there is as whom the host asks for its address.
      if (network.ipv4 === 'dhcp' && own.length === 0)
        leases.push(['/usr/bin/cp', '--', ...[network.nic, network.name].map((device) => `${dhclientLeases}/dhclient.${device}.leases`)]);
    }
    const [path, ...others] = [...files.keys()].filter((one) => files.get(one) !== now.get(one));
    if (path === undefined) return null;
    if (others.length > 0) throw new Refusal(409, `That would change ${path} and ${others.join(', ')}: change one network after the other`);
    await checkFile(path);
    const [past, future] = [now.get(path) ?? '', files.get(path) ?? ''];

    const bridges = [...stanzas.keys()];
    const devices = [...nics, ...bridges];
    const leave = (stays: (device: string) => boolean) =>
      takeDown(
        devices.toReversed(),
        bridges.filter((name) => !stays(name)),
        down,
      );
    const [isIn, willBeIn] = [definedIn(now), definedIn(new Map([[path, future]]))];
    const isToBeUp = (device: string): boolean => up.has(device) || hasAddress(device) || isSelectedIn(now, device);
    return {
      mark: down,
      back: [
        ...leave(isIn),
        ['/usr/bin/rm', '--recursive', '--force', '--', folder],
        ...bringUp(
          devices.filter((device) => isIn(device) && isToBeUp(device)),
          null,
        ),
      ],
      async write() {
        await rm(folder, { recursive: true, force: true });
        await mkdir(folder, { recursive: true });
        try {
          await symlink(path, target);
          await writeSafely(before, past, { encoding });
          await writeSafely(down, quietStanzas(devices, stanzas), { encoding });
          await writeSafely(tried, future, { encoding });
        } catch (error) {
          // Half of it would stand in the way of the next change.
          await rm(folder, { recursive: true, force: true });
          throw error;
        }
      },
      forward: [...leave(willBeIn), ...leases, ...bringUp(devices.filter(willBeIn), tried)],
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
    async settle() {
      const change = await pending();
      if (change === null) return;
      const isIn = definedIn(new Map([[change.path, change.text]]));
      const devices = readStatements(await readFile(down, encoding), down).flatMap(({ words }) => words[0] ?? []);
      const wanted = devices.filter(isIn);
      // What has begun already is waited for.
      if (wanted.length > 0) await run(systemctl, ['start', '--', ...wanted.map(unitOf)]);
      const up = await broughtUp();
      const missing = wanted.filter((device) => !up.has(device));
      if (missing.length > 0)
        throw new Refusal(500, `ifup did not bring up ${missing.join(', ')}: journalctl -u ${unitOf(missing[0] ?? '')} says why`);
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
