import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inEnglish } from '#kit';
import { addressOf, cidrOf, holds, maskedOf } from '../../../../src/setup/postgres/hba-addresses.ts';
import { type Attempt, decide, openDoors } from '../../../../src/setup/postgres/hba-decide.ts';
import { readHba } from '../../../../src/setup/postgres/hba-files.ts';
import { type HbaRecord, parseHba } from '../../../../src/setup/postgres/hba.ts';
import { fieldsOf, linesOf } from '../../../../src/setup/postgres/hba-words.ts';

const records = (text: string): readonly HbaRecord[] =>
  parseHba(text).map((entry) => {
    if (entry.kind !== 'record') throw new Error(JSON.stringify(entry));
    return entry;
  });
const one = (line: string): HbaRecord => {
  const [record] = records(line);
  if (record === undefined) throw new Error('no record');
  return record;
};

describe('the words of a line', () => {
  test.each([
    ['a b', [['a'], ['b']]],
    [' \ta,b ,c\t# d', [['a', 'b'], ['c']]],
    ['a, b', [['a', 'b']]],
    ['"a b","c,d" e', [['a b', 'c,d'], ['e']]],
    ['"say ""hi""" a"b c"d', [['say "hi"'], ['ab cd']]],
    ['"a#b"#c', [['a#b']]],
    ['""', [['']]],
    ['"open to the end', [['open to the end']]],
    ['# nothing', []],
    ['', []],
  ])('%j', (line, words) => {
    expect(fieldsOf(line).map((field) => field.map(({ text }) => text))).toEqual(words);
  });

  test('know where they stand, over lines that go on', () => {
    const found = linesOf('# first\n\nlocal all \\\nall \\\ntrust\nlocal x y peer\r\nlast \\');
    expect(found.map(({ number, last, fields }) => [number, last, fields.length])).toEqual([
      [3, 5, 4],
      [6, 6, 4],
      [7, 7, 2],
    ]);
  });
});

describe('a record', () => {
  test.each([
    ['local all all trust', { type: 'local', databases: [{ kind: 'all' }], users: [{ kind: 'all' }], method: 'trust' }],
    ['local "all" "+x" peer', { databases: [{ kind: 'name', text: 'all' }], users: [{ kind: 'name', text: '+x' }] }],
    [
      'local sameuser,samerole,samegroup,replication,@names,"/^a,b" +staff,/^adm,@admins md5',
      {
        databases: [
          { kind: 'sameuser' },
          { kind: 'samerole' },
          { kind: 'samerole' },
          { kind: 'replication' },
          { kind: 'file', text: 'names' },
          { kind: 'regex', text: '^a,b' },
        ],
        users: [
          { kind: 'group', text: 'staff' },
          { kind: 'regex', text: '^adm' },
          { kind: 'file', text: 'admins' },
        ],
      },
    ],
    ['local all all ident map=x', { method: 'peer', options: new Map([['map', 'x']]) }],
    ['host a b 192.0.2.0/24 scram-sha-256', { address: { kind: 'network', network: cidrOf('192.0.2.0/24') } }],
    [
      'host a b 192.0.2.7 255.255.255.0 md5',
      { address: { kind: 'network', network: maskedOf('192.0.2.7', '255.255.255.0') }, method: 'md5' },
    ],
    ['hostnossl a b 2001:db8:: ffff:ffff:: md5', { type: 'hostnossl', address: { kind: 'network', network: cidrOf('2001:db8::/32') } }],
    ['hostssl a b .example.org cert clientname=DN', { address: { kind: 'name', text: '.example.org' }, method: 'cert' }],
    ['hostgssenc a b samehost gss', { address: { kind: 'samehost' } }],
    ['hostnogssenc a b samenet reject', { address: { kind: 'samenet' } }],
    ['host a b "all" reject', { address: { kind: 'name', text: 'all' } }],
    [
      'host a b all ldap ldapserver=x ldapprefix="cn=" "ldapsuffix=, dc=example"',
      {
        options: new Map([
          ['ldapserver', 'x'],
          ['ldapprefix', 'cn='],
          ['ldapsuffix', ', dc=example'],
        ]),
      },
    ],
  ])('%s', (line, fields) => {
    expect(one(line)).toMatchObject({ kind: 'record', line: 1, ...fields });
  });

  test.each([
    ['socket all all trust', 'socket is no type of connection'],
    ['local,host all all trust', 'several values stand where its type is expected'],
    ['local', 'the line ends before its database'],
    ['local all', 'the line ends before its user'],
    ['local all all', 'the line ends before its method'],
    ['host all all', 'the line ends before its address'],
    ['host all all 192.0.2.1', 'the line ends before its mask'],
    ['host all all 192.0.2.1/33 md5', '192.0.2.1/33 is no network'],
    ['host all all db1/24 md5', 'db1/24 is no network'],
    ['host all all 192.0.2.1 ffff:: md5', 'ffff:: is no mask for 192.0.2.1'],
    ['host all all 192.0.2.1 md5 md5', 'md5 is no mask for 192.0.2.1'],
    ['host all all all scram', 'scram is no way to prove who one is'],
    ['host all all all peer', 'peer is for local connections alone'],
    ['host all all all cert', 'cert is for hostssl alone'],
    ['local all all gss', 'gss is not for local connections'],
    ['host all all all ldap server', 'server is no option in the form name=value'],
  ])('%s: %s', (line, text) => {
    const [flaw] = parseHba(`# one\n${line}`);
    expect(flaw).toMatchObject({ kind: 'flaw', line: 2 });
    expect(flaw?.kind === 'flaw' && inEnglish(flaw.text)).toBe(text);
  });
});

