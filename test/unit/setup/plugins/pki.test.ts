import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { file, text, textOf } from '#kit';
import { certificates } from '../../../../plugins/pki/certificates.ts';
import pki from '../../../../plugins/pki/index.ts';
import { authorityDaysLeft, authoritySubject, country, organization, paths, renew } from '../../../../plugins/pki/settings.ts';
import { sandbox } from '../../../../plugins/environment/settings.ts';
import { stableAddresses } from '../../../../plugins/network/settings.ts';
import { newAnswers } from '../../../../src/setup/core/answers.ts';
import { type Machine, memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { privateKey } from '../../../../src/setup/host/memory/private-keys.ts';
import { parseCertificate } from '../../../../src/setup/pki/inspect.ts';
import { issueAuthority } from '../../../../src/setup/pki/issue.ts';
import { dialogue, goodPassword } from '../../../support/dialogue.ts';
import { english } from '../../../support/fakes.ts';
import { conf, install } from '../../../support/installation.ts';

const key = privateKey(2048);
const judge = async (setting: typeof organization, value: string) =>
  setting.validate?.(value, newAnswers(new Map()), memoryHost(newMachine()));
const acceptable = (value: string): boolean => {
  try {
    return text.parse(value) !== '' && [...value].length <= 64;
  } catch {
    return false;
  }
};

describe('the organization', () => {
  test('is read back from the authority as it was given, whatever characters it has', async () => {
    const nasty = fc.string({
      unit: fc.constantFrom('a', ',', '+', '"', '\\', '<', '>', ';', '#', '=', ' ', 'ü', '日', '🐢', 'O=', '\\2C', '/'),
      minLength: 1,
      maxLength: 20,
    });
    await fc.assert(
      fc.asyncProperty(fc.oneof(nasty, fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 })).filter(acceptable), async (value) => {
        const host = memoryHost(newMachine());
        const pem = issueAuthority({
          subject: { country: 'DE', organization: value, commonName: 'x.1' },
          key,
          serial: Buffer.alloc(16, 1),
          now: host.now(),
          days: 10,
        });
        await host.files.write(paths.authority, file(pem, 0o644));
        const view = newAnswers(new Map([[authoritySubject.id, await authoritySubject.probe(host)]]));
        expect(organization.settled?.(view)).toBe(value);
        expect(country.settled?.(view)).toBe('DE');
      }),
      { numRuns: 150, examples: [['#x'], ['a\\b'], ['Example, Inc.'], ['\\2C']] },
    );
  });

  test.each(['Example, Inc.', 'Müller & Söhne "GmbH"'])('%s leaves nothing to do for a second run', async (name) => {
    const machine = newMachine();
    const files = [conf({ 'OVESETUP_CONFIG/adminPassword': 'str:canary-Wort-77', 'OVESETUP_PKI/organization': `str:${name}` })];
    const first = await install({ machine, files });
    expect(first.outcome.failure, first.screen).toBeUndefined();
    const second = await install({ machine, files });
    expect(second.screen).not.toMatch(/organization .*has no effect/);
    expect(second.screen).toContain(`PKI organization                        : ${name}\n`);
    expect(second.host.effects.filter((effect) => !effect.includes('/setup/answers/'))).toEqual([]);
    const [ca, leaf] = [paths.authority, paths.certificate('apache')].map((path) => parseCertificate(textOf(machine.disk.get(path))));
    expect(leaf?.checkIssued(ca!)).toBe(true);
  });

  test('has at most 64 characters, counted as people do, and at least one', async () => {
    expect(await judge(organization, '🐢'.repeat(64))).toBeUndefined();
    expect(await judge(organization, '🐢'.repeat(65))).toContain('longer than 64');
    expect(await judge(organization, ' ')).toContain('empty');
  });

  test('is free to choose as long as there is no authority', () => {
    expect(organization.settled?.(newAnswers(new Map([[authoritySubject.id, undefined]])))).toBeUndefined();
  });
});

