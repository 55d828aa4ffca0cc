import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../../../frame/database.ts';
import { diskStatuses } from '../../../disks/disk-status.ts';
import { contentTypes } from '../../../disks/disk-words.ts';
import { Refusal } from '../../../http/refusal.ts';
import { domainTypes } from '../../../storage/storage-kinds.ts';
import { storageStatusNumber } from '../../../storage/storage-status.ts';
import { type Collection, reference } from '../collection.ts';

/** ISO files: those of ISO domains as a host listed them last, and disks on domains for data that hold one. */
const files = `(select repo_domain_id as domain_id, repo_image_id::text as id, repo_image_id::text as name from repo_file_meta_data
  union all
  select x.storage_domain_id, b.disk_id::text, b.disk_alias::text from base_disks b join images i on i.image_group_id = b.disk_id
    join image_storage_domain_map x on x.image_id = i.image_guid where b.disk_content_type = ${contentTypes.iso} and i.imagestatus = ${diskStatuses.ok})`;

export const domainFiles: Collection = {
  rel: 'files',
  below: { rel: 'storagedomains', condition: 't.domain_id = $parent' },
  type: 'file',
  about: 'ISO files of a storage domain.',
  from: `${files} t`,
  id: 't.id',
  idKind: 'name',
  columns: 't.domain_id, t.name',
  describe: (row) => ({
    name: String(row['name']),
    type: 'iso',
    storage_domain: reference('storagedomains', row['domain_id']),
  }),
  order: 'lower(t.name), t.id',
  sight: 'permitted',
  object: 't.domain_id',
  search: { name: { sql: 't.name', as: 'text' }, id: { sql: 't.id', as: 'text' } },
  words: ['name'],
  async prepare({ database, asks, parent }) {
    if (parent !== null && asks('refresh')) await readAgain(database, parent);
  },
};

const mostMs = 40_000;
const everyMs = 200;

/**
 * Has the list of an ISO domain read again by whichever engine works on storage, and waits for that. Throws a refusal (409) where it cannot be
 * read.
 */
async function readAgain(database: Database, domain: string): Promise<void> {
  // Lists that are read at the same moment are one.
  const [wanted] = await database.query<{ wanted: string }>(
    `update storage_domain_dynamic d set files_wanted_at = greatest(clock_timestamp(), files_read_at + interval '1 millisecond')
     from storage_domain_static s join storage_pool_iso_map m on m.storage_id = s.id
     where d.id = $1 and s.id = d.id and s.storage_domain_type = ${domainTypes.iso} and m.status = ${storageStatusNumber('active')} returning d.files_wanted_at::text as wanted`,
    [domain],
  );
  // One that is not at work is shown as it was read last, and disks need not be looked for.
  if (wanted === undefined) return;
  for (const until = performance.now() + mostMs; performance.now() < until; await sleep(everyMs)) {
    const [read] = await database.query<{ failure: string | null }>(
      'select files_failure as failure from storage_domain_dynamic where id = $1 and files_read_at >= $2::timestamptz',
      [domain, wanted.wanted],
    );
    if (read === undefined) continue;
    if (read.failure !== null) throw new Refusal(409, `The list of files could not be read: ${read.failure}.`);
    return;
  }
  throw new Refusal(409, 'The list of files could not be read in time. The events of the data center say whether its storage is well.');
}
