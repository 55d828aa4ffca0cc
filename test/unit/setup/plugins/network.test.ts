import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { file } from '#kit';
import { flawOf, fullNameIn } from '../../../../plugins/network/domain-name.ts';
import network from '../../../../plugins/network/index.ts';
import {
  fqdn,
  hostNameFlaw,
  httpsPort,
  isLoopback,
  nonLoopback,
  ownName,
  reverseValidation,
} from '../../../../plugins/network/settings.ts';
import { sandbox } from '../../../../plugins/environment/settings.ts';
import { newAnswers } from '../../../../src/setup/core/answers.ts';
import { type Machine, memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { dialogue, goodPassword } from '../../../support/dialogue.ts';
import { english } from '../../../support/fakes.ts';

/** What an unattended installation has to be told. */
const given = { 'OVESETUP_CONFIG/adminPassword': goodPassword };

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
    expect(english(flawOf(name))).toContain(why);
  });

  test('of any kind is judged and never breaks the judge; what passes has only harmless characters', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.domain(), fc.string({ unit: fc.constantFrom('a', '-', '.', '1', '_', ':', 'ß') })),
        (name) => {
          if (flawOf(name) === undefined) expect(name).toMatch(/^[A-Za-z0-9.-]{1,253}$/);
          else expect(english(flawOf(name))).toMatch(/^(it|its|only) /);
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
  const names = new Map([
    ['engine.example.net', ['192.0.2.10']],
    ['local.example.net', ['192.0.2.10']],
    ['many.example.net', ['192.0.2.10', '192.0.2.11', '127.0.0.1']],
    ['short', ['192.0.2.10']],
    ['localhost', ['127.0.0.1', '::1']],
  ]);
  const dns = new Map([
    ['engine.example.net', ['192.0.2.10']],
    ['ENGINE.EXAMPLE.NET', ['192.0.2.10']],
    ['many.example.net', ['192.0.2.10']],
    ['short', ['192.0.2.10']],
    ['alias.example.net', ['192.0.2.99']],
  ]);

  /** What is said of a name: nothing, warnings, or why it is refused. */
  const judge = async (
    name: string,
    on: { reverse?: boolean; nonLoopback?: boolean; sandbox?: boolean; reverseNames?: readonly string[] } = {},
  ) => {
    const view = newAnswers(new Map<string, unknown>([[sandbox.id, on.sandbox ?? false]]));
    view.set(reverseValidation, { value: on.reverse ?? false, origin: { kind: 'computed' } });
    view.set(nonLoopback, { value: on.nonLoopback ?? false, origin: { kind: 'computed' } });
    const host = memoryHost(newMachine({ names, dns }));
    const { reverseNames } = on;
    const network = reverseNames === undefined ? host.network : { ...host.network, reverse: async () => reverseNames };
    return english(await fqdn.validate?.(name, view, { ...host, network }));
  };
  const refused = (why: string): string => `Host name is not valid: ${why}`;
  const nowhere = (name: string): string =>
    refused(`${name} did not resolve into an IP address; it was looked up in /etc/hosts and the DNS server 192.0.2.53`);
  const localOnly = (name: string): string => `Failed to resolve ${name} using DNS, it can be resolved only locally`;

  test.each([
    ['engine.example.net', undefined],
    ['', refused('it is empty')],
    ['192.0.2.10', refused('it is an address; certificates need a name')],
    [`${'a.'.repeat(127)}a`, refused('it is longer than 253 characters')],
    ['.example.net', refused('it has an empty part between dots')],
    ['bad_name', refused('only letters, digits, hyphens and dots may stand in it')],
    ['-bad.example.net', refused('its part -bad begins or ends with a hyphen')],
    ['nowhere.example.net', nowhere('nowhere.example.net')],
    ['local.example.net', { warnings: [localOnly('local.example.net')] }],
    ['short', { warnings: ['Host name short has no domain suffix'] }],
    ['localhost', { warnings: ['Host name localhost has no domain suffix', localOnly('localhost')] }],
  ])('on a host of its own: %j', async (name, wanted) => {
    expect(await judge(name)).toEqual(wanted);
  });

  test('has to be known for its address too where that is wanted, in any case of letters', async () => {
    expect(await judge('engine.example.net', { reverse: true })).toBeUndefined();
    expect(await judge('engine.example.net', { reverse: true, reverseNames: ['other', 'Engine.Example.NET'] })).toBeUndefined();
    expect(await judge('engine.example.net', { reverse: true, reverseNames: ['a.example.net', 'b.example.net'] })).toBe(
      refused('192.0.2.10 did not reverse resolve into engine.example.net, but into a.example.net, b.example.net'),
    );
    expect(await judge('engine.example.net', { reverse: true, reverseNames: [] })).toBe(
      refused('192.0.2.10 did not reverse resolve into engine.example.net, but into nothing'),
    );
    // A name that DNS does not know has no address there to ask for.
    expect(await judge('local.example.net', { reverse: true, reverseNames: [] })).toEqual({ warnings: [localOnly('local.example.net')] });
  });

  test('has all its addresses on network interfaces of this host where that is wanted', async () => {
    expect(await judge('engine.example.net', { nonLoopback: true })).toBeUndefined();
    expect(await judge('many.example.net')).toBeUndefined();
    expect(await judge('many.example.net', { nonLoopback: true })).toBe(
      refused('192.0.2.11, 127.0.0.1 is not an address of a network interface of this host other than loopback'),
    );
    expect(await judge('localhost', { nonLoopback: true })).toContain('127.0.0.1, ::1 is not an address');
  });

  test('below a root is one that leads to this machine alone, and DNS is not asked', async () => {
    expect(await judge('localhost', { sandbox: true })).toBeUndefined();
    expect(await judge('engine.example.net', { sandbox: true })).toBe(
      'Below a root the engine listens on loopback only, but engine.example.net is 192.0.2.10; localhost is a good name there',
    );
    expect(await judge('many.example.net', { sandbox: true })).toContain('is 192.0.2.10');
    expect(await judge('nowhere', { sandbox: true })).toBe(nowhere('nowhere'));
    expect(await judge('bad_name', { sandbox: true })).toContain('only letters');
  });

  test('is the own name of the host by default, and localhost below a root', async () => {
    expect((await dialogue({ given })).find(fqdn)).toBe('engine.example.net');
    expect((await dialogue({ given, sandbox: true })).find(fqdn)).toBe('localhost');
  });

  test('is asked for again where it is wrong, and refused with its place where it was given', async () => {
    const { dialog, find } = await dialogue({ typed: { OVESETUP_NETWORK_FQDN_this: ['bad_name', 'nowhere.example.net', ''] } });
    expect(find(fqdn)).toBe('engine.example.net');
    expect(dialog.logged.filter(([level]) => level === 'error').map(([, line]) => line)).toEqual([
      refused('only letters, digits, hyphens and dots may stand in it'),
      nowhere('nowhere.example.net'),
    ]);
    const { problems } = await dialogue({ given: { ...given, 'OVESETUP_CONFIG/fqdn': 'bad_name' } });
    expect(problems).toMatchObject([
      { message: `OVESETUP_CONFIG/fqdn (a.conf:1): ${refused('only letters, digits, hyphens and dots may stand in it')}` },
    ]);
  });

  test('of a host that nothing knows is refused as a default, with a way out', async () => {
    const { problems } = await dialogue({ given, machine: newMachine({ hostname: 'lost' }) });
    expect(problems).toMatchObject([
      {
        id: 'OVESETUP_CONFIG/fqdn',
        message: `OVESETUP_CONFIG/fqdn, by default lost: ${nowhere('lost')}`,
        remedy: 'Give OVESETUP_CONFIG/fqdn in an answer file.',
      },
    ]);
  });
});

