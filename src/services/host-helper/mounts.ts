import { constants } from 'node:fs';
import { lstat, mkdir, open, readFile, readdir, realpath, rmdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { inTurns } from '../frame/in-turn.ts';
import type { Mount } from './mount-request.ts';
import { Refusal } from './refusal.ts';
import type { Run } from './run.ts';
import type { Settings } from './settings.ts';

const sticky = 0o1000;

export interface Mounts {
  /** Mounts unless it is mounted there already. */
  mount(mount: Mount): Promise<void>;
  /** Unmounts what is at a folder, and removes the folder; nothing happens where nothing is. */
  unmount(point: string): Promise<void>;
}

/**
 * Mounts and unmounts. systemd does it as it does all mounts of the host, so they are in its own view of the file system, outlive the helper,
 * and the helper itself needs no right to mount.
 */
export function createMounts({ agent, mountFolder, systemdMount, mountSeconds }: Settings, run: Run): Mounts {
  /** One after the other: two connections to one source would find each other half done. */
  const inTurn = inTurns();

  const makePoint = async (point: string): Promise<void> => {
    // Whoever could put something else in its place could have anything mounted over. In a folder with the sticky bit nobody can.
    for (const [folder, allowed] of [
      [mountFolder, 0],
      [dirname(mountFolder), sticky],
    ] as const) {
      const { uid, mode } = await lstat(folder);
      if (uid !== 0 || ((mode & 0o022) !== 0 && (mode & allowed) === 0))
        throw new Refusal(500, `${folder} must be owned by root, and nobody else may write to it`);
    }
    await mkdir(point, { mode: 0o755 }).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    });
    if (!(await lstat(point)).isDirectory()) throw new Refusal(409, `${point} is in the way: it is not a folder`);
  };

  return {
    mount: ({ source, origin, type, options, point }) =>
      inTurn(async () => {
        const present = await mountedAt(point);
        if (present !== null) {
          if (!(await isSame(present, { source, origin, point })))
            throw new Refusal(409, `Something else is mounted at ${point}: ${present}`);
          return;
        }
        await checkSource(source, origin);
        if (origin === 'device') await refuseOwn(source, mountFolder);
        await makePoint(point);
        try {
          // Whoever asks waits for it; systemd gives up by itself, and says why in the journal.
          await run(systemdMount, [
            ...['--quiet', '--no-ask-password', '--fsck=no', '--collect', `--type=${type}`, `--options=${options}`],
            ...[`--property=TimeoutSec=${mountSeconds}`, '--', source, point],
          ]);
        } catch (error) {
          await rmdir(point).catch(() => undefined);
          throw new Refusal(500, `${source} cannot be mounted at ${point}; the journal of the host says why`, error);
        }
        // A file system that was just made belongs to root. What is a folder of this host is for the administrator to give away.
        // One that holds something already is somebody's.
        if (origin !== 'folder' && (await isFresh(point))) await own(point, agent);
      }),
    unmount: (point) =>
      inTurn(async () => {
        if ((await mountedAt(point)) !== null) {
          try {
            await run(systemdMount, ['--umount', '--quiet', '--no-ask-password', '--', point]);
          } catch (error) {
            throw new Refusal(409, `${point} cannot be unmounted: something uses it`, error);
          }
        }
        await rmdir(point).catch((error: unknown) => {
          if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        });
      }),
  };
}

/** Throws Refusal where a source on this host is not what it should be, or is reached through a link. */
async function checkSource(source: string, origin: Mount['origin']): Promise<void> {
  if (origin === 'network') return;
  const [what, real] = await Promise.all([stat(source), realpath(source)]).catch((error: unknown) => {
    throw new Refusal(400, `${source} is not there`, error);
  });
  if (origin === 'device' && !what.isBlockDevice()) throw new Refusal(400, `${source} is not a block device`);
  if (origin === 'folder' && (!what.isDirectory() || real !== source))
    throw new Refusal(400, `${source} is not a folder, or a link leads there`);
}

/**
 * Whether what is mounted is what is asked for. Different sources can have one name for their folder, and a device is in the table of mounts by
 * the name that the kernel has for it.
 */
async function isSame(present: string, { source, origin, point }: Pick<Mount, 'source' | 'origin' | 'point'>): Promise<boolean> {
  if (present === source || origin === 'network') return present === source;
  const [there, here] = await Promise.all([stat(source), stat(point)]);
  return origin === 'device' ? there.rdev === here.dev : there.dev === here.dev && there.ino === here.ino;
}

/** Throws Refusal where the host itself uses a device: its root, say, would be seen, and changed, at a second place. */
async function refuseOwn(source: string, mountFolder: string): Promise<void> {
  const { rdev } = await stat(source);
  for (const { at } of await mountTable()) {
    if (at.startsWith(`${mountFolder}/`)) continue;
    const mounted = await stat(at).catch(() => null);
    if (mounted?.dev === rdev) throw new Refusal(409, `${source} is in use: the host has it mounted at ${at}`);
  }
}

/** Whether nobody has put anything into a file system yet. */
const isFresh = async (point: string): Promise<boolean> => (await readdir(point)).every((name) => name === 'lost+found');

/** Gives the root of what is mounted to the agent, where root has it and the server lets root do so. */
async function own(point: string, { uid, gid }: Settings['agent']): Promise<void> {
  const folder = await open(point, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    if ((await folder.stat()).uid !== 0) return;
    await folder.chown(uid, gid);
  } catch (error) {
    // Servers of NFS take root for nobody; then the owner has been set there, or the agent says that it may not write.
    if (!['EPERM', 'EROFS', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    await folder.close();
  }
}

/** What is mounted at a folder, as the table of mounts has it; null if nothing is. */
const mountedAt = async (point: string): Promise<string | null> => (await mountTable()).find(({ at }) => at === point)?.source ?? null;

/** The table of mounts. */
async function mountTable(): Promise<readonly { readonly at: string; readonly source: string }[]> {
  return (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    // proc(5): blanks and backslashes are written in octal. Neither is in a name of ours.
    const at = before.split(' ')[4];
    return at === undefined
      ? []
      : { at: at.replace(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(parseInt(code, 8))), source: after.split(' ')[1] ?? '' };
  });
}
