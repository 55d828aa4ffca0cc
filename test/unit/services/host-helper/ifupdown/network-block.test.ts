import { describe, expect, test } from 'vitest';
import { blockOf, networksIn, withBlock, withoutBlock } from '../../../../../src/services/host-helper/ifupdown/network-block.ts';
import { readStatements } from '../../../../../src/services/host-helper/ifupdown/interfaces-text.ts';

const own = ['iface eth0 inet manual', 'auto net', 'iface net inet dhcp'];
const put = (text: string, replaced: readonly { from: number; to: number }[] = [], name = 'net') =>
  withBlock(text, name, own, replaced, '/i');

describe('a network in a file', () => {
  test('stands for lines, which are comments meanwhile and come back as they were', () => {
    const text =
      '# \xe9\nauto eth0\niface eth0 inet static\n\taddress 192.0.2.1/24 \\\n\n  mtu 9000\n\n# six\niface eth0 inet6 auto\nauto lo\n';
    const made = put(text, [
      { from: 2, to: 6 },
      { from: 8, to: 9 },
    ]);
    expect(networksIn(made)).toEqual(['net']);
    expect(blockOf(made, 'net')).toEqual(own);
    expect(blockOf(made, 'other')).toEqual([]);
    expect(readStatements(made, '/i').map(({ keyword, words }) => [keyword, ...words].join(' '))).toEqual(['auto eth0', ...own, 'auto lo']);
    expect(withoutBlock(made, 'net', '/i')).toBe(text);
    // What is edited elsewhere stays, before it, after it and between.
    const edited = made.replace('auto lo', 'auto lo eth7').replace('# six', '# 6').replace('# \xe9', '# \xe9!\n');
    expect(withoutBlock(edited, 'net', '/i')).toBe(
      text.replace('auto lo', 'auto lo eth7').replace('# six', '# 6').replace('# \xe9', '# \xe9!\n'),
    );
  });

  test('comes at the end of a file that has no lines of it, unless the last is not ended', () => {
    for (const text of ['', '\n', 'auto lo\n', 'auto lo', '# x\niface lo inet loopback\n  # y']) {
      const made = put(text);
      expect(blockOf(made, 'net')).toEqual(own);
      expect(withoutBlock(made, 'net', '/i')).toBe(text);
      const both = put(made, [], 'more');
      expect(networksIn(both).toSorted()).toEqual(['more', 'net']);
      expect(withoutBlock(withoutBlock(both, 'net', '/i'), 'more', '/i')).toBe(text);
    }
  });

  test('leaves everything else with its meaning', () => {
    for (const text of ['auto lo\\\n', 'iface lo inet loopback\n  up true \\\n', 'auto lo \\\n\n']) {
      const made = put(text);
      expect(readStatements(made, '/i').map(({ keyword }) => keyword)).toHaveLength(4);
      expect(withoutBlock(made, 'net', '/i')).toBe(text);
    }
    const made = put('auto lo\niface lo inet loopback\n');
    // It would belong to the stanza before.
    expect(() => withoutBlock(`${made}  up true\n`, 'net', '/i')).toThrow('/i:2: this would mean something else');
    const text = 'iface eth0 inet dhcp\nmapping eth1\n  script /x\n';
    expect(withoutBlock(put(text, [{ from: 0, to: 1 }]), 'net', '/i')).toBe(text);
    // An option of the stanza before stands between two that go.
    expect(() => put('iface eth0 inet dhcp\n  metric 1\niface eth0 inet6 auto\n', [{ from: 0, to: 1 }])).toThrow('something else');
  });

  test('is left alone where somebody has edited it', () => {
    const made = put('auto eth0\niface eth0 inet dhcp\n', [{ from: 1, to: 2 }]);
    const edits = [
      made.replace('auto net', 'auto net\n    dns-search example.net'),
      made.replace('#ovirt:net: iface eth0 inet dhcp', '#ovirt:net: iface eth0 inet manual'),
      made.replace('#ovirt:net: ', ''),
      made.replace('# <<< network net\n', ''),
    ];
    for (const edited of edits) expect(() => withoutBlock(edited, 'net', '/i')).toThrow('/i:2: somebody has edited');
    expect(() => withoutBlock('auto lo\n', 'net', '/i')).toThrow('somebody');
    expect(() => put(made)).toThrow('/i:2: the line stands for a network net');
    expect(() => put('# x\n#ovirt:net: iface eth0 inet dhcp\n')).toThrow('/i:2');
  });
});
