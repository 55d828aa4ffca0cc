import { statusNumber } from '../../../hosts/host-status.ts';
import { notFound, Refusal } from '../../../http/refusal.ts';
import { domainTypes, poolStatus, storageKinds } from '../../../storage/storage-kinds.ts';
import { type StorageStatus, storageStatusNumber, storageStatusNumbers, storageStatusWord } from '../../../storage/storage-status.ts';
import { commandsThere, disksThere, needsOfDomains, playingThere, runningThere, transfersThere } from '../../../storage/uses-of-domains.ts';
import type { Occasion, SpecialChange, Work } from '../collection.ts';
import { permits } from '../permits.ts';

/* Storage domains in data centers: attaching them, bringing them to work and to rest, and detaching them. */

interface Center {
  readonly name: string;
  readonly status: number;
  readonly isLocal: boolean;
  readonly masterVersion: number;
  readonly hostsUp: number;
  readonly isos: number;
  readonly exports: number;
}

async function centerOf(occasion: Pick<Occasion, 'database' | 'place'>): Promise<Center & { readonly id: string }> {
  const id = occasion.place.parent ?? '';
  const [row] = await occasion.database.query<Center>(
    `select p.name, p.status, p.is_local as "isLocal", p.master_domain_version as "masterVersion",
       (select count(*)::integer from vds h where h.storage_pool_id = p.id and h.status = $2) as "hostsUp",
       (select count(*)::integer from storage_pool_iso_map m join storage_domain_static s on s.id = m.storage_id
         where m.storage_pool_id = p.id and s.storage_domain_type = ${domainTypes.iso}) as isos,
       (select count(*)::integer from storage_pool_iso_map m join storage_domain_static s on s.id = m.storage_id
         where m.storage_pool_id = p.id and s.storage_domain_type = ${domainTypes.export}) as exports
     from storage_pool p where p.id = $1`,
    [id, statusNumber('up')],
  );
  if (row === undefined) throw notFound();
  return { id, ...row };
}

const notUp = (center: Center): Refusal =>
  new Refusal(409, `Data center ${center.name} is not up. Its master domain must be active, and a host must manage its storage.`);

export const attachDomain: SpecialChange = {
  permit: permits.manipulate_storage_domain,
  async work(occasion): Promise<Omit<Work, 'permit'>> {
    const { database, entity, members, asker, worker } = occasion;
    const center = await centerOf(occasion);
    const id = await members.resolve('storagedomains', entity, asker);
    const [domain] = await database.query<{ name: string; type: number; kind: number; pool: string | null; may: boolean }>(
      `select s.storage_name as name, s.storage_domain_type as type, s.storage_type as kind, p.name as pool, has_permit($2, $3, $4) as may
       from storage_domain_static s left join storage_pool_iso_map m on m.storage_id = s.id left join storage_pool p on p.id = m.storage_pool_id where s.id = $1`,
      [id, worker.userId, permits.manipulate_storage_domain, center.id],
    );
    if (domain === undefined) throw notFound();
    if (!domain.may) throw new Refusal(403, 'The user is not authorized to perform this action.');
    const { name } = domain;
    if (domain.pool !== null) throw new Refusal(409, `Storage domain ${name} is attached to data center ${domain.pool} already.`);
    const isData = domain.type === domainTypes.data;
    const isFirst = center.status === poolStatus.uninitialized;
    if (isFirst && !isData) throw new Refusal(409, `The first storage domain of data center ${center.name} must be one for data.`);
    if (!isFirst && center.status !== poolStatus.up) throw notUp(center);
    if (center.hostsUp === 0) throw new Refusal(409, `No host of data center ${center.name} is up.`);
    if (domain.kind === storageKinds.localfs && !center.isLocal)
      throw new Refusal(409, `Storage domain ${name} is local to one host, and data center ${center.name} is not local.`);
    const same = domain.type === domainTypes.iso ? center.isos : domain.type === domainTypes.export ? center.exports : 0;
    if (same > 0) throw new Refusal(409, `Data center ${center.name} has a storage domain of this type already.`);
    const parameters = {
      ...{ domain: id, name, pool: center.id, poolName: center.name, master: isFirst },
      masterVersion: center.masterVersion + (isFirst ? 1 : 0),
    };
    return {
      ...{ object: id, storageDomain: id, pool: center.id, name },
      event: {
        ...{ code: 9875, name: 'USER_ATTACH_STORAGE_DOMAIN_STARTED', failed: 963 },
        text: `Storage domain \${name} is being attached to data center ${center.name}, as \${user} wants it.`,
      },
      statement: (values) => [
        [
          'mapped',
          `insert into storage_pool_iso_map (storage_id, storage_pool_id, status)
           select s.id, ${values.add(center.id)}::uuid, ${storageStatusNumber('locked')} from storage_domain_static s where s.id = ${values.add(id)}
             and not exists (select from storage_pool_iso_map m where m.storage_id = s.id)
           returning storage_id`,
        ],
        [
          'done',
          'select s.id::text as id, s.storage_name::text as name from mapped join storage_domain_static s on s.id = mapped.storage_id',
        ],
      ],
      begins: { type: 'AttachStorageDomain', parameters, locks: [id, center.id] },
      otherwise: () => new Refusal(409, `Storage domain ${name} has just been attached to a data center.`),
    };
  },
};

