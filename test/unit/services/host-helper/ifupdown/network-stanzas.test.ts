import { describe, expect, test } from 'vitest';
import { formerStanzas } from '../../../../../src/services/host-helper/ifupdown/former-stanzas.ts';
import { readCards } from '../../../../../src/services/host-helper/ifupdown/network-cards.ts';
import { formerMtuOf, nicOf, quietStanzas, stanzasOf } from '../../../../../src/services/host-helper/ifupdown/network-stanzas.ts';
import { readNetworkChange, type WantedNetwork } from '../../../../../src/services/host-helper/network-request.ts';
import { Refusal } from '../../../../../src/services/host-helper/refusal.ts';

const network = (wanted: object): WantedNetwork => {
  const [made] = readNetworkChange({ networks: { net: { nic: 'eth0', defaultRoute: true, ...wanted } }, seconds: 1 }).make;
  if (made === undefined) throw new Error('none');
  return made;
};
const card = (more: object = {}) => ({ name: 'eth0', kind: '', master: '', mtu: '1500', addresses: ['192.0.2.10'], ...more });
const stanzas = (text: string, wanted: object, more: object = {}, all: Readonly<Record<string, string>> = {}): readonly string[] => {
  const wish = network(wanted);
  return stanzasOf(
    wish,
    formerStanzas(wish, {
      files: new Map(Object.entries({ '/i': text, ...all })),
      own: [],
      cards: new Map([
        ['eth0', card(more)],
        ['br0', card({ name: 'br0', kind: 'bridge' })],
      ]),
      up: new Map([['eth0', 'eth0']]),
    }),
  );
};
const fixed = { ipv4: { address: '192.0.2.10/24', gateway: '192.0.2.1' } };
const dhcp = { ipv4: 'dhcp', ipv6: { router: true } };
const installer = [
  'source /etc/network/interfaces.d/*\n\nauto lo\niface lo inet loopback\n\n# The primary network interface\nallow-hotplug eth0\niface eth0 inet dhcp\n',
  '# This is an autoconfigured IPv6 interface\niface eth0 inet6 auto\n',
].join('');
const staticText = 'auto eth0\niface eth0 inet static\n  address 192.0.2.10/24\n  gateway 192.0.2.1\n';

