import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { numaFields, numaMemory, numaNodes, readCpuList } from '../../../../../src/services/host-agent/host/numa.ts';

describe('nodes of processors and memory', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'node-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('are told with their processors, memory, large pages and distances', async () => {
    // In the order of numbers, not of names.
    for (const [number, cpus, distance] of [
      [0, '0-1,8', '10 21'],
      [10, '2-3', '21 10'],
    ] as const) {
      const node = join(folder, `node${number}`);
      await mkdir(join(node, 'hugepages/hugepages-2048kB'), { recursive: true });
      await writeFile(join(node, 'cpulist'), `${cpus}\n`);
      await writeFile(join(node, 'distance'), `${distance}\n`);
      await writeFile(join(node, 'hugepages/hugepages-2048kB/nr_hugepages'), '7\n');
      await writeFile(join(node, 'meminfo'), `Node ${number} MemTotal:       8388608 kB\nNode ${number} MemFree:        2097152 kB\n`);
    }
    await writeFile(join(folder, 'online'), '0,10\n');
    const nodes = numaNodes(folder);
    const hugepages = { '2048': { totalPages: '7' } };
    expect(numaFields(nodes)).toEqual({
      numaNodes: {
        '0': { totalMemory: '8192', cpus: [0, 1, 8], hugepages },
        '10': { totalMemory: '8192', cpus: [2, 3], hugepages },
      },
      numaNodeDistance: { '0': [10, 21], '10': [21, 10] },
    });
    expect(numaMemory(nodes)).toEqual({ '0': { memFree: '2048', memPercent: 75 }, '10': { memFree: '2048', memPercent: 75 } });
  });

  test('are none where the kernel tells of none', () => {
    expect(numaFields(numaNodes(join(folder, 'none')))).toEqual({ numaNodes: {}, numaNodeDistance: {} });
    expect(['', '3', '0-2,x,9-8'].map(readCpuList)).toEqual([[], [3], [0, 1, 2]]);
  });
});
