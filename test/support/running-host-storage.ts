import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { testLeases, type TestLeases, testStorage, type TestStorage } from './host-storage.ts';
import { there } from './there.ts';

/** A host with storage of its own, and leases that it can share with others, for each test of the file. */
export interface HostStorageTests {
  /** For all files of the test. */
  readonly folder: string;
  readonly leases: TestLeases;
  readonly host: TestStorage;
}

export function useHostStorage(): HostStorageTests {
  let made: HostStorageTests | undefined;
  beforeEach(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'host-storage-'));
    const leases = testLeases();
    made = { folder, leases, host: await testStorage(join(folder, 'a'), leases.of()) };
  });
  afterEach(async () => {
    const { folder, host } = there(made);
    await host.part.stop?.();
    await rm(folder, { recursive: true, force: true });
  });
  return {
    get folder() {
      return there(made).folder;
    },
    get leases() {
      return there(made).leases;
    },
    get host() {
      return there(made).host;
    },
  };
}
