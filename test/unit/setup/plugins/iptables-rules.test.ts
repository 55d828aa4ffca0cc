import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { acceptRules, isRight, tableOf, transaction, withRules } from '../../../../plugins/firewall/iptables-rules.ts';
import { emptyTable, restored } from '../../../../src/setup/host/memory/iptables-tables.ts';
import { theirRules } from '../../../support/machines.ts';

const rules = acceptRules([
  { protocol: 'tcp', port: 443 },
  { protocol: 'udp', port: 7410 },
]);
const [https = '', kdump = ''] = rules;
const jump = '-A INPUT -j OVIRT-ENGINE';
const declaration = ':OVIRT-ENGINE - [0:0]';
const input = (...lines: readonly string[]): string => ['*filter', ':INPUT DROP [0:0]', ...lines, 'COMMIT', ''].join('\n');
/** The lines that were added, with those that they stand behind. */
const added = (text: string): readonly string[] => {
  const before = text.split('\n');
  return withRules(text, rules)
    .split('\n')
    .filter((line) => !before.includes(line));
};

test('rules are in the words of iptables-save, each once', () => {
  expect(acceptRules([{ protocol: 'tcp', port: 80 }, ...Array(2).fill({ protocol: 'udp', port: 7410 })])).toEqual([
    '-A OVIRT-ENGINE -p tcp -m tcp --dport 80 -j ACCEPT',
    '-A OVIRT-ENGINE -p udp -m udp --dport 7410 -j ACCEPT',
  ]);
});

