import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createReplica } from '../../../../src/services/ovn-provider/northbound/replica.ts';
import { createJsonSplitter } from '../../../../src/services/ovn-provider/ovsdb/json-splitter.ts';
import { amend, decode } from '../../../../src/services/ovn-provider/ovsdb/notation.ts';
import { readRemotes } from '../../../../src/services/ovn-provider/ovsdb/remote.ts';

describe('messages of a stream', () => {
  test('are found however they are cut', () => {
    const message = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue());
    fc.assert(
      fc.property(fc.array(message, { maxLength: 5 }), fc.array(fc.nat(20), { minLength: 1 }), (messages, cuts) => {
        const bytes = Buffer.from(messages.map((one) => JSON.stringify(one)).join('\n'));
        const split = createJsonSplitter(1e6);
        const found: unknown[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const end = at + 1 + (cuts[turn % cuts.length] ?? 0);
          found.push(...split(bytes.subarray(at, end)));
          at = end;
        }
        expect(found).toEqual(JSON.parse(JSON.stringify(messages)));
      }),
    );
  });

  test.each([['}'], ['{"a":}'], ['[1,2}']])('are not made of %s', (text) => {
    expect(() => createJsonSplitter(100)(Buffer.from(text))).toThrow(SyntaxError);
  });

  test('do not grow without an end', () => {
    const split = createJsonSplitter(100);
    split(Buffer.from(`{"a":"${'x'.repeat(80)}`));
    expect(() => split(Buffer.from('x'.repeat(80)))).toThrow(RangeError);
  });
});

describe('values of OVSDB', () => {
  test('are read', () => {
    expect(
      decode('texts', [
        'set',
        [
          ['uuid', 'a'],
          ['uuid', 'b'],
        ],
      ]),
    ).toEqual(['a', 'b']);
    expect(decode('texts', ['uuid', 'a'])).toEqual(['a']);
    expect(decode('optionalText', ['set', []])).toBeUndefined();
    expect(decode('optionalFlag', true)).toBe(true);
    expect(decode('optionalNumber', 7)).toBe(7);
    expect(decode('map', ['map', [['__proto__', 'b']]])).toEqual(new Map([['__proto__', 'b']]));
  });

  test('of sets and maps are amended by what differs, all others replaced', () => {
    expect(amend('texts', ['a', 'b'], ['set', ['b', 'c']])).toEqual(['a', 'c']);
    const before = new Map(Object.entries({ same: '1', gone: '2', other: '3' }));
    const after = amend('map', before, [
      'map',
      [
        ['gone', '2'],
        ['other', '4'],
        ['fresh', '5'],
      ],
    ]);
    expect(after).toEqual(new Map(Object.entries({ same: '1', other: '4', fresh: '5' })));
    expect(amend('optionalText', 'a', ['set', []])).toBeUndefined();
    expect(amend('text', 'a', 'b')).toBe('b');
  });
});

describe('the copy of the database', () => {
  test('follows what the server tells', () => {
    const replica = createReplica();
    replica.apply({ Logical_Switch: { a: { initial: { name: 'one' } } }, Unknown: { x: { initial: {} } } });
    expect(replica.rows('Logical_Switch').get('a')).toMatchObject({ id: 'a', name: 'one', ports: [], external_ids: new Map() });
    replica.apply({ Logical_Switch: { a: { modify: { name: 'two' } }, b: { insert: { name: 'three' } } } });
    expect([...replica.rows('Logical_Switch').values()].map(({ name }) => name)).toEqual(['two', 'three']);
    replica.apply({ Logical_Switch: { a: { delete: null } } });
    expect([...replica.rows('Logical_Switch').keys()]).toEqual(['b']);
    expect([replica.version('Logical_Switch'), replica.version('ACL')]).toEqual([3, 0]);
    expect(() => replica.apply({ Logical_Switch: { none: { modify: { name: 'x' } } } })).toThrow('does not fit');
  });
});

describe('where a database is', () => {
  test.each([
    ['ssl:127.0.0.1:6641', [{ kind: 'ssl', host: '127.0.0.1', port: 6641 }]],
    [
      'ssl:[::1]:6641, ssl:db.example.org:6641',
      [
        { kind: 'ssl', host: '::1', port: 6641 },
        { kind: 'ssl', host: 'db.example.org', port: 6641 },
      ],
    ],
    ['unix:/run/ovn/ovnnb_db.sock', [{ kind: 'unix', path: '/run/ovn/ovnnb_db.sock' }]],
    ['tcp:127.0.0.1:6641', null],
    ['ssl:127.0.0.1', null],
    ['ssl:127.0.0.1:0', null],
    ['', null],
  ])('is read from %j', (text, remotes) => {
    expect(readRemotes(text)).toEqual(remotes);
  });
});
