import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode, failure } from './failures.ts';
import type { HeldLease, Holder, LeasePlaces, Leases } from './leases.ts';
import type { StorageSettings } from './settings.ts';

/*
 * Leases by sanlock, the lock manager for shared storage that the original has, too: a number for each host, renewed by its daemon, and on top of that
 * Disk Paxos. The daemon releases a lease when the process ends that it is registered for, and ends that process when it can no longer renew. That
 * process is one of our own that does nothing but wait for the agent to go: so the lease ends with the agent, however that ends, and the agent
 * hears of it when the lease is lost, and lives on. A daemon that dies ends nothing, and nobody renews any more: a connection to it tells.
 */

/** The name that VDSM gives to the lease of the role, and where in the file of leases it has it. */
const role = { name: 'SDM', offset: 1024 * 1024 };
/** Waits for its input to end, which is when whoever started it lets go. */
const waiting = '/bin/cat';
const heldWithinMs = 60_000;
const pollMs = 50;
const freeTries = 40;
/** What sanlock says of a number that this host has already, and of a host that has another one there. */
const alreadyJoined = /done -17\b/;
const joinedOtherwise = /done -22\b/;
/** The same of a number that this host does not have, and of a daemon that is not there: then it has none. */
const notJoined = /done -(?:2|111)\b/;

const space = ({ domain, ids }: Pick<LeasePlaces, 'domain' | 'ids'>, hostId: number): string => `${domain}:${hostId}:${escape(ids)}:0`;
const resource = ({ domain, leases }: LeasePlaces): string => `${domain}:${role.name}:${escape(leases)}:${role.offset}`;
/** A colon separates the parts of what sanlock is told, unless a backslash stands before it. */
const escape = (path: string): string => path.replaceAll(':', '\\:');

/** Makes leases by the sanlock daemon of this host, which the account of the agent must be allowed to ask (its group). */
export function sanlockLeases({
  sanlock,
  sanlockSocket,
  leaseIoSeconds,
}: Pick<StorageSettings, 'sanlock' | 'sanlockSocket' | 'leaseIoSeconds'>): Leases {
  const run = (args: readonly string[], signal?: AbortSignal): Promise<string> =>
    new Promise((resolve, reject) => {
      execFile(sanlock, args, { env: { LC_ALL: 'C' }, maxBuffer: 4 * 2 ** 20, ...(signal ? { signal } : {}) }, (error, out, said) => {
        // It tells on its standard output what it was refused, and ends with 1.
        if (error === null) resolve(out);
        else reject(new Error(`${out} ${said}`.trim().replaceAll('\n', ' ') || error.message, { cause: error }));
      });
    });

  const readVersion = async (places: LeasePlaces): Promise<number> => (await readLeader(run, places)).version;

  const add = async (places: LeasePlaces, hostId: number, signal: AbortSignal): Promise<void> => {
    try {
      await run(['client', 'add_lockspace', '-s', space(places, hostId), '-o', String(leaseIoSeconds)], signal);
    } catch (error) {
      if (!(error instanceof Error && alreadyJoined.test(error.message))) throw error;
    }
  };
  /** Gives numbers back that this host has among the hosts of domains. */
  const leaveThose = async (isWanted: (held: { readonly domain: string; readonly hostId: number }) => boolean): Promise<void> => {
    for (const [, domain = '', id, ids = ''] of (await run(['client', 'gets'])).matchAll(/^s ([^:\n]+):(\d+):(.+):0\b/gm)) {
      const hostId = Number(id);
      if (isWanted({ domain, hostId })) await run(['client', 'rem_lockspace', '-s', space({ domain, ids }, hostId)]);
    }
  };

  return {
    async format(places) {
      await run(['direct', 'init', '-s', space(places, 0)]);
      await run(['direct', 'init', '-r', resource(places)]);
    },
    async join(places, hostId, signal) {
      try {
        await add(places, hostId, signal).catch(async (error: unknown) => {
          // Numbers outlive the agent: one that was killed while it made a pool, or gets another number, would be kept out by its own.
          if (!(error instanceof Error && joinedOtherwise.test(error.message))) throw error;
          await leaveThose(({ domain }) => domain === places.domain);
          await add(places, hostId, signal);
        });
      } catch (error) {
        const why = 'another host has it, or the sanlock service of this host is not running or cannot reach the storage';
        throw failure('host id', `Host id ${hostId} cannot be taken in domain ${places.domain}: ${why}`, error);
      }
    },
    async leave(places, hostId) {
      try {
        await run(['client', 'rem_lockspace', '-s', space(places, hostId)]);
      } catch (error) {
        if (!(error instanceof Error && notJoined.test(error.message))) throw error;
      }
    },
    leaveEverywhere: (number) => leaveThose(({ hostId }) => hostId === number),
    async acquire(places) {
      const daemon = await reach(sanlockSocket);
      const holder = spawn(sanlock, ['client', 'command', '-r', resource(places), '-c', waiting], {
        stdio: ['pipe', 'ignore', 'ignore'],
        env: { LC_ALL: 'C' },
      });
      // It may be gone before it is told to go.
      holder.stdin.on('error', () => undefined);
      daemon.once('close', () => holder.kill('SIGKILL'));
      const ended = once(holder, 'close').then(
        () => undefined,
        () => undefined,
      );
      void ended.then(() => daemon.destroy());
      if (!(await hasBegun(holder, ended)))
        throw failure(
          'lease',
          `Another host has the role of the SPM on domain ${places.domain}, or this host is not known to sanlock there`,
        );
      try {
        const version = await readVersion(places);
        const isFree = (): Promise<boolean> =>
          readLeader(run, places).then(
            (now) => now.hostId === -1 || now.version !== version,
            () => true,
          );
        return heldBy(holder, ended, version, isFree);
      } catch (error) {
        // A lease that nobody knows of could be given back by nobody.
        holder.stdin.end();
        await ended;
        throw error;
      }
    },
    async holder(places): Promise<Holder> {
      return readLeader(run, places);
    },
  };
}

