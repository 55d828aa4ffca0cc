import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { file } from '#kit';
import { flawOf, fullNameIn } from '../../../../plugins/network/domain-name.ts';
import { fqdn, ownName } from '../../../../plugins/network/settings.ts';
import { sandbox } from '../../../../plugins/environment/settings.ts';
import { newAnswers } from '../../../../src/setup/core/answers.ts';
import { memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';

describe('a host name', () => {
  test.each([
    'engine.example.net',
    'localhost',
    'a',
    'A-1.b',
    'xn--mller-kva.example',
    '1and1.example',
    `${'a'.repeat(63)}.example`,
    Array.from({ length: 127 }, () => 'a').join('.'),
  ])('may be %s', (name) => {
    expect(flawOf(name)).toBeUndefined();
  });

  test.each([
    ['', 'empty'],
    ['192.0.2.1', 'an address'],
    ['::1', 'an address'],
    ['12345', 'an address'],
    ['a..b', 'empty part'],
    ['.a', 'empty part'],
    ['a.', 'empty part'],
    [`${'a'.repeat(64)}.b`, 'longer than 63'],
    [`${'a.'.repeat(127)}a`, 'longer than 253'],
    ['under_score', 'only letters'],
    ['a b', 'only letters'],
    ['a/b', 'only letters'],
    ['*.example.net', 'only letters'],
    ['müller.example', 'only letters'],
    ['\u212aelvin', 'only letters'],
    ['a\nb', 'only letters'],
    ['a\0b', 'only letters'],
    ['"; rm -rf /', 'only letters'],
    ['-a.b', 'hyphen'],
    ['a.b-', 'hyphen'],
  ])('may not be %j', (name, why) => {
    expect(flawOf(name)).toContain(why);
  });

  test('of any kind is judged and never breaks the judge; what passes has only harmless characters', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.domain(), fc.string({ unit: fc.constantFrom('a', '-', '.', '1', '_', ':', 'ß') })),
        (name) => {
          if (flawOf(name) === undefined) expect(name).toMatch(/^[A-Za-z0-9.-]{1,253}$/);
          else expect(flawOf(name)).toMatch(/^(it|its|only) /);
        },
      ),
    );
  });

  test('that is longer than a megabyte is refused like any other', () => {
    expect(flawOf('a.'.repeat(1_000_000))).toContain('longer than 253');
  });
});

describe('the full name in a hosts file', () => {
  test.each([
    ['127.0.0.1 localhost\n192.0.2.1 host.example.net host\n', 'host.example.net'],
    ['192.0.2.1\thost  host.example.net\n', 'host.example.net'],
    ['127.0.1.1 host\n192.0.2.1 host.example.net host\n', 'host.example.net'],
    ['192.0.2.1 host.one host\n192.0.2.2 host.two host\n', 'host.one'],
    ['# 192.0.2.1 host.example.net host\n', undefined],
    ['192.0.2.1 host # host.example.net\n', undefined],
    ['192.0.2.1 other.example.net other\n', undefined],
    ['192.0.2.1 hostile.example.net host\n', undefined],
    ['host.example.net host', undefined],
    ['192.0.2.1 host.example.net host\r\n', 'host.example.net'],
    ['', undefined],
    ['\n\n   \n#\n', undefined],
  ])('%j gives %s', (hosts, wanted) => {
    expect(fullNameIn(hosts, 'host')).toBe(wanted);
  });

  test('of any content is looked through, and gives only a name that begins with the short one', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('host', 'host.a', ' ', '\t', '\n', '#', '1.1.1.1', '.', '') }), (hosts) => {
        const found = fullNameIn(hosts, 'host');
        if (found !== undefined) expect(found.startsWith('host.')).toBe(true);
      }),
    );
    // The short name is a text, not a pattern.
    expect(fullNameIn('1.1.1.1 a(.b a(', 'a(')).toBe('a(.b');
  });

  test('is the default where the host name is short, without asking a resolver', async () => {
    const host = memoryHost(newMachine({ hostname: 'host', names: new Map() }));
    expect(await ownName.probe(host)).toBe('host');
    await host.files.write('/etc/hosts', file('192.0.2.1 host.example.net host\n', 0o644));
    expect(await ownName.probe(host)).toBe('host.example.net');
    expect(await ownName.probe(memoryHost(newMachine({ hostname: 'full.example.net' })))).toBe('full.example.net');
  });
});

describe('the name of the engine', () => {
  const judge = async (name: string, inSandbox = false) =>
    fqdn.validate?.(
      name,
      newAnswers(new Map<string, unknown>([[sandbox.id, inSandbox]])),
      memoryHost(
        newMachine({
          names: new Map([
            ['engine.example.net', ['192.0.2.1']],
            ['short', ['192.0.2.1']],
            ['localhost', ['127.0.0.1']],
          ]),
        }),
      ),
    );

  test('must be a name that is known', async () => {
    expect(await judge('engine.example.net')).toBeUndefined();
    expect(await judge('nowhere.example.net')).toBe('Host name is not valid: nowhere.example.net did not resolve into an IP address');
    expect(await judge('bad_name')).toContain('Host name is not valid: only letters');
  });

  test('without a domain is odd, but for localhost in a sandbox', async () => {
    expect(await judge('short')).toEqual({ warning: 'Host name short has no domain suffix' });
    expect(await judge('localhost')).toEqual({ warning: 'Host name localhost has no domain suffix' });
    expect(await judge('localhost', true)).toBeUndefined();
  });
});
