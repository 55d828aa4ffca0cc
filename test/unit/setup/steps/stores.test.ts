import { expect, test } from 'vitest';
import { type Entry, type Host, file, textOf } from '#kit';
import { memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { privateKey } from '../../../../src/setup/host/memory/private-keys.ts';
import { issueAuthority } from '../../../../src/setup/pki/issue.ts';
import { storeHolds } from '../../../../src/setup/pki/store.ts';
import { stores } from '../../../../src/setup/steps/stores.ts';

const silent = (): undefined => undefined;
const heading = { id: 's', chapter: 'pki.certificates', title: 'Stores' } as const;
const [keyed, trusting] = ['/pki/x.p12', '/pki/.truststore'];
const wanted = [
  { path: keyed, certificate: '/pki/x.cer', holds: { key: '/pki/x.key' }, mode: 0o600, owner: 'ovirt' },
  { path: trusting, certificate: '/pki/x.cer', holds: { trustedAs: 'cacert' }, mode: 0o644 },
];
const step = stores(heading, 'canary-Truhe', wanted);

const certificate = (host: Host, days = 10): string =>
  issueAuthority({
    subject: { country: 'DE', organization: 'x', commonName: 'x' },
    key: privateKey(1024),
    serial: Buffer.alloc(16, days),
    now: host.now(),
    days,
  });

async function made(): Promise<ReturnType<typeof memoryHost>> {
  const host = memoryHost(newMachine());
  await host.files.write('/pki/x.key', file(privateKey(1024), 0o600));
  await host.files.write('/pki/x.cer', file(certificate(host), 0o644));
  expect(await step.check(host)).toEqual({ kind: 'create', note: `${keyed} ${trusting}`, touches: [keyed, trusting] });
  await step.apply(host, silent);
  expect(await step.check(host)).toEqual({ kind: 'none' });
  return host;
}
const holds = async (host: Host, path: string, word: string, pem = certificate(host)): Promise<boolean> => {
  const found = await host.files.read(path);
  const contents = path === keyed ? { certificate: pem, key: privateKey(1024) } : { certificate: pem, trustedAs: 'cacert' };
  return found?.kind === 'file' && storeHolds(found.content, contents, word, host.crypto);
};

test('stores are made with what they follow in them, each with its rights', async () => {
  const host = await made();
  for (const path of [keyed, trusting]) expect(await holds(host, path, 'canary-Truhe')).toBe(true);
  expect([host.machine.disk.get(keyed), host.machine.disk.get(trusting)]).toMatchObject([{ mode: 0o600 }, { mode: 0o644 }]);
});

test('a store that holds the same stays to the very bytes, whatever salt is at hand', async () => {
  const host = await made();
  const before = host.machine.disk.get(keyed);
  const salted = { ...host, crypto: { ...host.crypto, random: (bytes: number) => Buffer.alloc(bytes, 9) } };
  await step.apply(salted, silent);
  expect(host.machine.disk.get(keyed)).toBe(before);
});

const damages: readonly (readonly [string, readonly string[], (host: Host) => Promise<void>])[] = [
  ['damaged', [keyed], (host) => host.files.write(keyed, file('no store', 0o600))],
  ['missing', [trusting], (host) => host.files.remove(trusting)],
  ['a link', [trusting], (host) => host.files.write(trusting, { kind: 'link', target: 'x.p12' })],
  [
    'open to others',
    [keyed],
    async (host) => host.files.write(keyed, { ...((await host.files.read(keyed)) as Entry & { kind: 'file' }), mode: 0o644 }),
  ],
  ['of another certificate', [keyed, trusting], (host) => host.files.write('/pki/x.cer', file(certificate(host, 20), 0o644))],
  ['of another key', [keyed], (host) => host.files.write('/pki/x.key', file(privateKey(768), 0o600))],
];
test.each(damages)('a store that is %s is made anew, and no other', async (_, touched, damage) => {
  const host = await made();
  await damage(host);
  const before = [...host.machine.disk];
  expect(await step.check(host)).toMatchObject({ touches: touched });
  await step.apply(host, silent);
  expect(await step.check(host)).toEqual({ kind: 'none' });
  const changed = before.filter(([path, entry]) => host.machine.disk.get(path) !== entry).map(([path]) => path);
  expect(touched).toEqual(expect.arrayContaining(changed));
  expect(await holds(host, trusting, 'canary-Truhe', textOf(await host.files.read('/pki/x.cer')))).toBe(true);
});

test('another password closes all of them anew, and shows in no plan', async () => {
  const host = await made();
  const other = stores(heading, 'canary-Kiste', wanted);
  const change = await other.check(host);
  expect(change).toMatchObject({ kind: 'update', touches: [keyed, trusting] });
  expect(JSON.stringify(change)).not.toContain('canary');
  await other.apply(host, silent);
  expect(await holds(host, keyed, 'canary-Kiste')).toBe(true);
  expect(await holds(host, keyed, 'canary-Truhe')).toBe(false);
});

test('without what they follow no store can be made, and the look says so without a word of complaint', async () => {
  const host = await made();
  await host.files.remove('/pki/x.key');
  expect(await step.check(host)).toEqual({ kind: 'update', note: keyed, touches: [keyed] });
  await expect(step.apply(host, silent)).rejects.toThrow('/pki/x.p12: the certificate or its key is not there');
  expect(await holds(host, keyed, 'canary-Truhe')).toBe(true);
});