/** Connects to the daemon, and says nothing: the connection ends with it. Throws VerbFailure (651). */
async function reach(path: string): Promise<Socket> {
  const daemon = connect({ path });
  try {
    await once(daemon, 'connect');
  } catch (error) {
    throw failure('lease', `The sanlock service of this host does not answer at ${path}: is it running?`, error);
  }
  // It ends, whatever the reason; what the daemon may say is of no interest.
  daemon.on('error', () => undefined).resume();
  return daemon;
}

/** Waits until sanlock has become the program that waits, which it does when it has the lease; or until it has ended. */
async function hasBegun(holder: ChildProcess, ended: Promise<void>): Promise<boolean> {
  let over = false;
  void ended.then(() => (over = true));
  const deadline = performance.now() + heldWithinMs;
  while (!isOver(over)) {
    if (programOf(holder) === waiting) return true;
    if (performance.now() > deadline) {
      holder.kill('SIGKILL');
      return false;
    }
    await sleep(pollMs);
  }
  return false;
}

// The compiler does not see that it changes meanwhile.
const isOver = (over: boolean): boolean => over;

/** What a process runs by now: the first of its arguments; undefined once it has ended. */
function programOf({ pid }: ChildProcess): string | undefined {
  try {
    return readFileSync(`/proc/${pid ?? 0}/cmdline`, 'latin1').split('\0', 1)[0] || undefined;
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ESRCH') return undefined;
    throw error;
  }
}

/** @param isFree whether the storage says that the lease was given back */
function heldBy(holder: ChildProcess, ended: Promise<void>, version: number, isFree: () => Promise<boolean>): HeldLease {
  return {
    version,
    // A process that was killed has no arguments any more from that moment on, even before anybody hears of its end.
    isHeld: () => programOf(holder) === waiting,
    lost: ended,
    async release() {
      holder.stdin?.end();
      await ended;
      // The daemon hears of it a moment later, and until then nobody could take it.
      for (let at = 0; at < freeTries && !(await isFree()); at++) await sleep(pollMs);
    },
  };
}

/** Who has the lease as the storage says; a time of 0 there means that it was given back. */
async function readLeader(run: (args: readonly string[]) => Promise<string>, places: LeasePlaces): Promise<Holder> {
  const text = await run(['direct', 'read_leader', '-r', resource(places)]);
  const number = (name: string): number => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
  return { hostId: number('timestamp') === 0 ? -1 : number('owner_id'), version: number('lver') };
}
