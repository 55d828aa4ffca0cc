import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { type Entry, file } from '#kit';
import { memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { keys } from '../../../../src/setup/steps/keys.ts';

const wanted = { path: '/etc/pki/x.key', bits: 2048, mode: 0o600, owner: 'root', group: 'root' };
const step = keys({ id: 'k', chapter: 'pki.authority', title: 'Keys' }, [wanted]);
const pem = generateKeyPairSync('rsa', {
  modulusLength: 1024,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
}).privateKey;
const silent = (): undefined => undefined;

test('a key that is missing, or cannot be read, is made', async () => {
  const host = memoryHost(newMachine());
  for (const lost of [undefined, file('no key', 0o600, 'root', 'root')]) {
    if (lost !== undefined) host.machine.disk.set(wanted.path, lost);
    expect(await step.check(host)).toEqual({ kind: 'create', note: wanted.path, touches: [wanted.path] });
    await step.apply(host, silent);
    expect(host.machine.disk.get(wanted.path)).toMatchObject({ kind: 'file', mode: 0o600 });
    expect(await step.check(host)).toEqual({ kind: 'none' });
  }
});

test.each([
  ['mode', file(pem, 0o644, 'root', 'root')],
  ['owner', file(pem, 0o600, 'daemon', 'root')],
  ['group', file(pem, 0o600, 'root', 'daemon')],
])('a key of another %s stays the key that it is, and is no longer open to others', async (_, found) => {
  const host = memoryHost(newMachine());
  const written: Entry[] = [];
  const { write } = host.files;
  // The disk in memory has no owners.
  const watched = { ...host, files: { ...host.files, write: (path: string, entry: Entry) => (written.push(entry), write(path, entry)) } };
  host.machine.disk.set(wanted.path, found);
  expect(await step.check(host)).toEqual({ kind: 'update', note: wanted.path, touches: [wanted.path] });
  await step.apply(watched, silent);
  expect(host.machine.disk.get(wanted.path)).toMatchObject({ kind: 'file', content: Buffer.from(pem), mode: 0o600 });
  expect(written).toEqual([{ ...found, mode: 0o600, owner: 'root', group: 'root' }]);
  expect(await step.check(host)).toEqual({ kind: 'none' });
});
