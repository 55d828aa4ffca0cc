import { byteCountOf, entriesOf, integerOf, objectOf, textOf } from '../agents/hostile.ts';
import type { RepositoryFile, Room } from './storage-records.ts';

/* What the SPM tells of a data center, which may be anything: what cannot be read is not known. */

const mostDomains = 1_000;
const mostFiles = 10_000;

/** Reads an answer to `StoragePool.getInfo`: the room of each domain that is active and can be reached. */
export function readPoolInfo(answer: unknown): ReadonlyMap<string, Room> {
  const rooms = new Map<string, Room>();
  for (const [id, domain] of entriesOf(objectOf(answer)['dominfo'], mostDomains)) {
    const total = byteCountOf(domain['disktotal']);
    const free = byteCountOf(domain['diskfree'], total ?? 0);
    if (domain['status'] === 'Active' && total !== null && free !== null) rooms.set(id, { total, free });
  }
  return rooms;
}

/** Reads an answer to `StorageDomain.getFileStats`. Names that are none are left out. */
export function readFiles(answer: unknown): readonly RepositoryFile[] {
  const files = new Map<string, RepositoryFile>();
  for (const [given, file] of entriesOf(answer, mostFiles)) {
    const name = textOf(given, 256);
    if (name === null || name !== given || name.includes('/') || file['status'] !== 0) continue;
    files.set(name, { name, size: byteCountOf(file['size']), created: integerOf(file['ctime'], 0, 8_000_000_000) });
  }
  return [...files.values()];
}
