import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AgentClient } from '../support/agent-client.ts';
import { addresses, cards, interfaces, type NetworkHost, startNetworkHost } from '../support/network-host.ts';
import { whyNoHosts } from '../support/test-host.ts';
import { eventually } from '../support/trial.ts';

/* Networks of a host, as the engine has them made: real bridges on real network cards, and an engine that comes over one of them. */

const obstacle = await whyNoHosts();
const management = {
  nic: cards.fixed,
  bridged: 'true',
  bootproto: 'none',
  ipaddr: addresses.host,
  netmask: '255.255.255.0',
  gateway: addresses.engine,
  ipv6addr: `${addresses.host6}/64`,
  ipv6gateway: addresses.router6,
  dhcpv6: false,
  ipv6autoconf: false,
  defaultRoute: true,
};
/** The same, as the agent tells of a device that has it. */
const told6 = {
  ipv6addrs: expect.arrayContaining([`${addresses.host6}/64`]) as readonly string[],
  ipv6gateway: addresses.router6,
  ipv6autoconf: false,
  dhcpv6: false,
};
const committed = '/usr/local/lib/systemd/network';

interface Device {
  readonly addr: string;
  readonly gateway: string;
  readonly ipv4addrs: readonly string[];
  readonly ports: readonly string[];
  readonly dhcpv4: boolean;
  readonly mtu: string;
}
interface Capabilities {
  readonly networks: Readonly<Record<string, Device>>;
  readonly nics: Readonly<Record<string, Device>>;
  readonly lastClientIface: string;
  readonly netConfigDirty: string;
}