test('the country is two capital letters', async () => {
  for (const value of ['US', 'DE']) expect(await judge(country, value)).toBeUndefined();
  for (const value of ['', 'U', 'us', 'USA', 'U1', 'ÄÖ']) expect(await judge(country, value), value).toContain('two capital letters');
});

describe('the certificate that browsers see', () => {
  const names = (inSandbox: boolean, fqdn: string) =>
    certificates
      .find(({ name }) => name === 'apache')
      ?.names(
        newAnswers(
          new Map<string, unknown>([
            [sandbox.id, inSandbox],
            [stableAddresses.id, ['192.0.2.10', '2001:db8::10']],
          ]),
        ),
        fqdn,
      );

  test('speaks for the loopback addresses in a sandbox, for those of the host elsewhere, and for no name twice', () => {
    expect(names(true, 'localhost')).toEqual(['localhost', '127.0.0.1', '::1']);
    expect(names(true, 'engine.example.net')).toEqual(['engine.example.net', 'localhost', '127.0.0.1', '::1']);
    expect(names(false, 'engine.example.net')).toEqual(['engine.example.net', '192.0.2.10', '2001:db8::10']);
  });

  test('lasts for no longer than browsers accept', () => {
    expect(certificates.find(({ name }) => name === 'apache')?.days).toBe(397);
    expect(certificates.find(({ name }) => name === 'apache')?.usages).toEqual(['serverAuth']);
  });
});

describe('an authority without its key', () => {
  test('stops the run before any change, and says how to go on', async () => {
    const host = memoryHost(newMachine());
    const view = newAnswers(new Map());
    expect(await pki.preflight?.(view, host)).toEqual([]);
    await host.files.write(
      paths.authority,
      file(
        issueAuthority({
          subject: { country: 'DE', organization: 'x', commonName: 'x' },
          key,
          serial: Buffer.alloc(16),
          now: host.now(),
          days: 10,
        }),
        0o644,
      ),
    );
    for (const other of [undefined, 'junk', privateKey(3072)]) {
      if (other !== undefined) await host.files.write(paths.authorityKey, file(other, 0o600));
      expect(english(await pki.preflight?.(view, host))).toMatchObject([
        { id: 'pki-without-key', level: 'error', remedy: expect.stringContaining('backup') },
      ]);
    }
    await host.files.write(paths.authorityKey, file(key, 0o600));
    expect(await pki.preflight?.(view, host)).toEqual([]);
    // It was made while the clock was ahead.
    const before = { ...host, now: () => new Date(host.now().getTime() - 2 * 24 * 3600 * 1000) };
    expect(english(await pki.preflight?.(view, before))).toMatchObject([
      { id: 'authority-early', level: 'error', remedy: expect.stringContaining('OVESETUP_PKI/renew=Yes') as string },
    ]);
  });
});

/** A machine with an authority of a certain age and length of life, which fits its key. */
function withAuthority(days: number): Machine {
  const machine = newMachine();
  const now = memoryHost(machine).now();
  const subject = { country: 'DE', organization: 'Example', commonName: 'x.1' };
  const pem = issueAuthority({ subject, key, serial: Buffer.alloc(16, 1), now, days });
  machine.disk.set(paths.authority, file(pem, 0o644));
  machine.disk.set(paths.authorityKey, file(key, 0o600));
  return machine;
}
const given = { 'OVESETUP_CONFIG/adminPassword': goodPassword };

describe('an authority that is lost', () => {
  test('is a doubt as long as a certificate is there that it has signed', async () => {
    const machine = withAuthority(3650);
    machine.disk.set(paths.certificate('engine'), machine.disk.get(paths.authority)!);
    const findings = async () => english(await pki.preflight?.(newAnswers(new Map()), memoryHost(machine)));
    expect(await findings()).toEqual([]);
    for (const lose of [() => machine.disk.set(paths.authority, file('junk', 0o644)), () => machine.disk.delete(paths.authority)]) {
      lose();
      expect(await findings()).toMatchObject([
        { id: 'authority-lost', level: 'doubt', remedy: expect.stringContaining('--allow authority-lost') },
      ]);
    }
    machine.disk.delete(paths.certificate('engine'));
    expect(await findings()).toEqual([]);
  });
});