describe('the port of the engine', () => {
  test('is that of HTTPS, and one that needs no root below a root', async () => {
    expect((await dialogue({ given })).find(httpsPort)).toBe(443);
    expect((await dialogue({ given, sandbox: true })).find(httpsPort)).toBe(8443);
  });

  test.each([0, 65536, 'x', -1, 1.5])('may not be %j', async (port) => {
    const { problems } = await dialogue({ given: { ...given, 'OVESETUP_CONFIG/publicHttpsPort': port } });
    expect(problems).toMatchObject([{ message: 'OVESETUP_CONFIG/publicHttpsPort (a.conf:1): a whole number from 1 to 65535 is expected' }]);
  });
});

describe('the name of another host', () => {
  test('is judged by its form, and by whether it resolves', async () => {
    const host = memoryHost(newMachine({ names }));
    expect(await hostNameFlaw('db1.example.net', host)).toBeUndefined();
    expect(english(await hostNameFlaw('bad_name', host))).toContain('Host name is not valid: only letters');
    expect(english(await hostNameFlaw('db2.example.net', host))).toContain('db2.example.net did not resolve');
  });
  const names = new Map([['db1.example.net', ['192.0.2.20']]]);
});

describe('the own name of a host', () => {
  const finding = async (more: Partial<Machine>, inSandbox = false) => {
    const view = newAnswers(new Map([[sandbox.id, inSandbox]]));
    return english(await network.preflight?.(view, memoryHost(newMachine(more))));
  };
  const warning = (why: string) => [{ id: 'host-name', level: 'warning', message: `Cannot validate host name settings, reason: ${why}` }];

  test('has an address of the host, or a warning says that it has none', async () => {
    expect(await finding({})).toEqual([]);
    expect(await finding({ hostname: 'lost' })).toEqual(warning('the own host name cannot be resolved'));
    expect(await finding({ addresses: ['127.0.0.1', '192.0.2.77'] })).toEqual(
      warning('resolved host does not match any of the local addresses'),
    );
    const loopback = { hostname: 'localhost.localdomain', names: new Map([['localhost.localdomain', ['127.0.0.1']]]) };
    expect(await finding(loopback)).toEqual(warning('resolved host does not match any of the local addresses'));
  });

  test('does not matter below a root', async () => {
    expect(await finding({ hostname: 'lost' }, true)).toEqual([]);
  });
});

test.each([
  ['127.0.0.1', true],
  ['127.255.0.3', true],
  ['::1', true],
  ['192.0.2.1', false],
  ['128.0.0.1', false],
  ['::', false],
  ['1127.0.0.1', false],
  ['127.example.net', false],
])('%s is loopback: %j', (address, wanted) => {
  expect(isLoopback(address)).toBe(wanted);
});
