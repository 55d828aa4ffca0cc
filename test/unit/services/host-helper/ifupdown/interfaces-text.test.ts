import { describe, expect, test } from 'vitest';
import { mentionOf, readStatements, speaksOf } from '../../../../../src/services/host-helper/ifupdown/interfaces-text.ts';

const read = (text: string) => readStatements(text, '/i');

describe('a file of interfaces(5)', () => {
  test('is read as ifupdown reads it', () => {
    const text = [
      '# This file describes \\',
      'source /etc/network/interfaces.d/*',
      '',
      'auto lo eth0',
      '  allow-hotplug \\',
      '\teth1',
      'iface eth0 inet static',
      '\taddress 192.0.2.10/24 \\',
      '',
      '  # a comment inside, which goes on \\',
      'mtu 1400',
      '    up ip route add 10.0.0.0/8 via 192.0.2.1 # not a comment',
      '',
      'mapping eth*',
      '  script /bin/choose',
      '  map HOME eth0-home',
      '# the end',
    ].join('\n');
    expect(read(text)).toEqual([
      { file: '/i', keyword: 'source', words: ['/etc/network/interfaces.d/*'], options: [], from: 1, to: 2 },
      { file: '/i', keyword: 'auto', words: ['lo', 'eth0'], options: [], from: 3, to: 4 },
      { file: '/i', keyword: 'allow-hotplug', words: ['eth1'], options: [], from: 4, to: 6 },
      {
        file: '/i',
        keyword: 'iface',
        words: ['eth0', 'inet', 'static'],
        options: [
          { name: 'address', value: '192.0.2.10/24', line: 8 },
          { name: 'mtu', value: '1400', line: 11 },
          { name: 'up', value: 'ip route add 10.0.0.0/8 via 192.0.2.1 # not a comment', line: 12 },
        ],
        from: 6,
        to: 12,
      },
      {
        file: '/i',
        keyword: 'mapping',
        words: ['eth*'],
        options: [
          { name: 'script', value: '/bin/choose', line: 15 },
          { name: 'map', value: 'HOME eth0-home', line: 16 },
        ],
        from: 13,
        to: 16,
      },
    ]);
    for (const empty of ['', '\n', '# nothing', '   \n\t\n']) expect(read(empty)).toEqual([]);
  });

  test('is refused, with its line, where it cannot be followed', () => {
    const wrong: readonly (readonly [string, string])[] = [
      ['auto lo\naddress 192.0.2.1\n', '/i:2: address is not understood here'],
      ['interface eth0\n', '/i:1: interface'],
      ['auto lo\n\niface\n', '/i:3: iface of what'],
      ['auto lo\r\n', '/i:1: there is a control character'],
      ['auto l\0o\n', '/i:1: there is a control character'],
      ['iface eth0 inet dhcp\n  hostname a\\', '/i:2: the line is continued'],
      ['iface eth0 inet dhcp\n \\\n  hostname a\n', '/i:2: the line is nothing'],
    ];
    for (const [text, message] of wrong) expect(() => read(text)).toThrow(message);
  });

  test('speaks of a device in many ways', () => {
    for (const text of ['eth0', 'a eth0', 'eth0:1', 'eth0.7', '/dev/eth0', 'eth0=home', '"eth0"'])
      expect(speaksOf(text, 'eth0')).toBe(true);
    for (const text of ['eth01', 'veth0', 'my-eth0', 'eth0-home', 'eth', '']) expect(speaksOf(text, 'eth0')).toBe(false);
    // What is special in patterns is not in names.
    expect(speaksOf('eth07', 'eth0.')).toBe(false);
    const mention = (text: string) => read(text).map((statement) => mentionOf(statement, 'eth0'));
    expect(mention('iface br0 inet manual\n\n bridge_ports eth1 eth0\n')).toEqual(['/i:3']);
    expect(
      mention('iface br0 inet manual\n bridge-ports all\nmapping e*\n script x\nmapping eth[0-3]\n script x\nmapping eth1\n script x\n'),
    ).toEqual(['/i:2', '/i:3', '/i:5', undefined]);
  });
});
