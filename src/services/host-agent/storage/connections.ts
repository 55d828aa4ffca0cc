import { constants } from 'node:fs';
import { access, mkdir, readlink, stat, symlink, unlink } from 'node:fs/promises';
import { mountName, plainConnection } from '../../frame/mount-name.ts';
import type { Log } from '../../frame/log.ts';
import type { Params } from '../verbs.ts';
import { codes, errorCode } from './failures.ts';
import { type HelperDoor, HelperRefusal } from '../helper-door.ts';
import type { StorageSettings } from './settings.ts';

/** Kinds of storage by their numbers on the wire, those that lie in folders. */
export const storageKinds = { 1: 'NFS', 4: 'LOCALFS', 6: 'POSIXFS' } as const;
export type StorageKind = (typeof storageKinds)[keyof typeof storageKinds];

/** The kind of storage that a number stands for; undefined for those that are not served here. */
export const storageKind = (number: number): StorageKind | undefined =>
  Object.hasOwn(storageKinds, number) ? storageKinds[number as keyof typeof storageKinds] : undefined;

/** What became of one connection: 0, or the code that tells what was wrong. */
export interface ConnectionStatus {
  readonly id: string;
  readonly status: number;
}

export interface Connections {
  /** Makes storage seen on this host. */
  connect(kind: StorageKind, connections: readonly Params[]): Promise<readonly ConnectionStatus[]>;
  disconnect(kind: StorageKind, connections: readonly Params[]): Promise<readonly ConnectionStatus[]>;
}

const zeroId = '00000000-0000-0000-0000-000000000000';
const invalid = codes['connection invalid'];

/** What the agent needs of a folder to keep domains in it. */
const needed = constants.R_OK | constants.W_OK | constants.X_OK;

/** Makes what connects this host to storage. Each connection has a status of its own, so that one that fails keeps no other from working. */
export function createConnections({ localFolder }: StorageSettings, helper: Pick<HelperDoor, 'mount' | 'unmount'>, log: Log): Connections {
  const localLink = (path: string): string => `${localFolder}/${mountName(path)}`;

  const connectLocal = async (path: string): Promise<number> => {
    if (!isLocalPath(path)) return invalid;
    const status = await accessOf(path);
    if (status !== 0) return status;
    await mkdir(localFolder, { recursive: true, mode: 0o755 });
    await symlink(path, localLink(path)).catch((error: unknown) => {
      if (errorCode(error) !== 'EEXIST') throw error;
    });
    // Different paths can have one name.
    return (await readlink(localLink(path))) === path ? 0 : invalid;
  };

  const connectMount = async (kind: 'NFS' | 'POSIXFS', source: string, params: Params): Promise<number> => {
    const point = await helper.mount(source, kind === 'NFS' ? 'nfs' : fileSystemOf(params), optionsOf(kind, params));
    const status = await accessOf(point);
    // Nothing of what was just mounted is in use.
    if (status !== 0) await helper.unmount(source);
    return status;
  };

  const one = async (params: Params, what: string, work: (source: string) => Promise<number>): Promise<ConnectionStatus> => {
    const id = params.optionalText('id') ?? zeroId;
    const source = plainConnection(params.optionalText('connection') ?? '');
    try {
      const status = source === '' ? invalid : await work(source);
      if (status !== 0) log.warning(`storage not ${what}`, { source, status });
      return { id, status };
    } catch (error) {
      const status = error instanceof HelperRefusal && error.isInvalid ? invalid : codes.mount;
      log.warning(`storage not ${what}`, { source, status, reason: error instanceof Error ? error.message : String(error) });
      return { id, status };
    }
  };

  return {
    connect: (kind, connections) =>
      inSequence(connections, (params) =>
        one(params, 'connected', (source) => (kind === 'LOCALFS' ? connectLocal(source) : connectMount(kind, source, params))),
      ),
    disconnect: (kind, connections) =>
      inSequence(connections, (params) =>
        one(params, 'disconnected', async (source) => {
          if (kind !== 'LOCALFS') await helper.unmount(source);
          else if (!isLocalPath(source)) return invalid;
          else if ((await readlink(localLink(source)).catch(() => source)) !== source) return invalid;
          else
            await unlink(localLink(source)).catch((error: unknown) => {
              if (errorCode(error) !== 'ENOENT') throw error;
            });
          return 0;
        }),
      ),
  };
}

async function inSequence<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}

/** A path from the root that leads where it says. */
const isLocalPath = (path: string): boolean =>
  path.startsWith('/') &&
  path !== '/' &&
  !/\p{C}/u.test(path) &&
  Buffer.byteLength(mountName(path)) <= 255 &&
  !path.split('/').some((name) => name === '.' || name === '..');

async function accessOf(path: string): Promise<number> {
  try {
    if (!(await stat(path)).isDirectory()) return codes['connection not accessible'];
    await access(path, needed);
    return 0;
  } catch {
    return codes['connection not accessible'];
  }
}

/** `none` with the option `bind` is how mount(8) is told to show a folder at a second place. */
function fileSystemOf(params: Params): string {
  const name = params.optionalText('vfs_type') ?? '';
  return name === 'none' ? 'bind' : name;
}

/** A server that is away must not hang the agent for ever, so NFS is mounted soft unless somebody says otherwise. */
function optionsOf(kind: 'NFS' | 'POSIXFS', params: Params): string {
  const own = params.optionalText('mnt_options') ?? '';
  if (kind === 'POSIXFS') return own;
  const version = params.optionalText('protocol_version') ?? 'auto';
  const versions = version === 'auto' || version === '' ? [] : [`vers=${version}`];
  const timeout = params.optionalNumber('timeout') ?? 100;
  const retransmissions = params.optionalNumber('retrans') ?? 3;
  return ['soft', 'nosharecache', `timeo=${timeout}`, `retrans=${retransmissions}`, ...versions, ...(own === '' ? [] : [own])].join(',');
}