describe('saved rules', () => {
  test('get a chain of ours, to which INPUT jumps first, and keep the lines of others', () => {
    const wanted = theirRules
      .replace(':OUTPUT ACCEPT [0:0]\n', `:OUTPUT ACCEPT [0:0]\n${declaration}\n${jump}\n`)
      .replace('COMMIT', `${https}\n${kdump}\nCOMMIT`);
    expect(withRules(theirRules, rules)).toBe(wanted);
    expect(withRules(wanted, rules)).toBe(wanted);
    expect(withRules(wanted, [])).toBe(theirRules);
  });

  test.each([
    ['nothing', ''],
    ['blank lines', '\n\n'],
    ['comments alone', '# none yet\n'],
    ['another table', '*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp --dport 443 -j REDIRECT --to-ports 8443\nCOMMIT\n'],
    ['another table, and no line end', '*nat\nCOMMIT'],
    ['a filter table that is a comment', '#*filter\n#COMMIT\n'],
  ])('that hold %s get a table that lets everything else in, too', (_, text) => {
    const table = [
      '*filter',
      ':INPUT ACCEPT [0:0]',
      ':FORWARD ACCEPT [0:0]',
      ':OUTPUT ACCEPT [0:0]',
      declaration,
      jump,
      ...rules,
      'COMMIT',
    ];
    const before = text === '' || text.endsWith('\n') ? text : `${text}\n`;
    expect(withRules(text, rules)).toBe(`${before}${table.join('\n')}\n`);
    expect(withRules(text, [])).toBe(text);
  });

  test.each([
    ['no INPUT', '*filter\n-A INPUT -j DROP\nCOMMIT\n', `*filter\n${declaration}\n${jump}\n-A INPUT -j DROP\n${https}\n${kdump}\nCOMMIT\n`],
    ['no rule', '*filter\nCOMMIT', `*filter\n${declaration}\n${jump}\n${https}\n${kdump}\nCOMMIT\n`],
    [
      'chains that are declared late',
      input('-A INPUT -p icmp -j ACCEPT', ':web - [0:0]', '-A INPUT -j web'),
      input(declaration, jump, '-A INPUT -p icmp -j ACCEPT', ':web - [0:0]', '-A INPUT -j web', https, kdump),
    ],
    [
      'comments at rules',
      input('-A FORWARD -j DROP', '', '# ssh', '# of the office', '-A INPUT -s 198.51.100.0/24 -j ACCEPT'),
      input(declaration, '-A FORWARD -j DROP', '', jump, '# ssh', '# of the office', '-A INPUT -s 198.51.100.0/24 -j ACCEPT', https, kdump),
    ],
    [
      'counters',
      '*filter\n:INPUT DROP [7:700]\n[9:81] -A INPUT -i lo -j ACCEPT\nCOMMIT\n',
      `*filter\n:INPUT DROP [7:700]\n${declaration}\n${jump}\n[9:81] -A INPUT -i lo -j ACCEPT\n${https}\n${kdump}\nCOMMIT\n`,
    ],
    [
      'insertions, behind which ours is inserted',
      input('-A INPUT -j LOG', '-I INPUT 1 -s 203.0.113.7 -j DROP'),
      input(declaration, '-A INPUT -j LOG', '-I INPUT 1 -s 203.0.113.7 -j DROP', https, kdump, '-I INPUT -j OVIRT-ENGINE'),
    ],
    [
      'long names of commands',
      input('--append INPUT --jump LOG', '--insert INPUT --jump DROP'),
      input(declaration, '--append INPUT --jump LOG', '--insert INPUT --jump DROP', https, kdump, '-I INPUT -j OVIRT-ENGINE'),
    ],
    [
      'a command that is for all chains',
      input(declaration, jump, https, kdump, '-F', '-A INPUT -j DROP'),
      input(declaration, '-F', '-A INPUT -j DROP', https, kdump, '-I INPUT -j OVIRT-ENGINE'),
    ],
    [
      'a jump of ours that is not first',
      input(declaration, '-A INPUT -j DROP', jump, https, kdump),
      input(declaration, jump, '-A INPUT -j DROP', https, kdump),
    ],
    [
      'ports of an earlier version',
      input(declaration, jump, '-A OVIRT-ENGINE -p tcp -m tcp --dport 8443 -j ACCEPT'),
      input(declaration, jump, https, kdump),
    ],
    [
      'rules of others in our chain',
      input(declaration, jump, https, '-A OVIRT-ENGINE -j DROP', kdump),
      input(declaration, jump, https, kdump),
    ],
    ['our chain without a jump', input(declaration, https, kdump), input(declaration, jump, https, kdump)],
    ['our rules without a chain', input(jump, https, kdump), input(declaration, jump, https, kdump)],
  ])('with %s', (_, text, wanted) => {
    expect(withRules(text, rules)).toBe(wanted);
    expect(withRules(wanted, rules)).toBe(wanted);
  });

  test('are changed where they are in force: in the last filter table', () => {
    const first = input('-A INPUT -p tcp --dport 1 -j ACCEPT');
    const nat = '*nat\n:INPUT ACCEPT [0:0]\nCOMMIT\n';
    expect(withRules(`${first}${nat}${input('-A INPUT -j DROP')}`, rules)).toBe(
      `${first}${nat}${input(declaration, jump, '-A INPUT -j DROP', https, kdump)}`,
    );
  });

  test.each([
    [
      'saved by iptables-save, with counters',
      `*filter\n:INPUT ACCEPT [1:60]\n${declaration.replace('0:0', '3:4')}\n:aaa - [0:0]\n[3:180] ${jump}\n[2:120] ${https}\n[0:0] ${kdump}\n[0:0] -A aaa -j DROP\nCOMMIT\n`,
    ],
    ['with a jump twice', input(declaration, jump, jump, '-A INPUT -j DROP', https, kdump)],
    [
      'with words of ours in a comment',
      input(declaration, jump, '-A INPUT -p tcp -m comment --comment "-j OVIRT-ENGINE" -j DROP', https, kdump),
    ],
  ])('are right %s', (_, text) => {
    expect(withRules(text, rules)).toBe(text);
  });

  test.each([
    ['-A INPUT -s 198.51.100.0/24 -j OVIRT-ENGINE', ''],
    ['-A web -j OVIRT-ENGINE', ':web - [0:0]'],
    ['-A web -g OVIRT-ENGINE', ':web - [0:0]'],
  ])('keep the rule of others %j, and the chain that it leads to', (line, chain) => {
    const with_ = (...lines: readonly string[]): string => input(...[chain, ...lines].filter((one) => one !== ''));
    expect(withRules(with_(declaration, line), rules)).toBe(
      with_(declaration, ...(line.includes('INPUT') ? [jump, line] : [line, jump]), https, kdump),
    );
    expect(withRules(with_(declaration, jump, line, https, kdump), [])).toBe(with_(declaration, line));
  });

  test('keep bytes of any encoding, and rules with quotes', () => {
    const line = '-A INPUT -m comment --comment "b\xfcro \\" -j OVIRT-ENGINE" -j ACCEPT';
    expect(added(input(line))).toEqual([declaration, jump, https, kdump]);
    expect(withRules(input(line), rules)).toContain(`\n${line}\n`);
  });

  test('are never thrown at, whatever they hold, and right afterwards', () => {
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom(
        '*filter',
        '*nat',
        'COMMIT',
        ':INPUT DROP [0:0]',
        declaration,
        jump,
        https,
        '-I INPUT -j DROP',
        '-F',
        '-D INPUT 1',
        '"',
        '[1:2] ',
        ':f2b - [0:0]',
        '-A f2b -s 203.0.113.7/32 -j REJECT',
        '-A f2b -j RETURN',
        '-A INPUT -p tcp -j f2b',
        '-I INPUT -p tcp -j f2b',
      ),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const once = withRules(lines.join('\n'), rules);
        expect(isRight(tableOf(once), rules)).toBe(true);
        expect(withRules(once, rules)).toBe(once);
        expect(isRight(tableOf(withRules(once, [])), [])).toBe(true);
      }),
    );
  });
});