describe('files that are included', () => {
  const files: Readonly<Record<string, string>> = {
    '/etc/hba': 'local @dbs @users peer\ninclude more\ninclude_if_exists nowhere\ninclude missing\ninclude_dir d\nlocal z z trust\n',
    '/etc/dbs': '# ours\none, "all"\n@further\n',
    '/etc/further': 'three',
    '/etc/more': 'local m @unknown trust\nlocal\n',
    '/etc/d/b.conf': 'local b b trust',
    '/etc/d/a.conf': 'local a a trust',
    '/etc/d/c.txt': 'local c c trust',
    '/etc/d/.x.conf': 'local x x trust',
  };
  const source = {
    text: (path: string) => Promise.resolve(files[path]),
    list: (path: string) =>
      Promise.resolve(Object.keys(files).flatMap((name) => (name.startsWith(`${path}/`) ? [name.slice(path.length + 1)] : []))),
  };

  test('stand where they are included, with their own lines', async () => {
    const { records: found, flaws } = await readHba('/etc/hba', source);
    expect(
      found.map(({ file, line, databases }) => [file, line, databases.map((name) => ('text' in name ? name.text : name.kind))]),
    ).toEqual([
      [undefined, 1, ['one', 'all', 'three']],
      ['/etc/more', 1, ['m']],
      ['/etc/d/a.conf', 1, ['a']],
      ['/etc/d/b.conf', 1, ['b']],
      [undefined, 6, ['z']],
    ]);
    expect(found[1]?.users).toEqual([{ kind: 'file', text: 'unknown' }]);
    expect(flaws.map(({ file, line, text }) => [file, line, inEnglish(text)])).toEqual([
      ['/etc/more', 2, 'the line ends before its database'],
      [undefined, 4, '/etc/missing cannot be included'],
    ]);
  });

  test('end somewhere, also where they include themselves', async () => {
    const itself = { text: () => Promise.resolve('include x\nlocal a a trust'), list: () => Promise.resolve([]) };
    const { records: found, flaws } = await readHba('/x', itself);
    expect([found.length, flaws.length]).toEqual([11, 1]);
  });
});

describe('the record that decides', () => {
  const attempt: Attempt = { by: 'plain', database: 'engine', user: 'engine', address: '127.0.0.1' };
  const lineFor = (text: string, more: Partial<Attempt> = {}): readonly (number | undefined)[] => {
    const { record, doubtful } = decide(records(text), { ...attempt, ...more });
    return [record?.line, ...doubtful.map(({ line }) => line)];
  };

  test.each([
    ['is the first that fits', 'host all all 127.0.0.1/32 trust\nhost all all all reject', {}, [1]],
    ['is about the database', 'host other all all trust\nhost engine all all md5', {}, [2]],
    ['is about the user', 'host all other all trust\nhost all engine all md5', {}, [2]],
    ['is about the place', 'host all all 10.0.0.0/8 trust\nhost all all ::1/128 trust\nhost all all 127.0.0.0/8 md5', {}, [3]],
    ['is about the way', 'local all all trust\nhostssl all all all md5\nhostnossl all all all reject', {}, [3]],
    ['is that for TLS', 'hostnossl all all all trust\nhostgssenc all all all trust\nhostssl all all all md5', { by: 'ssl' }, [3]],
    ['may be there for none', 'local all all trust', {}, [undefined]],
    ['is not that for standbys', 'host replication all all trust', {}, [undefined]],
    ['may be that for standbys', 'host all all all md5\nhost replication all all trust', { database: undefined }, [2]],
    ['may be one of a group', 'host all +engine all trust', {}, [1]],
    [
      'cannot be told behind members and names',
      'host all +staff all trust\nhost all all dbs.example.org trust\nhost all all all md5',
      {},
      [3, 1, 2],
    ],
    ['knows expressions', 'host /^eng.*e$ all all md5', {}, [1]],
    ['is for one of the same name', 'host sameuser all all md5', {}, [1]],
  ] as const)('%s', (_, text, more, lines) => {
    expect(lineFor(text, more)).toEqual(lines);
  });

  test('is told with what is known of members and of the own networks', () => {
    const rules = records('host samerole +staff samenet md5');
    const isMember = (user: string, group: string): boolean => user === 'me' && (group === 'staff' || group === 'engine');
    const own = { samehost: [], samenet: [cidrOf('192.0.2.0/24')!] };
    const me = { ...attempt, user: 'me', address: '192.0.2.9' };
    expect(decide(rules, me, { isMember, own }).record?.line).toBe(1);
    expect(decide(rules, { ...me, address: '198.51.100.1' }, { isMember, own })).toEqual({ record: undefined, doubtful: [] });
  });
});

