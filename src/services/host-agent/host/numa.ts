import { namesIn, readLine } from './proc.ts';

/* Processors and memory as the hardware has put them together, in /sys/devices/system/node. */

const mebi = 1024 * 1024;

export interface NumaNode {
  readonly cpus: readonly number[];
  /** In bytes. */
  readonly total: number;
  readonly free: number;
  /** How far it is to the memory of each node, in the order of their numbers; 10 is its own. */
  readonly distances: readonly number[];
  /** How many large pages there are, by their size in KiB. */
  readonly hugePages: ReadonlyMap<number, number>;
}

/** `0-3,8,10-11`. */
export const readCpuList = (text: string): readonly number[] =>
  text.split(',').flatMap((part) => {
    const [, from, to = from] = /^(\d+)(?:-(\d+))?$/.exec(part.trim()) ?? [];
    return from === undefined ? [] : Array.from({ length: Math.max(0, Number(to) - Number(from) + 1) }, (_one, at) => Number(from) + at);
  });

/** Sizes of large pages, in KiB, by the names of folders of the kernel. */
const pageSizes = (folder: string): readonly number[] => numbered(folder, /^hugepages-(\d+)kB$/);

/** Numbers in the names of a folder, in their order. */
const numbered = (folder: string, form: RegExp): readonly number[] =>
  namesIn(folder)
    .flatMap((name) => form.exec(name)?.slice(1).map(Number) ?? [])
    .sort((one, other) => one - other);

/** Those that this kernel can have. */
export const hugePageSizes = (): readonly number[] => pageSizes('/sys/kernel/mm/hugepages');

/** Nodes by their numbers; none where the kernel does not tell. */
export const numaNodes = (folder = '/sys/devices/system/node'): ReadonlyMap<number, NumaNode> =>
  new Map(numbered(folder, /^node(\d+)$/).map((number) => [number, nodeIn(`${folder}/node${number}`)]));

function nodeIn(folder: string): NumaNode {
  const read = (name: string): string => readLine(`${folder}/${name}`);
  const memory = read('meminfo');
  const bytes = (name: string): number => 1024 * Number(new RegExp(`^Node \\d+ ${name}: +(\\d+) kB$`, 'm').exec(memory)?.[1] ?? 0);
  return {
    cpus: readCpuList(read('cpulist')),
    total: bytes('MemTotal'),
    free: bytes('MemFree'),
    distances: read('distance')
      .split(' ')
      .filter((one) => one !== '')
      .map(Number),
    hugePages: new Map(
      pageSizes(`${folder}/hugepages`).map((size) => [size, Number(read(`hugepages/hugepages-${size}kB/nr_hugepages`))] as const),
    ),
  };
}

/** What capabilities tell of them. */
export function numaFields(nodes: ReadonlyMap<number, NumaNode>): Readonly<Record<string, unknown>> {
  const each = <T>(tell: (node: NumaNode) => T): Readonly<Record<string, T>> =>
    Object.fromEntries([...nodes].map(([number, node]) => [String(number), tell(node)]));
  return {
    numaNodes: each(({ cpus, total, hugePages }) => ({
      totalMemory: String(Math.floor(total / mebi)),
      cpus,
      hugepages: Object.fromEntries([...hugePages].map(([size, count]) => [String(size), { totalPages: String(count) }])),
    })),
    numaNodeDistance: each(({ distances }) => distances),
  };
}

/** What statistics tell of their memory. */
export const numaMemory = (nodes: ReadonlyMap<number, NumaNode>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    [...nodes].map(([number, { total, free }]) => [
      String(number),
      { memFree: String(Math.floor(free / mebi)), memPercent: total === 0 ? 0 : Math.round(100 - (100 * free) / total) },
    ]),
  );
