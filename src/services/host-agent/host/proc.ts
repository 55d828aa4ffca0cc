import { existsSync, readFileSync, readdirSync } from 'node:fs';

/*
 * What the kernel tells in /proc and /sys. It is there at once, and read without the threads of the runtime: those may all be waiting for storage that
 * hangs, and how this host does is to be told all the same.
 */

/** The text of a file of the kernel without the line end; empty where it cannot be read. */
export function readLine(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

/** The names in a folder; none where it cannot be read. */
export function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

export const exists = (path: string): boolean => existsSync(path);

/** `/proc/meminfo`, in bytes. */
export const readMemory = (text: string): ReadonlyMap<string, number> =>
  new Map([...text.matchAll(/^([\w()]+): +(\d+) kB$/gm)].map(([, name = '', count]) => [name, Number(count) * 1024]));

/** Times of a processor since the machine has started, in ticks of 10 ms. */
export interface CpuTimes {
  readonly user: number;
  readonly system: number;
  readonly idle: number;
  readonly all: number;
}

/** `/proc/stat`: of each processor by its number, and of all together by the empty name. */
export function readCpuTimes(text: string): ReadonlyMap<string, CpuTimes> {
  const found = [...text.matchAll(/^cpu(\d*) +([\d ]+)$/gm)].map(([, name = '', counts = '']) => {
    const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, ...rest] = counts.split(' ').map(Number);
    // Times of guests are among those of users already.
    const more = rest.slice(0, 3).reduce((sum, one) => sum + one, 0);
    return [name, { user: user + nice, system: system + more, idle: idle + wait, all: user + nice + system + idle + wait + more }] as const;
  });
  return new Map(found);
}

/** Counters of a network device since it is there. */
export interface Traffic {
  readonly rx: number;
  readonly rxErrors: number;
  readonly rxDropped: number;
  readonly tx: number;
  readonly txErrors: number;
  readonly txDropped: number;
}

/** `/proc/net/dev`. */
export function readTraffic(text: string): ReadonlyMap<string, Traffic> {
  const found = [...text.matchAll(/^ *([^\s:]+): *([\d ]+)$/gm)].map(([, name = '', counts = '']) => {
    const count = counts.split(/ +/).map(Number);
    const [rx = 0, , rxErrors = 0, rxDropped = 0] = count;
    const [tx = 0, , txErrors = 0, txDropped = 0] = count.slice(8);
    return [name, { rx, rxErrors, rxDropped, tx, txErrors, txDropped }] as const;
  });
  return new Map(found);
}

/** What `/proc/cpuinfo` tells of a machine's processors. */
export interface Processors {
  readonly model: string;
  readonly megahertz: string;
  readonly flags: readonly string[];
  readonly sockets: number;
  readonly cores: number;
  readonly online: readonly number[];
}

/** `/proc/cpuinfo`. */
export function readProcessors(text: string): Processors {
  const blocks = text
    .split(/\n\s*\n/)
    .map((block) => new Map([...block.matchAll(/^([^\t:]+?)\s*:[ \t]*(.*)$/gm)].map(([, key = '', value = '']) => [key, value])));
  const processors = blocks.filter((block) => block.has('processor'));
  const [first] = processors;
  const socketOf = (block: ReadonlyMap<string, string>): string => block.get('physical id') ?? '0';
  const coreOf = (block: ReadonlyMap<string, string>): string =>
    `${socketOf(block)}/${block.get('core id') ?? block.get('processor') ?? ''}`;
  return {
    model: first?.get('model name') ?? '',
    megahertz: first?.get('cpu MHz') ?? '0',
    flags: (first?.get('flags') ?? '').split(' ').filter((flag) => flag !== ''),
    sockets: new Set(processors.map(socketOf)).size,
    cores: new Set(processors.map(coreOf)).size,
    online: processors.map((block) => Number(block.get('processor'))),
  };
}

/** `/etc/os-release`. */
export const readRelease = (text: string): ReadonlyMap<string, string> =>
  new Map([...text.matchAll(/^([A-Z_]+)=["']?(.*?)["']?$/gm)].map(([, key = '', value = '']) => [key, value]));