describe('doors without a lock', () => {
  const open = (text: string): readonly number[] =>
    openDoors(records(text), { database: 'engine', user: 'engine' }).map(({ line }) => line);
  test.each([
    ['local all all peer\nhost all all all scram-sha-256', []],
    ['local all all trust', [1]],
    ['host engine engine 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust', []],
    ['host engine engine 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.0/8 trust', [2]],
    ['hostssl all all all md5\nhost all all all trust', [2]],
    ['host all all all md5\nhostssl all all all trust', []],
    ['host other all all trust\nhost all other all trust', []],
    ['host all +staff all trust', [1]],
  ])('%j: %j', (text, lines) => {
    expect(open(text)).toEqual(lines);
  });
});

/* What holds for all files. */

const name = fc.constantFrom('engine', 'all', 'other', 'sameuser', 'replication', 'a b', 'x"y', 'p,q', '#1', '+g', '@f', '/r');
const written = fc.tuple(name, fc.boolean()).map(([text, quoted]) => {
  const needs = /[ ",#]/.test(text);
  return { text, quoted: quoted || needs, shown: quoted || needs ? `"${text.replaceAll('"', '""')}"` : text };
});
const names = fc.array(written, { minLength: 1, maxLength: 3 });
const network = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })).map(([ip, bits]) => `${ip}/${bits}`);
const place = fc.oneof(network, fc.constantFrom('all', 'samehost', '::1/128', '::/0', '127.0.0.0/8', 'db.example.org'));
const type = fc.constantFrom('host', 'hostssl', 'hostnossl', 'hostgssenc', 'hostnogssenc');
const method = fc.constantFrom('trust', 'reject', 'scram-sha-256', 'md5');
const blank = fc.constantFrom(' ', '\t', '   ', ' \\\n ');
const line = fc
  .tuple(fc.oneof(fc.constant('local'), type), names, names, place, method, blank, fc.constantFrom('', ' # note', '\r'))
  .map(([kind, databases, users, where, how, gap, end]) => {
    const list = (all: readonly { shown: string }[]): string => all.map(({ shown }) => shown).join(',');
    const fields = [kind, list(databases), list(users), ...(kind === 'local' ? [] : [where]), how];
    return { kind, databases, users, how, text: `${fields.join(gap)}${end}` };
  });
const attempts = fc.record({
  by: fc.constantFrom('local' as const, 'plain' as const, 'ssl' as const, 'gss' as const),
  database: fc.constantFrom('engine', 'other'),
  user: fc.constantFrom('engine', 'other'),
  address: fc.oneof(fc.ipV4(), fc.constantFrom('127.0.0.1', '::1')),
});

describe('whatever a file holds', () => {
  test('its records are read as they were written', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), (lines) => {
        const found = records(lines.map(({ text }) => text).join('\n'));
        expect(found.map(({ type: kind, method: how }) => [kind, how])).toEqual(lines.map(({ kind, how }) => [kind, how]));
        for (const [at, { databases }] of lines.entries())
          for (const [index, { text, quoted }] of databases.entries()) {
            const read = found[at]?.databases[index];
            if (quoted && !text.startsWith('/')) expect(read).toEqual({ kind: 'name', text });
            else if (['all', 'sameuser', 'replication'].includes(text)) expect(read).toEqual({ kind: text });
          }
      }),
    );
  });

  test('reading it never fails, and every line that says something is a record, an include or a flaw, in their order', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom('"', '\\\n', '\n', ',', '#', ' ', 'local', 'host', 'all', '1.2.3.4', '/33', 'trust', '=', '@'),
    );
    fc.assert(
      fc.property(
        fc.array(piece).map((all) => all.join('')),
        (text) => {
          const found = parseHba(text).map((entry) => entry.line);
          expect(found).toEqual([...new Set(found)].sort((a, b) => a - b));
          expect(found.length).toBe(linesOf(text).length);
        },
      ),
    );
  });

  test('nobody gets in without a password but through a door that is reported', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), attempts, (lines, attempt) => {
        const rules = records(lines.map(({ text }) => text).join('\n'));
        const { record } = decide(rules, attempt);
        if (record?.method === 'trust') expect(openDoors(rules, attempt)).toContain(record);
      }),
      { numRuns: 2000 },
    );
  });

  test('a network holds the addresses whose first bits are its own', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.integer({ min: 0, max: 32 }), fc.ipV4(), (ip, bits, other) => {
        const binary = (text: string): string =>
          text
            .split('.')
            .map((part) => Number(part).toString(2).padStart(8, '0'))
            .join('');
        expect(holds(cidrOf(`${ip}/${bits}`)!, addressOf(other)!)).toBe(binary(ip).slice(0, bits) === binary(other).slice(0, bits));
      }),
    );
  });

  test('an address has one meaning, however it is written', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        // The longest form that the standard library knows for it.
        const canonical = new URL(`http://[${text}]/`).hostname.slice(1, -1);
        expect(addressOf(text)).toEqual(addressOf(canonical));
      }),
    );
  });
});
