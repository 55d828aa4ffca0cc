import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createHostStatistics } from '../../../../../src/services/host-agent/host/statistics.ts';
import { hostVerbs } from '../../../../../src/services/host-agent/host/verbs.ts';
import { type Call, readParams } from '../../../../../src/services/host-agent/verbs.ts';

const threads = Number(process.env['UV_THREADPOOL_SIZE'] ?? 4);
const call: Call = { flowId: undefined, signal: new AbortController().signal, localAddress: undefined };
let folder: string;
let hanging: readonly Promise<FileHandle>[];

/** Nobody ever opens the other end of the pipe: so each thread waits as for storage that is away. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hanging-storage-'));
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  hanging = Array.from({ length: threads }, () => open(join(folder, 'pipe')));
});
afterEach(async () => {
  const end = openSync(join(folder, 'pipe'), constants.O_RDWR);
  for (const file of await Promise.all(hanging)) await file.close();
  closeSync(end);
  rmSync(folder, { recursive: true });
});

test('a host tells how it does, and what it is, while all threads wait for storage that hangs', async () => {
  const verbs = hostVerbs({
    version: '1',
    facts: () => ({ uuid: '', machines: [], models: [], displays: [], packages: { qemu: '', libvirt: '' }, levels: [] }),
    kvm: () => false,
    vncEncrypted: false,
    networkChanges: folder,
    statistics: createHostStatistics({ clock: () => 0, now: () => 0 }),
    count: () => ({ all: 0, active: 0 }),
    storageDomains: () => ({}),
  });
  let isFree = false;
  void stat(folder).then(() => (isFree = true));
  expect(await verbs['Host.getStats']?.(readParams({}), call)).toMatchObject({ netConfigDirty: 'False', thpState: expect.any(String) });
  expect(await verbs['Host.getCapabilities']?.(readParams({}), call)).toMatchObject({ netConfigDirty: 'False' });
  expect(await verbs['Host.getHardwareInfo']?.(readParams({}), call)).toMatchObject({ systemUUID: '' });
  expect(isFree).toBe(false);
});
