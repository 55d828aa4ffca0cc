import { isUuid } from '../../../../frame/uuid.ts';
import { statusNumber } from '../../../hosts/host-status.ts';
import { notFound, Refusal } from '../../../http/refusal.ts';
import { domainTypes, poolStatus } from '../../../storage/storage-kinds.ts';
import { storageStatusNumbers } from '../../../storage/storage-status.ts';
import { commandsThere, disksThere, runningThere } from '../../../storage/uses-of-domains.ts';
import type { Values } from '../../search/values.ts';
import type { Occasion, SpecialChange } from '../collection.ts';
import { permits } from '../permits.ts';
import { upHost } from './special-storage-domains.ts';

/* Storage domains that go: with all that is on them, as they are, or given up. */

/** A domain that is to go. */
interface Subject {
  readonly name: string;
  readonly type: number;
  readonly host: string | null;
  readonly pool: string | null;
  readonly poolStatus: number | null;
  readonly status: number | null;
  readonly disks: number;
  /** Virtual machines that run from its disks, and commands at work on those. */
  readonly machines: number;
  readonly commands: number;
}

async function subjectOf({ database, id }: Pick<Occasion, 'database' | 'id'>): Promise<Subject> {
  const [row] = await database.query<Subject>(
    `select s.storage_name as name, s.storage_domain_type as type, s.vds_id as host, m.storage_pool_id as pool,
       p.status as "poolStatus", m.status,
       (select count(distinct d)::integer from (${disksThere}) d) as disks,
       (select count(*)::integer from (${runningThere}) v) as machines,
       (select count(distinct c)::integer from (${commandsThere}) c) as commands
     from storage_domain_static s left join storage_pool_iso_map m on m.storage_id = s.id left join storage_pool p on p.id = m.storage_pool_id
     where s.id = $1`,
    [id],
  );
  if (row === undefined) throw notFound();
  return row;
}

/** The host that is to clean the storage: the one that was named, the one that has a local domain, or any that is up. Throws refusals (404, 409). */
async function cleaner(occasion: Occasion, { name, host }: Subject): Promise<string> {
  const wanted = occasion.parameter('host');
  if (wanted !== null && wanted !== '') {
    const named = await upHost(occasion, isUuid(wanted) ? { id: wanted } : { name: wanted });
    // The folder of the same name on another host is another folder.
    if (host !== null && host !== named.id)
      throw new Refusal(
        409,
        `Storage domain ${name} is local to another host than ${named.name}, and only that one can remove what is on it.`,
      );
    return named.id;
  }
  const [any] = await occasion.database.query<{ id: string }>(
    'select vds_id as id from vds where status = $1 and vds_id = coalesce($2, vds_id) order by vds_name limit 1',
    [statusNumber('up'), host],
  );
  if (any === undefined) throw new Refusal(409, 'No host that could remove what is on the storage is up.');
  return any.id;
}

/** Removes a domain that no data center has: as it is, or with everything on it (`format`); or whatever has become of it (`destroy`). */
export const removeDomain: SpecialChange = {
  permit: permits.delete_storage_domain,
  settles: true,
  async work(occasion) {
    const { id, asks } = occasion;
    const subject = await subjectOf(occasion);
    const about = { object: id, storageDomain: id, name: subject.name };
    if (asks('destroy')) return { ...about, ...destroying(id, subject) };
    if (subject.pool !== null) throw new Refusal(409, `Storage domain ${subject.name} belongs to a data center. Detach it there first.`);
    if (subject.disks > 0) throw new Refusal(409, `Storage domain ${subject.name} has ${subject.disks} disks. Remove them first.`);
    const format = asks('format');
    const parameters = { domain: id, name: subject.name, format, ...(format ? { host: await cleaner(occasion, subject) } : {}) };
    return {
      ...about,
      event: {
        code: 9873,
        name: 'USER_REMOVE_STORAGE_DOMAIN_STARTED',
        text: 'Storage domain ${name} is being removed, as ${user} wants it.',
        failed: 961,
      },
      statement: (values) => [
        [
          'done',
          `select s.id::text as id, s.storage_name::text as name from storage_domain_static s where s.id = ${values.add(id)}
           and not exists (select from storage_pool_iso_map m where m.storage_id = s.id)`,
        ],
      ],
      begins: { type: 'RemoveStorageDomain', parameters, locks: [id] },
      otherwise: () => new Refusal(409, `Storage domain ${subject.name} has just been attached to a data center.`),
    };
  },
};

/** Statuses in which a domain that is lost may be given up. */
const lost = storageStatusNumbers('maintenance', 'inactive', 'unknown');

function destroying(id: string, { name, type, status, poolStatus: pool, machines, commands }: Subject) {
  if (status !== null && !lost.includes(status))
    throw new Refusal(409, `Storage domain ${name} is in use. Only one that is in maintenance or cannot be reached can be given up.`);
  if (type === domainTypes.master && pool !== poolStatus.maintenance && pool !== poolStatus.nonResponsive)
    throw new Refusal(409, `Storage domain ${name} is the master of its data center. Send it into maintenance first.`);
  // That the engine does not reach a domain does not mean that hosts do not.
  if (machines > 0)
    throw new Refusal(409, `Storage domain ${name} is in use: ${machines} virtual machines run from it. Shut them down first.`);
  if (commands > 0) throw new Refusal(409, `Storage domain ${name} is in use: its disks are being worked on. Wait until that has ended.`);
  return {
    event: {
      code: 9874,
      name: 'USER_DESTROY_STORAGE_DOMAIN',
      text: 'Storage domain ${name} was given up by ${user}; nothing on the storage was changed.',
    },
    statement: (values: Values) => {
      const domain = values.add(id);
      return [
        [
          'known',
          `select s.id, s.storage_domain_type from storage_domain_static s where s.id = ${domain}
             and not exists (select from command_locks where object_id = s.id)
             and not exists (select from storage_pool_iso_map m where m.storage_id = s.id and m.status <> all(${values.add(lost)}::integer[]))
             and not exists (${runningThere}) and not exists (${commandsThere})
             and (s.storage_domain_type <> ${domainTypes.master} or (select count(*) from storage_pool_iso_map o join storage_pool_iso_map m
               on m.storage_pool_id = o.storage_pool_id where m.storage_id = s.id) <= 1) for update`,
        ],
        // Disks that lie here go with it: there are no others that could lie elsewhere as well.
        [
          'disks',
          `delete from base_disks b using images i, image_storage_domain_map x, known where i.image_group_id = b.disk_id and x.image_id = i.image_guid
             and x.storage_domain_id = known.id`,
        ],
        ['images', 'delete from image_storage_domain_map x using known where x.storage_domain_id = known.id'],
        // Without its only domain a data center has no storage.
        [
          'pool',
          `update storage_pool p set status = ${poolStatus.uninitialized}, spm_vds_id = null from storage_pool_iso_map m join known on known.id = m.storage_id
             where m.storage_pool_id = p.id and known.storage_domain_type = ${domainTypes.master}`,
        ],
        ['unmapped', 'delete from storage_pool_iso_map m using known where m.storage_id = known.id'],
        [
          'done',
          'delete from storage_domain_static s using known where s.id = known.id returning s.id::text as id, s.storage_name::text as name',
        ],
      ] as const;
    },
    otherwise: () =>
      new Refusal(409, `Storage domain ${name} is being worked on or used, or is the master of other domains. Give those up first.`),
  };
}
