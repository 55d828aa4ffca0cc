import { createReadStream } from 'node:fs';
import { access, type FileHandle, open, readdir, rename, rm, statfs } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Problem } from '../tool.ts';
import { fileMode, flaws, isoFolder, owner, type Wanted } from './copy.ts';
import { counting } from './source.ts';

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** The folder for the files of a domain on this host; null where it is not here. */
export async function folderHere({ path, id }: Wanted['place']): Promise<string | null> {
  const ids = id === null ? await readdir(path).catch(() => []) : [id];
  const found: string[] = [];
  for (const one of ids) if (await exists(join(path, one, 'images', isoFolder))) found.push(join(path, one, 'images', isoFolder));
  return found.length === 1 ? (found[0] ?? null) : null;
}

/** Fills a new file, and gives it to whom it belongs. Throws a Problem. */
async function fill(file: FileHandle, wanted: Wanted): Promise<void> {
  const { source, passed } = wanted;
  await pipeline(createReadStream(source.path), counting(passed), (bytes) => file.writeFile(bytes));
  if ((await file.stat()).size !== source.size) throw flaws.incomplete(wanted);
  await file.chmod(fileMode);
  // Only root may give files away.
  if (userInfo().uid === 0) await file.chown(owner.user, owner.group);
  await file.sync();
}

/** Copies a file on this host. Under its name it is there as a whole, or not at all. Throws a Problem. */
export async function copyHere(wanted: Wanted): Promise<void> {
  const { source, place, force } = wanted;
  const folder = await folderHere(place);
  if (folder === null) throw flaws.noFolder(wanted);
  const [target, fresh] = [join(folder, source.name), join(folder, `.${source.name}`)];
  if (!force && (await exists(target))) throw flaws.exists(wanted);
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < source.size) throw flaws.noSpace(wanted);
  try {
    // The folder belongs to others: what is there by that name may be a link to something that only root can write.
    await rm(fresh, { force: true });
    const file = await open(fresh, 'wx', fileMode);
    try {
      await fill(file, wanted);
    } finally {
      await file.close();
    }
    await rename(fresh, target);
  } catch (error) {
    await rm(fresh, { force: true }).catch(() => undefined);
    if (error instanceof Problem) throw error;
    throw new Problem(`${source.name} cannot be copied to ${folder} (${(error as NodeJS.ErrnoException).code ?? 'unknown error'}).`);
  }
}