interface Attached extends Center {
  readonly pool: string;
  readonly domain: string;
  readonly domainStatus: StorageStatus;
  readonly isMaster: boolean;
  /** Others of the data center: all, and those that are not in maintenance. */
  readonly others: number;
  readonly othersAtWork: number;
  readonly disks: number;
  /** Machines that run from it or have a disc from it in their drives, transfers of images on it, and commands at work on its disks. */
  readonly machines: number;
  readonly players: number;
  readonly transfers: number;
  readonly commands: number;
}

async function attached(occasion: Occasion): Promise<Attached> {
  const center = await centerOf(occasion);
  const [row] = await occasion.database.query<Omit<Attached, keyof Center | 'pool' | 'domainStatus'> & { status: number }>(
    `select s.storage_name as domain, m.status, s.storage_domain_type = ${domainTypes.master} as "isMaster",
       (select count(*)::integer from storage_pool_iso_map o where o.storage_pool_id = m.storage_pool_id and o.storage_id <> s.id) as others,
       (select count(*)::integer from storage_pool_iso_map o where o.storage_pool_id = m.storage_pool_id and o.storage_id <> s.id
         and o.status <> ${storageStatusNumber('maintenance')}) as "othersAtWork",
       (select count(distinct d)::integer from (${disksThere}) d) as disks,
       (select count(*)::integer from (${runningThere}) v) as machines,
       (select count(*)::integer from (${playingThere}) v) as players,
       (select count(*)::integer from (${transfersThere}) t) as transfers,
       (select count(distinct c)::integer from (${commandsThere}) c) as commands
     from storage_pool_iso_map m join storage_domain_static s on s.id = m.storage_id where m.storage_id = $1 and m.storage_pool_id = $2`,
    [occasion.id, center.id],
  );
  if (row === undefined) throw notFound();
  return { ...center, ...row, status: center.status, pool: center.id, domainStatus: storageStatusWord(row.status) };
}

/** Something that is done with a domain in a data center: a command, with the statuses that it begins from. */
interface Doing {
  readonly what: string;
  /** `detached from`. */
  readonly becoming: string;
  readonly command: string;
  readonly from: readonly StorageStatus[];
  readonly to: StorageStatus;
  readonly event: Omit<Work['event'], 'text'>;
  readonly settles?: true;
  /** Why it cannot be done now; null if it can. */
  readonly against: (it: Attached) => string | null;
  /** Who must not need the domain, as SQL. It is asked for once more with the change: a machine may have been started since. */
  readonly unless?: readonly string[];
}

