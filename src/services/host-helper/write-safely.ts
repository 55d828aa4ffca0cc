import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

export interface FileForm {
  readonly mode?: number;
  /** Only root can give files to others. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  readonly encoding?: BufferEncoding;
}

/** Writes a file that is there as a whole or not at all, also when the power goes. Whoever reads all files of the folder does not see it before. */
export async function writeSafely(path: string, content: string, { mode = 0o644, owner, encoding = 'utf8' }: FileForm = {}): Promise<void> {
  const fresh = `${dirname(path)}/.${basename(path)}.new`;
  await rm(fresh, { force: true });
  const file = await open(fresh, 'wx', 0o600);
  try {
    await file.writeFile(content, encoding);
    if (owner !== undefined) await file.chown(owner.uid, owner.gid);
    // Whatever the mask of this process is: others read it.
    await file.chmod(mode);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(fresh, path);
  await keepFolder(dirname(path));
}

/** Has a change of a folder last. */
export async function keepFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
