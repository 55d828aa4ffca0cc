import { lstat, realpath } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import { VerbFailure } from '../verbs.ts';
import { codes } from './codes.ts';

const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const form = new RegExp(`^(/.*/${uuid})/images/(${uuid}/[^/]+)$`);

/**
 * Checks that a path names a volume, or a file of an ISO domain, and gives its place without links. Whoever can write to storage must not be
 * able to have a machine open another file of this host: so nothing below the storage domain may be a link.
 * @param folders where storage domains are mounted or linked
 * @throws VerbFailure (13)
 */
export async function imagePath(path: string, folders: readonly string[]): Promise<string> {
  const fail = (why: string): never => {
    throw new VerbFailure(codes.imageNotFound, `${path} ${why}`);
  };
  const [, domain, image] = form.exec(path) ?? fail('is not the path of an image in a storage domain');
  if (domain === undefined || image === undefined || normalize(path) !== path)
    return fail('is not the path of an image in a storage domain');
  if (!folders.some((folder) => path.startsWith(`${folder}/`))) return fail(`does not lie in ${folders.join(' or ')}`);
  const place = await realpath(domain).catch(() => fail('is not there'));
  const wanted = join(place, 'images', image);
  const real = await realpath(path).catch(() => fail('is not there'));
  if (real !== wanted) return fail('is a link');
  if (!(await lstat(real)).isFile()) return fail('is not a file');
  return real;
}
