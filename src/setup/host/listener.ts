import { readFile, readdir, readlink } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Listener } from '../kit/host.ts';
import { printable } from './printable.ts';

const absent = (): undefined => undefined;

/** How the tables of the kernel mark a socket that anybody may send to: LISTEN of TCP, and CLOSE, which for UDP means without a peer. */
const open = { tcp: '0A', udp: '07' } as const;
export type Protocol = keyof typeof open;

/** Sockets that listen on a port, as the kernel names them in /proc/PID/fd. */
export function listeningSockets(table: string, port: number, protocol: Protocol = 'tcp'): readonly string[] {
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === open[protocol] && local !== undefined && parseInt(local.split(':')[1] ?? '', 16) === port)
    .map((fields) => `socket:[${fields[9] ?? ''}]`);
}

async function holds(pid: string, sockets: ReadonlySet<string>): Promise<boolean> {
  for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
    const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(absent);
    if (target !== undefined && sockets.has(target)) return true;
  }
  return false;
}

/** A name of a program that says something: for Node its script, and for scripts of the same name the folder too. */
async function programOf(pid: string): Promise<string | undefined> {
  const executable = basename((await readlink(`/proc/${pid}/exe`).catch(absent)) ?? '');
  if (executable === 'node') {
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    const script = words.slice(1).find((word) => /\.[cm]?[jt]s$/.test(word));
    if (script !== undefined)
      return printable(/^(main|index|server)\./.test(basename(script)) ? basename(dirname(script)) : basename(script));
  }
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(absent);
  return name === undefined ? undefined : printable(executable === 'node' ? executable : name.trim());
}

/** Who listens on a port of this host. */
export async function findListener(port: number, protocol: Protocol = 'tcp'): Promise<Listener | undefined> {
  const tables = await Promise.all([protocol, `${protocol}6`].map((name) => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')));
  const sockets = new Set(tables.flatMap((table) => listeningSockets(table, port, protocol)));
  if (sockets.size === 0) return undefined;
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  // The oldest process comes first: children that inherited the socket have higher numbers.
  for (const pid of pids.sort((a, b) => Number(a) - Number(b))) {
    if (!(await holds(pid, sockets))) continue;
    const program = await programOf(pid);
    return { pid: Number(pid), ...(program === undefined ? {} : { program }) };
  }
  return {};
}
