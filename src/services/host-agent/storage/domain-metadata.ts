import { isUuid } from '../../frame/uuid.ts';
import { failure } from './failures.ts';
import { type Folder, inFolder } from './folder.ts';
import { formatSealedRecord, parseSealedRecord } from './record.ts';

export type DomainClass = 'Data' | 'Iso' | 'Backup';
/** What a pool knows of the state of one of its domains. */
export type DomainStatus = 'Active' | 'Attached';

/** What is known of a pool by its master domain. */
export interface PoolMetadata {
  readonly name: string;
  readonly domains: ReadonlyMap<string, DomainStatus>;
  /** Who had the role of the SPM last, and how often it had changed hands by then; -1 for nobody. */
  readonly spmId: number;
  readonly spmVersion: number;
  readonly masterVersion: number;
}

/** What a domain knows of itself, in `dom_md/metadata`. */
export interface DomainMetadata {
  readonly id: string;
  readonly name: string;
  readonly class: DomainClass;
  readonly type: string;
  readonly version: number;
  readonly remotePath: string;
  /** The pool that it is attached to. */
  readonly pool: string | null;
  /** There on the master domain of a pool. */
  readonly master: PoolMetadata | null;
}

/** What is accepted of a file on storage; the largest pools stay far below. */
const mostBytes = 256 * 1024;
const mode = 0o644;
const file = 'metadata';
const domainFolder = 'dom_md';

const classes: Readonly<Record<string, DomainClass>> = { data: 'Data', iso: 'Iso', backup: 'Backup' };

/**
 * Reads what a domain says of itself.
 * @param root of the domain: the folder in which it lies, and its id
 * @throws VerbFailure (350) where it cannot be understood or is of another domain
 */
export async function readDomainMetadata(mount: string, id: string): Promise<DomainMetadata> {
  const text = await inFolder(mount, [id, domainFolder], (folder) => folder.read(file, mostBytes));
  const flawed = (why: string): Error => failure('domain', `The metadata of domain ${id} below ${mount} cannot be used: ${why}`);
  let entries: ReadonlyMap<string, string>;
  try {
    entries = parseSealedRecord(text);
  } catch (error) {
    throw flawed(error instanceof Error ? error.message : String(error));
  }
  const number = (key: string, otherwise: number): number => {
    const value = entries.get(key) ?? String(otherwise);
    if (!/^-?\d{1,9}$/.test(value)) throw flawed(`${key} is not a number`);
    return Number(value);
  };
  const domainClass = classes[(entries.get('CLASS') ?? '').toLowerCase()];
  if (entries.get('SDUUID') !== id) throw flawed('it is of another domain');
  if (domainClass === undefined) throw flawed('its class is not known');
  const pool = (entries.get('POOL_UUID') ?? '').split(',')[0] ?? '';
  if (pool !== '' && !isUuid(pool)) throw flawed('POOL_UUID is not a UUID');
  return {
    id,
    name: entries.get('DESCRIPTION') ?? '',
    class: domainClass,
    type: entries.get('TYPE') ?? '',
    version: number('VERSION', 0),
    remotePath: entries.get('REMOTE_PATH') ?? '',
    pool: pool === '' ? null : pool,
    master:
      entries.get('ROLE') !== 'Master'
        ? null
        : {
            name: entries.get('POOL_DESCRIPTION') ?? '',
            domains: readDomains(entries.get('POOL_DOMAINS') ?? '', flawed),
            spmId: number('POOL_SPM_ID', -1),
            spmVersion: number('POOL_SPM_LVER', -1),
            masterVersion: number('MASTER_VERSION', 0),
          },
  };
}

function readDomains(text: string, flawed: (why: string) => Error): ReadonlyMap<string, DomainStatus> {
  const domains = new Map<string, DomainStatus>();
  for (const word of text.split(',').filter((one) => one !== '')) {
    const [id = '', status = ''] = word.split(':');
    if (!isUuid(id) || (status !== 'Active' && status !== 'Attached')) throw flawed('POOL_DOMAINS cannot be read');
    domains.set(id, status);
  }
  return domains;
}

/** Writes a list of domains as it stands in the metadata and is told to clients: `uuid:Active,uuid:Attached`. */
export const formatDomains = (domains: ReadonlyMap<string, DomainStatus>): string =>
  [...domains].map(([id, status]) => `${id}:${status}`).join(',');

/** Replaces what a domain says of itself, in one moment. */
export const writeDomainMetadata = (mount: string, metadata: DomainMetadata): Promise<void> =>
  inFolder(mount, [metadata.id, domainFolder], (folder) => putDomainMetadata(folder, metadata));

/** The same in the folder `dom_md` of a domain that is being made. */
export function putDomainMetadata(folder: Folder, metadata: DomainMetadata): Promise<void> {
  const { master } = metadata;
  const entries: Readonly<Record<string, string | number>> = {
    ...fixed,
    SDUUID: metadata.id,
    DESCRIPTION: metadata.name,
    CLASS: metadata.class,
    TYPE: metadata.type,
    VERSION: metadata.version,
    REMOTE_PATH: metadata.remotePath,
    POOL_UUID: metadata.pool ?? '',
    ROLE: master === null ? 'Regular' : 'Master',
    MASTER_VERSION: master?.masterVersion ?? 0,
    ...(master === null
      ? {}
      : {
          POOL_DESCRIPTION: master.name,
          POOL_DOMAINS: formatDomains(master.domains),
          POOL_SPM_ID: master.spmId,
          POOL_SPM_LVER: master.spmVersion,
        }),
  };
  return folder.replace(file, formatSealedRecord(new Map(Object.entries(entries).map(([key, value]) => [key, String(value)]))), mode);
}

/** What is the same on each domain: the form of its leases, and times that are sanlock's business by now and that older readers expect. */
const fixed = {
  ALIGNMENT: 1024 * 1024,
  BLOCK_SIZE: 512,
  IOOPTIMEOUTSEC: 10,
  LEASERETRIES: 3,
  LEASETIMESEC: 60,
  LOCKPOLICY: '',
  LOCKRENEWALINTERVALSEC: 5,
} as const;