describe('a transaction', () => {
  const apply = (before: string, wanted: Parameters<typeof transaction>[1]): string => {
    const after = restored(transaction(tableOf(before), wanted), before, true);
    return 'text' in after ? after.text : after.flaw;
  };
  const wanted = { rules, at: 1 };
  const theirs = restored(theirRules, '', false);
  const before = 'text' in theirs ? theirs.text : '';

  test('opens in an empty table, and takes away again', () => {
    const open = apply(emptyTable(), wanted);
    expect(isRight(tableOf(open), rules)).toBe(true);
    expect(apply(open, wanted)).toBe(open);
    expect(apply(open, null)).toBe(emptyTable());
  });

  test('leaves rules of others where they are, also those that came meanwhile', () => {
    const open = apply(before, wanted);
    expect(isRight(tableOf(open), rules)).toBe(true);
    expect(apply(open, null)).toBe(before);
    const banned = open.replace(jump, `-A INPUT -s 203.0.113.7/32 -j DROP\n${jump}`);
    expect(isRight(tableOf(banned), rules)).toBe(false);
    expect(isRight(tableOf(apply(banned, wanted)), rules)).toBe(true);
    expect(apply(banned, null)).toContain('-A INPUT -s 203.0.113.7/32 -j DROP\n-A INPUT -i lo -j ACCEPT');
  });

  describe('beside bans', () => {
    /** What fail2ban does when it starts. */
    const ban = (text: string): string => {
      const lines = [':f2b-web - [0:0]', '-A f2b-web -s 203.0.113.7/32 -j REJECT', '-A f2b-web -j RETURN', '-I INPUT 1 -p tcp -j f2b-web'];
      const after = restored(['*filter', ...lines, 'COMMIT'].join('\n'), text, true);
      return 'text' in after ? after.text : after.flaw;
    };
    const inputOf = (text: string): readonly string[] => text.split('\n').filter((line) => line.startsWith('-A INPUT'));
    const [banned, open] = [ban(before), apply(before, wanted)];
    const inOrder = ['-A INPUT -p tcp -j f2b-web', jump, ...inputOf(before)];

    test('that are there stands behind them, in force and in a file', () => {
      const { bans } = tableOf(banned);
      for (const text of [apply(banned, { rules, at: bans + 1 }), withRules(banned, rules)]) {
        expect(inputOf(text)).toEqual(inOrder);
        expect(isRight(tableOf(text), rules)).toBe(true);
        expect(withRules(text, rules)).toBe(text);
      }
    });

    test('that come later leaves them in front', () => {
      expect(inputOf(ban(open))).toEqual(inOrder);
      expect(isRight(tableOf(ban(open)), rules)).toBe(true);
    });

    test.each(['-A f2b-web -j DROP', '-A f2b-web ! -s 192.0.2.0/24 -j DROP', '-A f2b-web -p tcp -j DROP'])(
      'goes before a chain that turns others away as well: %s',
      (line) => {
        const closed = ban(open).replace('-A f2b-web -j RETURN', line);
        expect(isRight(tableOf(closed), rules)).toBe(false);
        expect(inputOf(withRules(closed, rules))[0]).toBe(jump);
      },
    );
  });

  test('brings back what was there of ours, at its place', () => {
    const former = before
      .replace('-A INPUT -i lo -j ACCEPT\n', `-A INPUT -i lo -j ACCEPT\n${jump}\n`)
      .replace(':OUTPUT', `${declaration}\n:OUTPUT`);
    const { ours } = tableOf(former);
    expect(ours).toEqual({ rules: [], at: 2 });
    expect(tableOf(apply(apply(former, wanted), ours)).ours).toEqual(ours);
    // Where fewer rules are left, at the end.
    expect(tableOf(apply(apply(emptyTable(), wanted), ours)).ours).toEqual({ rules: [], at: 1 });
  });

  test('leaves the chain that rules of others lead to, without rules of ours', () => {
    const open = apply(apply(emptyTable(), wanted).replace('COMMIT', '-A FORWARD -j OVIRT-ENGINE\nCOMMIT'), null);
    expect(tableOf(open)).toMatchObject({ ours: { rules: [], at: null }, jumps: 0, referenced: true });
  });

  test('takes all jumps of ours away', () => {
    const twice = apply(emptyTable(), wanted).replace(jump, `${jump}\n${jump}`);
    expect(tableOf(twice).jumps).toBe(2);
    expect(tableOf(apply(twice, wanted)).jumps).toBe(1);
    expect(apply(twice, null)).toBe(emptyTable());
  });
});
