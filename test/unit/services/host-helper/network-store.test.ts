import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { networkStore } from '../../../../src/services/host-helper/network-store.ts';

const [netdev, network, port] = ['05-ovirt-a.netdev', '05-ovirt-a.network', '05-ovirt-a.port.network'] as const;
let folder: string;
const place = () => ({ committed: join(folder, 'committed'), current: join(folder, 'current') });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'networks-'));
  await mkdir(place().committed);
  await writeFile(join(place().committed, '10-other.network'), 'of somebody else');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const change = (content: string | null) => new Map([netdev, network, port].map((file) => [file, content]));

test('what is changed holds, and is committed as a whole', async () => {
  const store = networkStore(place());
  await store.change(change('one'));
  expect(await store.holds(port)).toBe('one');
  expect(await store.committed()).toEqual(new Set());
  expect((await stat(join(place().current, port))).mode & 0o777).toBe(0o644);
  await store.commit();
  expect(await store.changed()).toEqual([]);
  expect(await readdir(place().committed)).toEqual([netdev, network, port, '10-other.network']);
  expect(await readFile(join(place().committed, port), 'utf8')).toBe('one');
});

test('what is committed is hidden by a change until that is committed, or gone', async () => {
  const store = networkStore(place());
  await store.change(change('one'));
  await store.commit();
  await store.change(change(null));
  expect(await store.holds(port)).toBeUndefined();
  // A start of the host forgets it.
  await rm(place().current, { recursive: true });
  expect(await store.holds(port)).toBe('one');
  await store.change(change('two'));
  await store.change(change(null));
  await store.commit();
  expect(await store.holds(port)).toBeUndefined();
  expect(await readdir(place().committed)).toEqual(['10-other.network']);
  await store.commit();
});