const doing = ({ what, becoming, command, from, to, event, settles, against, unless = [] }: Doing): SpecialChange => ({
  permit: permits.manipulate_storage_domain,
  ...(settles === undefined ? {} : { settles }),
  async work(occasion) {
    const { id } = occasion;
    const it = await attached(occasion);
    const refuse = (why: string): Refusal => new Refusal(409, `Cannot ${what} storage domain ${it.domain}: ${why}.`);
    if (!from.includes(it.domainStatus)) {
      const words = (statuses: readonly StorageStatus[]): string => statuses.map((status) => status.replaceAll('_', ' ')).join(', ');
      throw refuse(`its status is ${words([it.domainStatus])}, and it would have to be one of: ${words(from)}`);
    }
    const why = against(it);
    if (why !== null) throw refuse(why);
    const parameters = {
      ...{ domain: id, name: it.domain, pool: it.pool, poolName: it.name, master: it.isMaster, masterVersion: it.masterVersion },
      ...{ from: it.domainStatus, wakes: it.isMaster && it.status === poolStatus.maintenance },
    };
    return {
      ...{ object: id, storageDomain: id, pool: it.pool, name: it.domain },
      event: { ...event, text: `Storage domain \${name} is being ${becoming} data center ${it.name}, as \${user} wants it.` },
      statement: (values) => [
        [
          'moved',
          `update storage_pool_iso_map m set status = ${values.add(storageStatusNumber(to))} from storage_domain_static s
             where s.id = m.storage_id and s.id = ${values.add(id)} and m.storage_pool_id = ${values.add(it.pool)}
             and m.status = any(${values.add(storageStatusNumbers(...from))}::integer[])
             ${unless.map((needed) => `and not exists (${needed})`).join(' ')} returning m.storage_id`,
        ],
        [
          'done',
          'select s.id::text as id, s.storage_name::text as name from moved join storage_domain_static s on s.id = moved.storage_id',
        ],
      ],
      begins: { type: command, parameters, locks: [id, it.pool] },
      otherwise: () => refuse('its status, or who needs it, has just changed'),
    };
  },
});

const noHost = 'no host of the data center is up';

export const activateDomain = doing({
  what: 'activate',
  becoming: 'activated in',
  command: 'ActivateStorageDomain',
  from: ['maintenance', 'inactive', 'unknown'],
  to: 'activating',
  event: { code: 9876, name: 'USER_ACTIVATE_STORAGE_DOMAIN_STARTED', failed: 967 },
  against: (it) =>
    it.hostsUp === 0
      ? noHost
      : !it.isMaster && it.status !== poolStatus.up
        ? 'its data center is not up. Activate the master domain first'
        : null,
});

export const deactivateDomain = doing({
  what: 'deactivate',
  becoming: 'deactivated in',
  command: 'DeactivateStorageDomain',
  from: ['active', 'inactive', 'unknown'],
  to: 'preparing_for_maintenance',
  event: { code: 9877, name: 'USER_DEACTIVATE_STORAGE_DOMAIN_STARTED', failed: 969 },
  against: (it) => {
    if (it.machines > 0) return `${it.machines} virtual machines run from it. Shut them down first`;
    if (it.players > 0) return `${it.players} virtual machines have a disc from it in their drives. Eject those first`;
    if (it.transfers > 0) return `${it.transfers} transfers of images on it are under way. Finish or cancel them first`;
    if (it.commands > 0) return 'its disks are being worked on. Wait until that has ended';
    if (it.isMaster && it.othersAtWork > 0) return 'it is the master domain, and others are at work. Deactivate those first';
    return it.status === poolStatus.up ? null : 'its data center is not up';
  },
  unless: needsOfDomains,
});

export const detachDomain = doing({
  what: 'detach',
  becoming: 'detached from',
  command: 'DetachStorageDomain',
  from: ['maintenance'],
  to: 'detaching',
  settles: true,
  event: { code: 9878, name: 'USER_DETACH_STORAGE_DOMAIN_STARTED', failed: 965 },
  against: (it) => {
    if (it.disks > 0) return `it has ${it.disks} disks, which would be lost to the engine. Remove them first`;
    if (it.hostsUp === 0) return noHost;
    if (!it.isMaster) return it.status === poolStatus.up ? null : 'its data center is not up. Activate the master domain first';
    return it.others > 0 ? 'it is the master domain, and the data center has others. Detach those first' : null;
  },
  unless: [disksThere],
});
