import { readdir, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { networkFile, networkFileKinds, networkOfFile } from '../frame/network-file.ts';
import { filesOf } from './network-files.ts';
import { isSameAddress } from './ipv6-address.ts';
import type { Command, NetworkMaker } from './network-maker.ts';
import { isNetworkName, type NetworkChange, type WantedNetwork } from './network-request.ts';
import { type NetworkStore, networkStore } from './network-store.ts';
import { clientIdOf, type Link, linksOf } from './networkd.ts';
import { Refusal } from './refusal.ts';
import type { Run } from './run.ts';
import type { Settings } from './settings.ts';

/** Makes networks by files of systemd-networkd. */
export function networkdNetworks(settings: Settings, run: Run): NetworkMaker {
  const { networkctl, ip } = settings;
  const store = networkStore({ committed: settings.networkFolder, current: settings.networkChangeFolder });

  /** What systemd is to do to go back to what is committed. */
  async function wayBack(files: readonly string[], nics: readonly string[]): Promise<readonly Command[]> {
    const committed = await store.committed();
    const fresh = [...new Set(files.map((file) => networkOfFile(file) ?? ''))].filter(
      (name) => !committed.has(name) && isNetworkName(name),
    );
    return [['/usr/bin/rm', '--force', '--', ...files.map((file) => `${settings.networkChangeFolder}/${file}`)], ...into(nics, fresh)];
  }
  /** Has systemd-networkd look at its files again, and lets go of bridges. */
  const into = (nics: readonly string[], withoutBridges: readonly string[]): readonly Command[] => [
    [networkctl, 'reload'],
    ...withoutBridges.map((name) => [ip, 'link', 'delete', 'dev', name]),
    // A card that has lost its bridge would be left as it is.
    ...(nics.length === 0 ? [] : [[networkctl, 'reconfigure', ...nics]]),
  ];

  return {
    async plan(change) {
      const links = await linksOf(run, networkctl);
      const wanted = await wantedFiles(change, links, store, settings);
      const differing = new Map<string, string | null>();
      for (const [file, content] of wanted) if ((await store.holds(file)) !== (content ?? undefined)) differing.set(file, content);
      if (differing.size === 0) return null;
      const nics = [...new Set([...change.make.map(({ nic }) => nic), ...(await portsOf(change.remove, store))])].filter((nic) =>
        links.has(nic),
      );
      return {
        back: await wayBack([...differing.keys()], nics),
        write: () => store.change(differing),
        forward: into(
          nics.filter((nic) => !change.make.some((one) => one.nic === nic)),
          change.remove.filter((name) => links.has(name)),
        ),
      };
    },
    hasChanged: async () => (await store.changed()).length > 0,
    // The agent sees what became of it.
    settle: async () => undefined,
    commit: () => store.commit(),
  };
}

/** Network cards that networks are on, by their own files. */
async function portsOf(names: readonly string[], store: NetworkStore): Promise<readonly string[]> {
  const files = await Promise.all(names.map((name) => store.holds(networkFile(name, 'port.network'))));
  return files.flatMap((text) => /^Name=(\S+)$/m.exec(text ?? '')?.[1] ?? []);
}

/** What files are to hold; null: none by that name. Throws Refusal for what cannot be had on this host. */
async function wantedFiles(
  { make, remove }: NetworkChange,
  links: ReadonlyMap<string, Link>,
  store: NetworkStore,
  settings: Settings,
): Promise<ReadonlyMap<string, string | null>> {
  const wanted = new Map<string, string | null>();
  for (const name of remove) {
    if ((await store.holds(networkFile(name, 'netdev'))) === undefined)
      throw new Refusal(409, `There is no network ${name} here that the agent has made`);
    for (const kind of networkFileKinds) wanted.set(networkFile(name, kind), null);
  }
  for (const network of make) {
    const nic = links.get(network.nic);
    if (nic === undefined) throw new Refusal(400, `There is no network card ${network.nic}`);
    const bridge = links.get(network.name);
    const own = await store.holds(networkFile(network.name, 'netdev'));
    if (bridge !== undefined && own === undefined)
      throw new Refusal(409, `There is a device ${network.name} already, which the agent has not made`);
    await checkCard(network, nic);
    const addressed = own === undefined ? nic : (bridge ?? nic);
    const files = filesOf(network, {
      mac: (own === undefined ? undefined : /^MACAddress=(\S+)$/m.exec(own)?.[1]) ?? nic.mac,
      former:
        (await store.holds(networkFile(network.name, 'network'))) ??
        (nic.file === null ? '' : await readFile(nic.file, 'utf8').catch(() => '')),
      clientId: await clientIdOf(addressed, settings.leaseFolder),
    });
    for (const [file, content] of files) wanted.set(file, content);
  }
  return wanted;
}

/** Throws Refusal where a card cannot be put into the bridge of a network, or would lose more than that network takes over. */
async function checkCard({ name, nic: card, ipv6 }: WantedNetwork, nic: Link): Promise<void> {
  if (card === 'lo') throw new Refusal(400, 'lo is no network card');
  // Cards of containers are ends of wires.
  if (!['', 'veth', 'dummy'].includes(nic.kind)) throw new Refusal(400, `${card} is no network card but a ${nic.kind}`);
  const user = nic.file === null ? undefined : networkOfFile(basename(nic.file));
  if (user !== undefined && user !== name) throw new Refusal(409, `${card} is in the network ${user} already`);
  if (nic.file === null && nic.addresses.length > 0)
    throw new Refusal(
      501,
      `${card} has the address ${nic.addresses.join(', ')}, and neither from systemd-networkd nor from ifupdown. Let one of them configure it`,
    );
  if (nic.addresses.length > 1)
    throw new Refusal(409, `${card} has several addresses (${nic.addresses.join(', ')}); a network takes over one`);
  if (nic.file !== null && user === undefined) await needPlainFile(card, nic.file, ipv6.address);
}

/** What a file of a card says besides addresses: devices that the card carries, or is a part of. */
const companions = /^\s*(BatmanAdvanced|Bond|Bridge|IPoIB|IPVLAN|IPVTAP|MACsec|MACVLAN|MACVTAP|Tunnel|VLAN|VRF|VXLAN|Xfrm)\s*=/m;
/** Where systemd.network(5) is looked for, and further lines for it in a folder that is called after it. */
const networkFolders = ['/etc', '/run', '/usr/local/lib', '/usr/lib', '/lib'].map((folder) => `${folder}/systemd/network`);

/** Throws Refusal for a file that says what a network does not take over: it would be gone after the next start, when nobody waits for it. */
async function needPlainFile(card: string, file: string, taken: string | null): Promise<void> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const given = [...text.matchAll(/^\s*Address\s*=\s*(\S*:\S*)/gm)].map(([, address = '']) => address);
  const six = given.find((address) => taken === null || !isSameAddress(address, taken));
  if (six !== undefined) throw new Refusal(501, `${card} has the address ${six} in ${file}, which the network does not take over`);
  const found = companions.exec(text)?.[1];
  if (found !== undefined) throw new Refusal(501, `${card} has ${found}= in ${file}, which a network does not take over`);
  for (const folder of networkFolders) {
    const more = `${folder}/${basename(file)}.d`;
    const parts = (await readdir(more).catch(() => [])).filter((name) => name.endsWith('.conf'));
    if (parts.length > 0) throw new Refusal(501, `${card} is also configured in ${more}, which a network does not take over`);
  }
}