describe('the questions about the PKI', () => {
  const names = ['OVESETUP_PKI_ORG', 'OVESETUP_RENEW_PKI'];
  const asked = async (machine: Machine, answers: Readonly<Record<string, unknown>> = {}) =>
    (await dialogue({ machine, typed: {}, given: { ...given, ...answers } })).asked.filter((name) => names.includes(name));

  test('are the organization where there is no authority, and the renewal where it ends within a year', async () => {
    expect(await asked(newMachine())).toEqual(['OVESETUP_PKI_ORG']);
    expect(await asked(withAuthority(3650))).toEqual([]);
    expect(await asked(withAuthority(366))).toEqual([]);
    expect(await asked(withAuthority(300))).toEqual(['OVESETUP_RENEW_PKI']);
  });

  test('are none where the engine is on another host, and no certificate is made there', async () => {
    const elsewhere = { 'OVESETUP_ENGINE_CORE/enable': false, 'OVESETUP_ENGINE_CONFIG/fqdn': 'engine.example.net' };
    expect(await asked(newMachine(), elsewhere)).toEqual([]);
    const { answers } = await dialogue({ typed: {}, given: { ...given, ...elsewhere } });
    expect(pki.steps?.(answers)).toEqual([]);
  });

  test('have the domain of the host as organization for Enter, and Test for a name without one', async () => {
    expect((await dialogue({ given })).find(organization)).toBe('example.net');
    const short = newMachine({ hostname: 'short', names: new Map([['short', ['192.0.2.10']]]) });
    expect((await dialogue({ given, machine: short })).find(organization)).toBe('Test');
    const { find, dialog } = await dialogue({ given, typed: { OVESETUP_PKI_ORG: ['x'.repeat(65), 'Example, Inc.'] } });
    expect(find(organization)).toBe('Example, Inc.');
    expect(dialog.logged).toContainEqual(['error', 'Organization name must not be longer than 64 characters']);
  });

  test('know how long the authority lives, and renew it only if somebody says so', async () => {
    expect(await authorityDaysLeft.probe(memoryHost(newMachine()))).toBeUndefined();
    expect(await authorityDaysLeft.probe(memoryHost(withAuthority(300)))).toBe(300);
    const step = async (reply: string) => {
      const { answers } = await dialogue({ machine: withAuthority(300), given, typed: { OVESETUP_RENEW_PKI: reply } });
      return [answers.get(renew), pki.steps?.(answers).find(({ id }) => id === 'pki/ca')?.title];
    };
    expect(await step('')).toEqual([false, 'Creating CA']);
    expect(await step('yes')).toEqual([true, 'Renewing CA']);
  });
});

test('new keys have the size that is asked for, and the authority at least 3072 bits', async () => {
  const madeWith = async (size: string): Promise<readonly number[]> => {
    const { answers } = await dialogue({ given: { ...given, 'OVESETUP_PKI/keySize': size } });
    const host = memoryHost(newMachine());
    const asked: number[] = [];
    const counting = {
      ...host,
      crypto: {
        ...host.crypto,
        newPrivateKey(bits: number) {
          asked.push(bits);
          return Promise.resolve(key);
        },
      },
    };
    await pki
      .steps?.(answers)
      .find(({ id }) => id === 'pki/keys')
      ?.apply(counting, () => undefined);
    return asked;
  };
  expect(await madeWith('2048')).toEqual([3072, ...Array<number>(9).fill(2048)]);
  expect(await madeWith('4096')).toEqual(Array<number>(10).fill(4096));
});
