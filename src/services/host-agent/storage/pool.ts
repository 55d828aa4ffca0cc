import { chmod, mkdir, readdir, readlink, rename, rm, symlink, unlink } from 'node:fs/promises';
import type { Log } from '../../frame/log.ts';
import { createTurns, type Turns } from '../../frame/turns.ts';
import { leasePlaces, type Domain, type Domains } from './domains.ts';
import { errorCode, failure } from './failures.ts';
import { inFolder } from './folder.ts';
import type { Leases } from './leases.ts';
import { type Master, readMaster, withPool } from './pool-metadata.ts';
import type { StorageSettings } from './settings.ts';
import { createSpmRole, type SpmRole } from './spm-role.ts';
import { taskFiles } from './task-files.ts';
import { createTasks, type Tasks, type Work } from './tasks.ts';

/** A pool that this host takes part in. */
export interface Pool {
  readonly id: string;
  readonly hostId: number;
  readonly masterId: string;
  readonly role: SpmRole;
  /** Reads what the master says of the pool at this moment. */
  master(): Promise<Master>;
  /**
   * Changes metadata, one change after the other, by the SPM alone.
   * @param work gets what the master says
   */
  change<T>(work: (master: Master) => Promise<T>): Promise<T>;
  /** A domain of the pool that is active. Throws VerbFailure. */
  activeDomain(id: string): Promise<Domain>;
  /** Takes the role of the SPM, and takes up what its last holder has left. */
  startSpm(): Promise<void>;
  stopSpm(): Promise<void>;
  /** Tasks while this host is the SPM. Throws VerbFailure (654) otherwise. */
  tasks(): Tasks;
  /** Has links lead to its domains. What is not seen at the moment keeps its link. */
  link(): Promise<void>;
  leave(): Promise<void>;
}

export interface PoolParts {
  readonly settings: StorageSettings;
  readonly domains: Domains;
  readonly leases: Leases;
  readonly log: Log;
  /** What tasks of a pool do. */
  readonly works: (pool: Pool) => Readonly<Record<string, Work>>;
}

const masterFolders = ['tasks', 'vms'] as const;

/** Takes part in a pool, whose master domain has been read. */
export function joinPool(
  { id, hostId, master: first }: { readonly id: string; readonly hostId: number; readonly master: Master },
  { settings, domains, leases, log, works }: PoolParts,
): Pool {
  const masterId = first.domain.id;
  const turns: Turns = createTurns();
  let tasks: Tasks | null = null;
  const role = createSpmRole(leasePlaces(first.domain), hostId, leases, () => {
    tasks = null;
    log.error('the role of the SPM is lost', { pool: id });
  });
  const folder = `${settings.poolFolder}/${id}`;
  const master = (): Promise<Master> => readMaster(domains, id, masterId);

  const pool: Pool = {
    id,
    hostId,
    masterId,
    role,
    master,
    change: (work) =>
      turns.take(['metadata'], async () => {
        role.assert();
        return work(await master());
      }),
    async activeDomain(domain) {
      const { pool: known } = await master();
      if (known.domains.get(domain) !== 'Active') throw failure('domain', `Storage domain ${domain} is not active in pool ${id}`);
      return domains.find(domain);
    },
    async startSpm() {
      if (tasks !== null && role.state() === 'SPM') return;
      await role.take();
      try {
        const present = await master();
        await inFolder(present.domain.mount, [present.domain.id], (root) => root.makeFolder('master', 0o755));
        await inFolder(present.domain.mount, [present.domain.id, 'master'], async (root) => {
          for (const name of masterFolders) await root.makeFolder(name, 0o755);
        });
        await pool.change(async (now) => {
          await domains.write(now.domain, withPool(now, { spmId: hostId, spmVersion: role.version() }));
        });
        const begun = createTasks(taskFiles(present.domain), works(pool), { assert: role.assert, lost: role.signal(), log });
        await begun.takeUp();
        role.assert();
        tasks = begun;
        log.info('this host is the SPM', { pool: id, version: role.version() });
      } catch (error) {
        await role.giveBack();
        throw error;
      }
    },
    async stopSpm() {
      if (tasks?.isBusy() === true) throw failure('SPM stop', `Tasks are at work in pool ${id}; wait for their end, or stop them`);
      tasks = null;
      await role.giveBack();
    },
    tasks() {
      role.assert();
      if (tasks === null) throw failure('not SPM', `This host is not yet the SPM of pool ${id}`);
      return tasks;
    },
    link: () =>
      turns.take(['links'], async () => {
        const { domain, pool: known } = await master();
        await mkdir(folder, { recursive: true });
        // Whoever runs virtual machines follows the links, whatever the mask of this service.
        await chmod(folder, 0o755);
        const names = ['mastersd', ...known.domains.keys()];
        await unlinkAll(folder, (name) => !names.includes(name));
        await putLink(`${folder}/mastersd`, domain.root);
        for (const one of known.domains.keys()) {
          const found = await domains.find(one).catch(() => null);
          if (found !== null) await putLink(`${folder}/${one}`, found.root);
        }
      }),
    async leave() {
      await pool.stopSpm();
      await role.leave();
      await turns.take(['links'], () => unlinkAll(folder));
    },
  };
  return pool;
}

/** Has a link lead somewhere, in one moment: machines are started through it meanwhile. One that leads there already stays. */
async function putLink(path: string, target: string): Promise<void> {
  if ((await readlink(path).catch(() => null)) === target) return;
  const fresh = `${path}.new`;
  await rm(fresh, { force: true });
  await symlink(target, fresh);
  await rename(fresh, path);
}

async function unlinkAll(folder: string, isGone: (name: string) => boolean = () => true): Promise<void> {
  try {
    for (const name of (await readdir(folder)).filter(isGone)) await unlink(`${folder}/${name}`);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}
