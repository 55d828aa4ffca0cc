import { type ChildProcess, spawn } from 'node:child_process';
import { lstat, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { failure } from './failures.ts';
import { chainName, type OpenImage } from './qemu-img.ts';

/** A volume as it is to be served. */
export interface NbdExport {
  /** Its path, to tell it from others. */
  readonly volume: string;
  readonly isReadOnly: boolean;
  /** Whether what is told to be zeroes gives room back. */
  readonly discards: boolean;
}

/** Servers that show what is in volumes, whatever format they have, at sockets of this host. They end with the agent. */
export interface NbdServers {
  /** Starts one, unless it is there, and returns the path of its socket. Volumes below the one that is served follow it, the lowest last. */
  start(id: string, chain: readonly OpenImage[], wanted: NbdExport): Promise<string>;
  /** One that is not there has ended. */
  stop(id: string): Promise<void>;
  stopAll(): Promise<void>;
  /** Removes sockets that an agent has left which was killed; before the first start. */
  sweep(): Promise<void>;
}

interface Server {
  readonly child: ChildProcess;
  readonly wanted: string;
  readonly gone: Promise<unknown>;
}

const mostServers = 20;
const readyWithinMs = 10_000;
const endWithinMs = 10_000;
const lastWords = 500;
/** Clients of one server at once. */
const mostClients = 8;

/**
 * Makes what starts QEMU's servers.
 * @param program path of `qemu-nbd`
 * @param place the folder of the sockets
 */
export function createNbdServers(program: string, place: string): NbdServers {
  const servers = new Map<string, Server>();
  const socketOf = (id: string): string => join(place, `${id}.sock`);

  async function stop(id: string): Promise<void> {
    const server = servers.get(id);
    servers.delete(id);
    if (server !== undefined) {
      // What clients have written is on the disk when they have flushed it; ending writes the rest.
      server.child.kill();
      const timer = setTimeout(() => server.child.kill('SIGKILL'), endWithinMs);
      await server.gone;
      clearTimeout(timer);
    }
    await rm(socketOf(id), { force: true });
  }

  async function launch(
    id: string,
    chain: readonly OpenImage[],
    { volume, isReadOnly, discards }: NbdExport,
  ): Promise<Omit<Server, 'wanted'>> {
    await mkdir(place, { recursive: true, mode: 0o700 });
    const socket = socketOf(id);
    await rm(socket, { force: true });
    const how = isReadOnly ? ['--read-only'] : discards ? ['--discard=unmap', '--detect-zeroes=unmap'] : [];
    const child = spawn(
      program,
      [
        ...[`--socket=${socket}`, '--persistent', `--shared=${mostClients}`, '--cache=writeback'],
        // It is told no names: they may lead elsewhere by now.
        ...[...how, '--', chainName(chain)],
      ],
      { cwd: '/', stdio: ['ignore', 'ignore', 'pipe', ...chain.map(({ file }) => file.fd)], env: { LC_ALL: 'C' } },
    );
    let said = '';
    const ended: { why: string | null } = { why: null };
    child.stderr?.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-lastWords)));
    const gone = new Promise<void>((resolve) => {
      const end = (why: string): void => {
        ended.why ??= why;
        if (servers.get(id)?.child === child) servers.delete(id);
        resolve();
      };
      child.on('error', (error) => end(error.message));
      child.on('close', (code) => end(said.trim() || `it ended with code ${code}`));
    });
    for (const until = performance.now() + readyWithinMs; ; await sleep(10)) {
      if (ended.why !== null) throw failure('volume', `Volume ${volume} cannot be served: ${ended.why}`);
      if (await listens(socket)) return { child, gone };
      if (performance.now() > until) {
        child.kill('SIGKILL');
        throw failure('volume', `Volume ${volume} cannot be served: its server does not answer`);
      }
    }
  }

  return {
    async start(id, chain, wanted) {
      const key = JSON.stringify(wanted);
      const known = servers.get(id);
      if (known?.wanted === key) return socketOf(id);
      if (known !== undefined) throw failure('parameter', `Server ${id} serves another volume`);
      if (servers.size >= mostServers) throw failure('volume', `There are ${mostServers} servers already`);
      servers.set(id, { ...(await launch(id, chain, wanted)), wanted: key });
      return socketOf(id);
    },
    stop,
    async stopAll() {
      await Promise.all([...servers.keys()].map(stop));
    },
    sweep: () => rm(place, { recursive: true, force: true }),
  };
}

/** Whether a server listens at a socket. It is not asked: a client that goes away at once can keep it from ending later. */
const listens = (socket: string): Promise<boolean> =>
  lstat(socket).then(
    (found) => found.isSocket(),
    () => false,
  );