describe.skipIf(obstacle !== null)(`networks of a host${obstacle === null ? '' : ` (${obstacle})`}`, { timeout: 300_000 }, () => {
  let host: NetworkHost;
  /** A client on the host itself: it is there whatever becomes of the network. */
  let local: AgentClient;
  /** The address that the card of ifupdown has by DHCP. */
  let lease: string | undefined;
  const shell = (line: string): Promise<string> => host.shell(line);
  const setUp = (networks: object, options: object = {}, client = local) =>
    client.call('Host.setupNetworks', { networks, bondings: {}, options });
  const capabilities = (client = local): Promise<Capabilities> => client.result<Capabilities>('Host.getCapabilities');
  const isAsBefore = async (): Promise<void> => {
    await eventually('the address is back', async () => (await shell(`ip -4 address show dev ${cards.fixed}`)).includes(addresses.host));
    await eventually('the way is back', async () =>
      (await shell('ip route')).includes(`default via ${addresses.engine} dev ${cards.fixed}`),
    );
    expect(await shell('ls /sys/class/net')).not.toContain('ovirtmgmt');
    expect(await shell(`ls ${committed}`)).toBe('');
    expect(await capabilities()).toMatchObject({ netConfigDirty: 'False', networks: {} });
    (await host.reach()).end();
  };

  beforeAll(async () => {
    host = await startNetworkHost();
    local = await host.ready();
  });
  afterAll(async () => {
    local.end();
    await host.remove();
  });

  test('are seen as they are', async () => {
    const client = await host.reach();
    // An address of IPv6 is there when nobody else was found to have it, and the ways by it after that.
    await eventually('there is a way by IPv6', async () => (await shell('ip -6 route')).includes(`default via ${addresses.router6}`));
    const { nics, lastClientIface } = await capabilities(client);
    expect(lastClientIface).toBe(cards.fixed);
    expect(nics[cards.fixed]).toMatchObject({ addr: addresses.host, gateway: addresses.engine, dhcpv4: false, ...told6 });
    expect(nics[cards.dhcp]).toMatchObject({ addr: expect.stringMatching(/^203\.0\.113\./), dhcpv4: true });
    client.end();
  });

  test('are refused before anything changes where they cannot be had', async () => {
    const wrong: readonly (readonly [object, number, string])[] = [
      [{ ovirtmgmt: { ...management, vlan: 7 } }, 26, 'VLAN'],
      [{ ovirtmgmt: { ...management, nic: undefined, bonding: 'bond0' } }, 25, 'bond'],
      [{ ovirtmgmt: { ...management, bridged: 'false' } }, 44, 'bridge'],
      [{ ovirtmgmt: { ...management, nic: 'lan9' } }, 21, 'lan9'],
      [{ 'a name': management }, 21, 'a name'],
      [{ ovirtmgmt: { ...management, netmask: '255.0.255.0' } }, 22, 'netmask'],
      // Its address is from a unit of its own, and would be there no more after a start.
      [{ ovirtmgmt: { ...management, nic: 'eth0' } }, 44, 'systemd-networkd'],
      [{ [cards.dhcp]: management }, 24, 'already'],
      [{ other: { remove: true } }, 24, 'other'],
      [{}, 21, 'no network'],
    ];
    for (const [networks, code, text] of wrong)
      expect(await setUp(networks)).toMatchObject({ error: { code, message: expect.stringContaining(text) } });
    // Its second address would be gone, and nobody would miss it while the network is tried.
    const file = '/etc/systemd/network/lan1.network';
    await host.shell(`cp ${file} /run/kept && printf '[Network]\\nAddress=2001:db8::7/64\\n' >>${file}`);
    expect(await setUp({ ovirtmgmt: management })).toMatchObject({ error: { code: 44, message: expect.stringContaining('2001:db8::7') } });
    await host.shell(`cat /run/kept >${file}`);
    await isAsBefore();
  });

  test('go back to what was before when the engine does not come', async () => {
    const remote = await host.reach();
    const stop = (() => {
      // What was connected before, or is on the host itself, proves nothing.
      const beat = setInterval(() => {
        void remote.call('Host.ping2').catch(() => undefined);
        void host.ready().then(async (client) => {
          await client.call('Host.ping2').catch(() => undefined);
          client.end();
        });
      }, 1_000);
      return () => clearInterval(beat);
    })();
    expect(await setUp({ ovirtmgmt: management }, { connectivityCheck: 'true', connectivityTimeout: 6 })).toMatchObject({
      error: { code: 10, message: expect.stringContaining('as before') },
    });
    stop();
    remote.end();
    await isAsBefore();
  });

  test('go back as well when the agent and the helper are killed meanwhile', async () => {
    const lost = setUp({ ovirtmgmt: management }, { connectivityCheck: 'true', connectivityTimeout: 5 }).catch(() => 'cut');
    await eventually('the bridge is there', async () => (await shell('ip -4 address')).match(/198\.51\.100\.10.* ovirtmgmt$/m) !== null);
    await shell('systemctl kill --signal=KILL agent ovirt-host-helper; systemctl stop ovirt-host-helper');
    expect(await lost).toBe('cut');
    await eventually('systemd takes it back', async () => !(await shell('ls /sys/class/net')).includes('ovirtmgmt'));
    await shell('systemctl start ovirt-host-helper');
    local = await host.ready();
    await isAsBefore();
  });

  test('are as before after a power cut, unless the engine has committed them', async () => {
    const stop = host.keepPinging();
    expect(await setUp({ ovirtmgmt: management }, { connectivityCheck: 'true', connectivityTimeout: 60 })).toMatchObject({
      result: { code: 0, message: 'Done' },
    });
    await stop();
    expect(await capabilities()).toMatchObject({ netConfigDirty: 'True', networks: { ovirtmgmt: { addr: addresses.host } } });
    expect(await local.result('Host.getStats')).toMatchObject({ netConfigDirty: 'True' });
    expect(await setUp({ other: { nic: cards.dhcp, bridged: true } })).toMatchObject({
      error: { code: 24, message: expect.stringContaining('commit') },
    });
    await host.restart();
    local = await host.ready();
    await isAsBefore();
  });

  describe('on cards of ifupdown', () => {
    const fixed = { nic: cards.fixedStanza, bridged: true, bootproto: 'none', ipaddr: addresses.stanza, netmask: '255.255.255.0' };
    const leased = { nic: cards.dhcpStanza, bridged: true, bootproto: 'dhcp', ipv6autoconf: true };
    const isUntouched = async (): Promise<void> => expect(await shell('cat /etc/network/interfaces')).toBe(interfaces);

    test('go back to what was before', async () => {
      const before = (await capabilities()).nics[cards.dhcpStanza];
      expect(before).toMatchObject({ addr: expect.stringMatching(/^203\.0\.112\./), dhcpv4: true });
      lease = before?.addr;
      const lost = setUp({ leased }, { connectivityCheck: 'true', connectivityTimeout: 5 });
      await eventually('the bridge has the address', async () => (await capabilities()).networks['leased']?.addr === lease);
      expect(await capabilities()).toMatchObject({
        netConfigDirty: 'True',
        networks: { leased: { dhcpv4: true, ports: [cards.dhcpStanza] } },
      });
      await isUntouched();
      expect(await lost).toMatchObject({ error: { code: 10 } });
      await eventually('the card has it again', async () => (await capabilities()).nics[cards.dhcpStanza]?.addr === lease);
      expect(await capabilities()).toMatchObject({ netConfigDirty: 'False', networks: {} });
      await isUntouched();
    });

    test('are refused with the line that stands in the way', async () => {
      await shell(`echo 'iface ${cards.fixedStanza}:1 inet static' >/etc/network/interfaces.d/more`);
      expect(await setUp({ fixed })).toMatchObject({
        error: { code: 44, message: expect.stringContaining('/etc/network/interfaces.d/more:1:') },
      });
      await shell('rm /etc/network/interfaces.d/more');
    });

    test('go back where ifup fails, though the address was there', async () => {
      const fails = '/etc/network/if-up.d/fails';
      await shell(`printf '#!/bin/sh\\n[ "$IFACE" != leased ]\\n' >${fails} && chmod +x ${fails}`);
      expect(await setUp({ leased }, { commitOnSuccess: true })).toMatchObject({
        error: { code: 29, message: expect.stringContaining('ifup did not bring up leased') },
      });
      await shell(`rm ${fails}`);
      await eventually('the card has its address', async () => (await capabilities()).nics[cards.dhcpStanza]?.addr === lease);
      expect(await capabilities()).toMatchObject({ netConfigDirty: 'False', networks: {} });
      await isUntouched();
    });

    test('take over fixed addresses and leases, and are committed', async () => {
      for (const networks of [{ fixed }, { leased }]) {
        expect(await setUp(networks, { commitOnSuccess: true })).toMatchObject({ result: { code: 0 } });
        // Doing it again changes nothing.
        expect(await setUp(networks, { commitOnSuccess: true })).toMatchObject({ result: { code: 0 } });
      }
      const now = await capabilities();
      expect(now).toMatchObject({
        netConfigDirty: 'False',
        networks: { fixed: { addr: addresses.stanza }, leased: { addr: lease } },
      });
      expect(await shell('ip route')).toContain('198.18.4.0/24 via 198.18.3.1 dev fixed');
    });

    test('keep what is connected to them when they are changed, and take back a card that comes again', async () => {
      await shell('ip link add name vnet7 mtu 1400 type veth peer name tap7 && ip link set dev vnet7 master fixed up');
      for (const mtu of [1_400, undefined]) {
        expect(await setUp({ fixed: { ...fixed, mtu } }, { commitOnSuccess: true })).toMatchObject({ result: { code: 0 } });
        expect((await capabilities()).networks['fixed']).toMatchObject({
          ...{ addr: addresses.stanza, mtu: String(mtu ?? 1_500) },
          ports: expect.arrayContaining(['vnet7', cards.fixedStanza]),
        });
      }
      await shell('ip link delete dev vnet7');
      expect(await setUp({ fixed: { ...fixed, nic: cards.dhcpStanza } })).toMatchObject({
        error: { code: 24, message: expect.stringContaining('remove it there') },
      });
      await shell(`ifdown --force ${cards.fixedStanza} && ip link set dev ${cards.fixedStanza} nomaster && ifup ${cards.fixedStanza}`);
      expect((await capabilities()).networks['fixed']?.ports).toEqual([cards.fixedStanza]);
    });
  });

  test('take over address and way while the engine is connected, and outlast a power cut once committed', async () => {
    const remote = await host.reach();
    const stop = host.keepPinging();
    const options = { connectivityCheck: 'true', connectivityTimeout: 60, commitOnSuccess: true };
    expect(await setUp({ ovirtmgmt: management }, options, remote)).toMatchObject({ result: { code: 0 } });
    await stop();
    // Doing it again changes nothing, and needs no proof.
    expect(await setUp({ ovirtmgmt: management }, options, remote)).toMatchObject({ result: { code: 0 } });
    remote.end();
    await host.restart();
    local = await host.ready();
    const again = await host.reach();
    // A bridge has its address when it has its card, and that a moment to find out that it is connected.
    await eventually('the networks of ifupdown have their addresses', async () => {
      const { networks } = await capabilities(again);
      return networks['fixed']?.addr === addresses.stanza && networks['leased']?.addr === lease;
    });
    const { networks, nics, ...rest } = await capabilities(again);
    expect(networks).toMatchObject({
      fixed: { addr: addresses.stanza, ports: [cards.fixedStanza] },
      leased: { addr: lease, dhcpv4: true },
    });
    expect(networks).toMatchObject({ ovirtmgmt: { addr: addresses.host, gateway: addresses.engine, ports: [cards.fixed], bridged: true } });
    expect(nics[cards.fixed]).toMatchObject({ addr: '', gateway: '' });
    expect(rest).toMatchObject({ lastClientIface: 'ovirtmgmt', netConfigDirty: 'False' });
    // Names are asked for where they were before.
    expect(await shell(`cat ${committed}/05-ovirt-ovirtmgmt.network`)).toContain(`DNS=${addresses.engine}`);
    again.end();
  });

  test('keep an address by DHCP, and another MTU', async () => {
    const before = (await capabilities()).nics[cards.dhcp]?.ipv4addrs;
    const network = { nic: cards.dhcp, bridged: true, bootproto: 'dhcp', defaultRoute: false };
    expect(await setUp({ storage: network }, { commitOnSuccess: true })).toMatchObject({ result: { code: 0 } });
    expect((await capabilities()).networks['storage']).toMatchObject({ ipv4addrs: before, dhcpv4: true, ports: [cards.dhcp] });
    expect(await setUp({ storage: { ...network, mtu: 1400 } }, { commitOnSuccess: true })).toMatchObject({ result: { code: 0 } });
    await eventually('it has the MTU', async () => (await capabilities()).networks['storage']?.mtu === '1400');
    expect(await setUp({ more: { nic: cards.dhcp, bridged: true } })).toMatchObject({
      error: { code: 24, message: expect.stringContaining('storage') },
    });
  });

  test('go again, and the card has what it had', async () => {
    expect(await setUp({ storage: { remove: true } })).toMatchObject({ result: { code: 0 } });
    expect(await shell(`ls ${committed}`)).toContain('storage');
    expect(await local.call('Host.setSafeNetworkConfig')).toMatchObject({ result: true });
    expect(await shell(`ls ${committed} /run/systemd/network`)).not.toContain('storage');
    await eventually('the card has its address', async () => (await shell(`ip -4 address show dev ${cards.dhcp}`)).includes('203.0.113.'));
    const stop = host.keepPinging();
    const options = { connectivityCheck: 'true', connectivityTimeout: 60, commitOnSuccess: true };
    expect(await setUp({ ovirtmgmt: { remove: true } }, options)).toMatchObject({ result: { code: 0 } });
    await stop();
    for (const name of ['leased', 'fixed'])
      expect(await setUp({ [name]: { remove: true } }, { commitOnSuccess: true })).toMatchObject({ result: { code: 0 } });
    await eventually('the cards of ifupdown have their addresses', async () => {
      const { nics } = await capabilities();
      return nics[cards.fixedStanza]?.addr === addresses.stanza && nics[cards.dhcpStanza]?.addr === lease;
    });
    expect(await shell('cat /etc/network/interfaces')).toBe(interfaces);
    await isAsBefore();
  });

  test('are made by a helper that may do little itself', async () => {
    const said = await shell('systemd-analyze --no-pager security ovirt-host-helper | tail -1');
    expect(Number(/level for ovirt-host-helper.service: (\d+\.\d+)/.exec(said)?.[1])).toBeLessThanOrEqual(3);
  });
});