describe('stanzas of a network', () => {
  test('take over a lease, as the installer of Debian sets it up', () => {
    const lines = stanzas(installer, dhcp);
    expect(lines).toEqual([
      'iface eth0 inet manual',
      '    pre-up test ! -e /proc/sys/net/ipv6/conf/eth0/disable_ipv6 || echo 1 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6',
      '    up test ! -d /sys/class/net/net || ip link set dev eth0 master net',
      '    up test -d /sys/class/net/net || test "$CLASS" != hotplug || systemd-run --quiet --collect --no-block --unit=ovirt-ifup-net.service --property=Type=oneshot --property=RemainAfterExit=yes --property=SuccessExitStatus=1 --property=IgnoreOnIsolate=yes ifup net || true',
      'auto net',
      'iface net inet dhcp',
      "    pre-up timeout 10 sh -c 'until test -e /sys/class/net/eth0/address; do sleep 0.2; done'",
      '    pre-up test -d /sys/class/net/net || ip link add name net address $(cat /sys/class/net/eth0/address) type bridge stp_state 0 forward_delay 0 mcast_snooping 0',
      '    pre-up test ! -e /proc/sys/net/ipv6/conf/eth0/disable_ipv6 || echo 1 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6',
      '    pre-up test ! -e /proc/sys/net/ipv6/conf/net/disable_ipv6 || cat /proc/sys/net/ipv6/conf/default/disable_ipv6 >/proc/sys/net/ipv6/conf/net/disable_ipv6',
      '    pre-up ip link set dev eth0 master net up',
      '    post-down ip link set dev eth0 nomaster',
      '    post-down test ! -e /proc/sys/net/ipv6/conf/eth0/disable_ipv6 || cat /proc/sys/net/ipv6/conf/default/disable_ipv6 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6',
      'iface net inet6 auto',
    ]);
    expect(nicOf(lines)).toBe('eth0');
    expect(formerMtuOf(lines)).toBeUndefined();
    expect(quietStanzas(['eth0', 'net'], new Map([['net', lines]]))).toBe(
      `iface eth0 inet manual\niface net inet manual\n${lines.filter((line) => line.includes('post-down')).join('\n')}\n`,
    );
  });

  test('take over a fixed address with what belongs to it', () => {
    const text = `auto eth0
iface eth0 inet static
  address 192.0.2.10
  netmask 255.255.255.0
  network 192.0.2.0
  broadcast 192.0.2.127
  gateway 192.0.2.1
  metric 7
  mtu 9000
  dns-nameservers 192.0.2.53
  dns-search example.net
  up ip route add 10.0.0.0/8 via 192.0.2.2 dev eth0 || true
  down /sbin/ip route del 10.0.0.0/8 via 192.0.2.2 dev $IFACE
  up ip link set dev eth0 up
iface eth0 inet6 static
  address 2001:db8::10/64
  gateway 2001:db8::1
  accept_ra 0
`;
    const lines = stanzas(text, { ...fixed, ipv6: { address: '2001:db8::10/64' } });
    expect(lines.slice(0, 6)).toEqual([
      'iface eth0 inet manual',
      '    pre-up ip link set dev eth0 mtu 9000',
      expect.stringContaining('echo 1 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6'),
      '    up test ! -d /sys/class/net/net || ip link set dev eth0 master net',
      expect.stringContaining('systemd-run'),
      'auto net',
    ]);
    expect(lines.slice(6)).toEqual([
      'iface net inet static',
      expect.stringContaining('pre-up timeout 10'),
      expect.stringContaining('pre-up test -d'),
      '    pre-up ip link set dev eth0 mtu 9000',
      expect.stringContaining('conf/eth0/disable_ipv6'),
      '    pre-up ip link set dev net mtu 9000',
      expect.stringContaining('cat /proc/sys/net/ipv6/conf/default/disable_ipv6 >/proc/sys/net/ipv6/conf/net/disable_ipv6'),
      '    pre-up ip link set dev eth0 master net up',
      '    address 192.0.2.10/24',
      '    broadcast 192.0.2.127',
      '    gateway 192.0.2.1',
      '    metric 7',
      '    dns-nameservers 192.0.2.53',
      '    dns-search example.net',
      '    up ip route add 10.0.0.0/8 via 192.0.2.2 dev net || true',
      '    down /sbin/ip route del 10.0.0.0/8 via 192.0.2.2 dev $IFACE',
      '    post-down ip link set dev eth0 nomaster',
      '    post-down ip link set dev eth0 mtu 1500',
      '    post-down ip link set dev net mtu 1500',
      expect.stringContaining('post-down test'),
      'iface net inet6 static',
      '    address 2001:db8::10/64',
      '    gateway 2001:db8::1',
      '    accept_ra 0',
    ]);
    expect(formerMtuOf(lines)).toBe('1500');
    const asked = stanzas(text, { ...fixed, ipv6: { address: '2001:db8::10/64' }, nameservers: ['192.0.2.54'] });
    expect(asked.filter((line) => line.includes('dns-'))).toEqual(['    dns-nameservers 192.0.2.54', '    dns-search example.net']);
  });

  test('give a card the large MTU that it has by DHCP, and no other', () => {
    const lines = stanzas(installer, dhcp, { mtu: '9000' });
    expect(lines.filter((line) => line.includes('pre-up') && line.includes('mtu'))).toEqual([
      ...Array<string>(2).fill('    pre-up ip link set dev eth0 mtu 9000'),
      '    pre-up ip link set dev net mtu 9000',
    ]);
    expect(stanzas(installer, dhcp, { mtu: '1400' }).join()).not.toContain('mtu');
    expect(stanzas(staticText, fixed, { mtu: '9000' }).join()).not.toContain('mtu');
  });

  test('give the host no address where it shall have none', () => {
    const lines = stanzas('iface eth1 inet dhcp\n', { mtu: 1400 }, { addresses: [] });
    expect(lines).toContain('iface net inet manual');
    expect(lines).toContain(
      '    pre-up test ! -e /proc/sys/net/ipv6/conf/net/disable_ipv6 || echo 1 >/proc/sys/net/ipv6/conf/net/disable_ipv6',
    );
    expect(lines.some((line) => /address \d|inet6|dhcp/.test(line))).toBe(false);
  });

  test('are refused by name where the card has what a bridge does not take over', () => {
    const wrong: readonly (readonly [string, object, RegExp, object?])[] = [
      [`${staticText}  hwaddress ether 02:00:00:00:00:01\n`, fixed, /^\/i:5: eth0 has "hwaddress ether/],
      [`${staticText}  pointopoint 192.0.2.1\n`, fixed, /^\/i:5: .*pointopoint/],
      [`${staticText}  up /usr/local/bin/script\n`, fixed, /^\/i:5: .*script/],
      [`${staticText}  up ip route add 10.0.0.0/8 via 192.0.2.1; reboot\n`, fixed, /^\/i:5: .*reboot/],
      [`${staticText}  up ip route add 10.0.0.0/8 via 192.0.2.1 dev eth1\n`, fixed, /^\/i:5: /],
      [`${staticText}  pre-up true\n`, fixed, /^\/i:5: /],
      [`${staticText}  wpa-ssid home\n`, fixed, /^\/i:5: .*wpa-ssid/],
      [`${staticText}  address 192.0.2.11/24\n`, fixed, /^\/i:3: .*address/],
      [`${staticText}iface eth0 inet static\n address 192.0.2.11/24\n`, fixed, /^\/i:5: there are several stanzas "iface eth0 inet"/],
      [`${staticText}iface eth0 inet6 dhcp\n`, fixed, /^\/i:5: eth0 has "inet6 dhcp"/],
      [`${staticText}iface eth0 inet6 auto\n  dhcp 1\n`, fixed, /^\/i:6: .*dhcp 1/],
      [`${staticText}iface eth0 inet6 static\n address 2001:db8::1/64\n`, fixed, /^\/i:5: .*IPv6 address/],
      [`${staticText}iface eth0 ipx static\n`, fixed, /^\/i:5: "iface eth0 ipx static"/],
      ['iface base inet static\n mtu 1400\niface eth0 inet static inherits base\n address 192.0.2.10/24\n', fixed, /^\/i:3: .*inherits/],
      [`${staticText}iface eth0:1 inet static\n address 192.0.2.11/24\n`, fixed, /^\/i:5: it depends on eth0/],
      [`${staticText}iface eth0.7 inet manual\n`, fixed, /^\/i:5: it depends/],
      [`${staticText}iface bond0 inet manual\n bond-slaves eth0 eth1\n`, fixed, /^\/i:6: it depends/],
      [`${staticText}mapping eth*\n script /x\n`, fixed, /^\/i:5: it depends/],
      [`${staticText}rename eth9=eth0\n`, fixed, /^\/i:5: it depends/],
      [`${staticText}no-scripts eth0\n`, fixed, /^\/i:5: it depends/],
      [`${staticText}auto eth0=home\n`, fixed, /^\/i:5: it depends/],
      [`${staticText}iface net inet manual\n`, fixed, /^\/i:5: there is something called net/],
      [staticText.replace('192.0.2.10', '192.0.2.11'), fixed, /^\/i:2: eth0 has the address 192\.0\.2\.10, which is not from there/],
      ['iface eth0 inet manual\n', fixed, /^\/i:1: eth0 has the address/],
      ['auto lo\n', fixed, /^eth0 has the address 192\.0\.2\.10, and neither from ifupdown/],
      [staticText, fixed, /several addresses/, { addresses: ['192.0.2.10', '192.0.2.11'] }],
      [staticText, fixed, /is in br7 already/, { master: 'br7' }],
      [staticText, fixed, /no network card but a bond/, { kind: 'bond' }],
      [staticText, { ...fixed, nic: 'br0' }, /no network card but a bridge/],
      [staticText, { ...fixed, nic: 'eth5' }, /There is no network card eth5/],
      [installer, { ipv4: 'dhcp', defaultRoute: false }, /cannot be had where ifupdown/],
      [installer, { ipv4: 'dhcp', ipv6: { dhcp: true } }, /DHCP of IPv6 cannot be had/],
    ];
    for (const [text, wanted, message, more] of wrong) {
      expect(() => stanzas(text, wanted, more)).toThrow(Refusal);
      expect(() => stanzas(text, wanted, more)).toThrow(message);
    }
    const moved = {
      ...{ files: new Map([['/i', installer]]), own: stanzas('iface eth1 inet dhcp\n', {}, { addresses: [] }) },
      ...{ cards: new Map(['eth0', 'eth1', 'net'].map((name) => [name, card({ name })])), up: new Map<string, string>() },
    };
    expect(() => formerStanzas(network({ nic: 'eth1' }), moved)).toThrow('Network net is on eth0: remove it there');
    const other = { '/i.d/six': 'iface eth0 inet6 auto\n' };
    expect(() => stanzas(staticText, fixed, {}, other)).toThrow('/i.d/six:1: eth0 is also configured in /i.');
  });
});

test('cards are read as ip tells them', () => {
  const printed = JSON.stringify([
    {},
    { ifname: 'br0', mtu: 1400, linkinfo: { info_kind: 'bridge' }, addr_info: [{ family: 'inet6', local: 'fe80::1', scope: 'link' }] },
    { ifname: 'eth0', mtu: 1500, master: 'br0', addr_info: [{ family: 'inet', local: '192.0.2.10', prefixlen: 24, scope: 'global' }, 7] },
  ]);
  expect(readCards(printed).slice(1)).toEqual([
    { name: 'br0', kind: 'bridge', master: '', mtu: '1400', addresses: [] },
    { name: 'eth0', kind: '', master: 'br0', mtu: '1500', addresses: ['192.0.2.10'] },
  ]);
});
