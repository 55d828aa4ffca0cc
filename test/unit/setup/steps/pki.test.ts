import { describe, expect, test } from 'vitest';
import { type Host, file, textOf } from '#kit';
import { memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { privateKey } from '../../../../src/setup/host/memory/private-keys.ts';
import { parseCertificate } from '../../../../src/setup/pki/inspect.ts';
import { type WantedAuthority, authority, certificate } from '../../../../src/setup/steps/certificate.ts';
import { keys } from '../../../../src/setup/steps/keys.ts';
import { english } from '../../../support/fakes.ts';

const silent = (): undefined => undefined;
const heading = { id: 'x', chapter: 'pki.authority', title: 'X' } as const;
const day = 24 * 60 * 60 * 1000;

const makeKeys = keys(heading, [
  { path: '/pki/ca.key', bits: 3072, mode: 0o600 },
  { path: '/pki/leaf.key', bits: 2048, mode: 0o640 },
]);
const wantedAuthority: WantedAuthority = {
  path: '/pki/ca.pem',
  key: '/pki/ca.key',
  days: 3650,
  subject: (number) => ({ country: 'US', organization: 'Müller, Söhne', commonName: `engine.${number}` }),
  renew: false,
};
const makeAuthority = authority(heading, wantedAuthority);
const wanted = {
  path: '/pki/leaf.cer',
  key: '/pki/leaf.key',
  days: 300,
  subject: { country: 'US', organization: 'Müller, Söhne', commonName: 'engine' },
  authority: { path: '/pki/ca.pem', key: '/pki/ca.key' },
  names: ['engine.example.net', '127.0.0.1'],
  usages: ['serverAuth'],
} as const;
const makeLeaf = certificate(heading, wanted);

async function made(): Promise<ReturnType<typeof memoryHost>> {
  const host = memoryHost(newMachine());
  for (const step of [makeKeys, makeAuthority, makeLeaf]) {
    await step.apply(host, silent);
    expect(await step.check(host)).toEqual({ kind: 'none' });
  }
  return host;
}
const later = (host: Host, days: number): Host => ({ ...host, now: () => new Date(host.now().getTime() + days * day) });
const serial = async (host: Host, path: string): Promise<string | undefined> =>
  parseCertificate(textOf(await host.files.read(path)))?.serialNumber;

describe('keys', () => {
  test('are made with their modes', async () => {
    const host = await made();
    expect(await host.files.read('/pki/ca.key')).toMatchObject({ mode: 0o600 });
    expect(await host.files.read('/pki/leaf.key')).toMatchObject({ mode: 0o640 });
  });

  test('that are there are kept; only missing or unreadable ones are made', async () => {
    const host = await made();
    const kept = textOf(await host.files.read('/pki/ca.key'));
    await host.files.write('/pki/leaf.key', file('damaged', 0o600));
    expect(await makeKeys.check(host)).toMatchObject({ kind: 'create', touches: ['/pki/leaf.key'] });
    await makeKeys.apply(host, silent);
    expect(textOf(await host.files.read('/pki/ca.key'))).toBe(kept);
    expect(await makeKeys.check(host)).toEqual({ kind: 'none' });
  });

  test('never show in a plan', async () => {
    expect(JSON.stringify(await makeKeys.check(memoryHost(newMachine())))).not.toContain('PRIVATE');
  });
});

test('what was made while the clock was ahead is made anew: certificates by themselves, the authority where somebody wants it', async () => {
  const host = await made();
  const before = later(host, -3);
  expect(english(await makeLeaf.check(before))).toMatchObject({ kind: 'update', note: expect.stringContaining('begins') as string });
  expect(await makeAuthority.check(before)).toEqual({ kind: 'none' });
  const renewed = authority(heading, { ...wantedAuthority, renew: true });
  expect(english(await renewed.check(before))).toMatchObject({ kind: 'update', note: expect.stringContaining('begins') as string });
  for (const step of [renewed, makeLeaf]) {
    await step.apply(before, silent);
    expect(await step.check(before)).toEqual({ kind: 'none' });
  }
});

describe('an authority', () => {
  test('is kept for as long as it fits its key, even when it is old', async () => {
    const host = await made();
    expect(await makeAuthority.check(later(host, 5000))).toEqual({ kind: 'none' });
    expect(await makeAuthority.check(host)).toEqual({ kind: 'none' });
  });

  test('that does not fit its key is made anew', async () => {
    const host = await made();
    await host.files.write('/pki/ca.key', file(privateKey(2048), 0o600));
    expect(await makeAuthority.check(host)).toMatchObject({ kind: 'update', touches: ['/pki/ca.pem'] });
  });

  test('is renewed where that is wanted: the same key and name, so that what it has signed stays valid, and a new end', async () => {
    const host = await made();
    const renewing = authority(heading, { ...wantedAuthority, renew: true });
    // A young one has just been renewed.
    expect(await renewing.check(later(host, 300))).toEqual({ kind: 'none' });
    const old = later(host, 3400);
    expect(english(await renewing.check(old))).toMatchObject({ kind: 'update', note: expect.stringMatching(/^\/pki\/ca\.pem: ends /) });
    const before = parseCertificate(textOf(await host.files.read('/pki/ca.pem')))!;
    // Another number comes up, but the name stays.
    await renewing.apply({ ...old, crypto: { ...old.crypto, random: (bytes) => Buffer.alloc(bytes, 7) } }, silent);
    expect(await renewing.check(old)).toEqual({ kind: 'none' });
    const after = parseCertificate(textOf(await host.files.read('/pki/ca.pem')))!;
    expect(after.subject).toBe(before.subject);
    expect(after.serialNumber).not.toBe(before.serialNumber);
    expect(after.validToDate.getTime()).toBeGreaterThan(before.validToDate.getTime());
    const leaf = parseCertificate(textOf(await host.files.read('/pki/leaf.cer')))!;
    expect([leaf.checkIssued(after), leaf.verify(after.publicKey)]).toEqual([true, true]);
  });

  test('cannot be made without a key', async () => {
    await expect(makeAuthority.apply(memoryHost(newMachine()), silent)).rejects.toThrow('/pki/ca.key is not there');
  });
});

describe('a certificate', () => {
  test('is kept while it fits, and issued anew with the same key in the last third of its life', async () => {
    const host = await made();
    expect(await makeLeaf.check(later(host, 198))).toEqual({ kind: 'none' });
    const old = later(host, 210);
    expect(english(await makeLeaf.check(old))).toMatchObject({ kind: 'update', note: expect.stringMatching(/^\/pki\/leaf\.cer: ends /) });
    const key = textOf(await host.files.read('/pki/leaf.key'));
    const before = parseCertificate(textOf(await host.files.read('/pki/leaf.cer')))?.validTo;
    await makeLeaf.apply(old, silent);
    expect(await makeLeaf.check(old)).toEqual({ kind: 'none' });
    expect(textOf(await host.files.read('/pki/leaf.key'))).toBe(key);
    expect(parseCertificate(textOf(await host.files.read('/pki/leaf.cer')))?.validTo).not.toBe(before);
  });

  test.each([
    ['missing', async (host: Host) => host.files.remove('/pki/leaf.cer'), 'create'],
    ['missing', async (host: Host) => host.files.write('/pki/leaf.cer', file('junk', 0o644)), 'create'],
    ['does not fit its key', async (host: Host) => host.files.write('/pki/leaf.key', file(privateKey(1024), 0o600)), 'update'],
    ['not signed by our authority', async (host: Host) => host.files.remove('/pki/ca.pem'), 'update'],
    [
      'not signed by our authority',
      async (host: Host) => {
        await host.files.write('/pki/ca.key', file(privateKey(2048), 0o600));
        await makeAuthority.apply(host, silent);
      },
      'update',
    ],
    [
      // The same key, under another name: nobody could follow the chain.
      'not signed by our authority',
      async (host: Host) =>
        authority(heading, {
          ...wantedAuthority,
          subject: () => ({ country: 'DE', organization: 'Other', commonName: 'x' }),
        }).apply(host, silent),
      'update',
    ],
  ])('is issued when it is %s', async (reason, damage, kind) => {
    const host = await made();
    await damage(host);
    const change = english(await makeLeaf.check(host));
    expect(change).toMatchObject({ kind, note: `/pki/leaf.cer: ${reason}`, touches: ['/pki/leaf.cer'] });
  });

  test('is issued when it lacks a name, which the plan names', async () => {
    const host = await made();
    const more = certificate(heading, { ...wanted, names: [...wanted.names, 'new.example.net', '::1'] });
    expect(english(await more.check(host))).toMatchObject({ note: '/pki/leaf.cer: lacks new.example.net, ::1' });
    const before = await serial(host, '/pki/leaf.cer');
    await more.apply({ ...host, crypto: { ...host.crypto, random: (bytes) => Buffer.alloc(bytes, 5) } }, silent);
    expect(await more.check(host)).toEqual({ kind: 'none' });
    expect(await serial(host, '/pki/leaf.cer')).not.toBe(before);
    // Fewer names than it carries are no reason to issue it again.
    expect(await makeLeaf.check(host)).toEqual({ kind: 'none' });
  });
});
