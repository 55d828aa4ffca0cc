import { describe, expect, test } from 'vitest';
import { filesOf } from '../../../../src/services/host-helper/network-files.ts';
import { readNetworkChange, type WantedNetwork } from '../../../../src/services/host-helper/network-request.ts';
import { networkFile, networkFileKinds, networkOfFile } from '../../../../src/services/frame/network-file.ts';

const surroundings = { mac: '52:54:00:12:34:56', former: '', clientId: '' };
const network = (wanted: object): WantedNetwork => {
  const [made] = readNetworkChange({ networks: { net: { nic: 'eth0', ...wanted } }, seconds: 1 }).make;
  if (made === undefined) throw new Error('none');
  return made;
};
const bridgeOf = (wanted: object, more: object = {}): string =>
  filesOf(network(wanted), { ...surroundings, ...more }).get('05-ovirt-net.network') ?? '';

describe('files of a network', () => {
  test('make a bridge with the hardware address of the card, and put the card into it', () => {
    const files = filesOf(network({ mtu: 9000 }), surroundings);
    expect(files.get('05-ovirt-net.netdev')).toContain('[NetDev]\nName=net\nKind=bridge\nMACAddress=52:54:00:12:34:56\n');
    const port = files.get('05-ovirt-net.port.network');
    expect(port).toContain('[Match]\nName=eth0\n\n[Link]\nMTUBytes=9000\n\n[Network]\nBridge=net\nLinkLocalAddressing=no\n');
  });

  test('give the host no address where it shall have none', () => {
    const text = bridgeOf({}, { former: '[Network]\nDNS=192.0.2.53\n' });
    expect(text).toContain('LinkLocalAddressing=no\nIPv6AcceptRA=no\nConfigureWithoutCarrier=yes\n');
    expect(text).not.toMatch(/Address=|DHCP|DNS/);
  });

  test('give it a fixed one, and what was known of names and further ways', () => {
    const former = [
      '[Match]\nName=eth0\n[Network]\nAddress=192.0.2.10/24\nGateway=192.0.2.1\nDNS=192.0.2.53\nDomains=example.net\n',
      '[Route]\nDestination=0.0.0.0/0\nGateway=192.0.2.1\n[Route]\nDestination=10.0.0.0/8\nGateway=192.0.2.2\n',
    ].join('');
    const text = bridgeOf({ ipv4: { address: '192.0.2.10/24', gateway: '192.0.2.1' }, ipv6: { address: '2001:db8::1/64' } }, { former });
    expect(text).toContain(
      'LinkLocalAddressing=ipv6\nIPv6AcceptRA=no\nAddress=192.0.2.10/24\nGateway=192.0.2.1\nAddress=2001:db8::1/64\nDNS=192.0.2.53\n',
    );
    expect(text).toContain('Domains=example.net\n');
    expect(text.match(/\[Route\][^[]*/g)).toEqual(['[Route]\nDestination=10.0.0.0/8\nGateway=192.0.2.2\n']);
    expect(bridgeOf({ ipv4: 'dhcp', nameservers: ['192.0.2.1'] }, { former })).not.toContain('192.0.2.53');
  });

  test('ask for an address as whom the host did before', () => {
    expect(bridgeOf({ ipv4: 'dhcp', defaultRoute: true }, { clientId: 'ff5d3ae2c10002000000ab11' })).toContain(
      '\nDHCP=ipv4\n\n[DHCPv4]\nClientIdentifier=duid\nIAID=1564140225\n',
    );
    expect(bridgeOf({ ipv4: 'dhcp' }, { clientId: '01525400123456' })).toContain('[DHCPv4]\nClientIdentifier=mac\nUseGateway=no\n');
    expect(bridgeOf({ ipv4: 'dhcp', ipv6: { dhcp: true } })).toContain('IPv6AcceptRA=yes\nDHCP=yes\n');
  });
});

test('files are told apart by their names', () => {
  for (const kind of networkFileKinds) expect(networkOfFile(networkFile('net', kind))).toBe('net');
  for (const name of ['10-netplan-eth0.network', '05-ovirt-.x', '05-ovirt-a.b.network', '05-ovirt-net.link', '05-ovirt-net.network.new'])
    expect(networkOfFile(name)).toBeUndefined();
});
