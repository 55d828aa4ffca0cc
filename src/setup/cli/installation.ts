import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { type Text, message, term } from '#kit';
import { postInstallPath } from '../core/record.ts';
import { straySupervisor } from '../host/supervisor/stray.ts';
import { type Finding, type Identity, identity } from './identity.ts';
import { type RunStatus, lastRun } from './last-run.ts';
import { lockPath } from './lock.ts';
import type { Place } from './place.ts';
import { type ServiceStatus, serviceStates } from './service-status.ts';

/** What `engine-setup status --json` prints. */
export interface Status extends Partial<Identity> {
  readonly root: string;
  /** `unknown`: something is amiss, so that it cannot be told. */
  readonly state: 'not installed' | 'running' | 'stopped' | 'degraded' | 'unknown';
  /** What keeps this from being the whole truth, and what to do about it. */
  readonly problems?: readonly Finding[];
  readonly user?: string;
  /** File with the password of the administrator, where it was made up; mode 0600. */
  readonly passwordFile?: string;
  readonly caFile?: string;
  readonly services: readonly ServiceStatus[];
  /** The run that is active, or the last one that changed something. */
  readonly run?: RunStatus;
}

const overall = (list: readonly ServiceStatus[]): Status['state'] => {
  if (list.length === 0) return 'stopped';
  if (list.every(({ state, health }) => state === 'running' && (health === undefined || health === 'ready'))) return 'running';
  return list.every(({ state }) => state === 'stopped') ? 'stopped' : 'degraded';
};

/** Without its run directory an installation does not know its own processes. */
function runtime(root: string): readonly Finding[] {
  const directory = join(root, 'run');
  if (existsSync(directory)) return [];
  const stray = straySupervisor(realpathSync(root));
  const what = message`${directory} is not there, so which services run cannot be told`;
  const again: Text = 'Run engine-setup again: it compares what is here with what is wanted.';
  if (stray === undefined) return [{ message: what, remedy: again }];
  return [{ message: message`${what}; process ${stray} still keeps some`, remedy: message`End them with: kill ${stray}. ${term(again)}` }];
}

/** Who vouches for what browsers see: the authorities of an imported certificate, or our own. */
function webAuthority(root: string): string {
  const imported = join(root, 'etc/pki/ovirt-engine/apache-ca.pem');
  return existsSync(imported) ? imported : join(root, 'etc/pki/ovirt-engine/ca.pem');
}

/** Looks at an installation from outside, without changing anything. */
export async function inspectInstallation({ root, isOurs }: Place): Promise<Status> {
  const path = join(root, postInstallPath);
  const known = isOurs();
  const run = known ? await lastRun(root, lockPath(root)) : undefined;
  const told = run === undefined ? {} : { run };
  if (!known || !existsSync(path)) return { root, state: 'not installed', services: [], ...told };
  const found = identity(path, join(root, 'var/lib/ovirt-engine/setup/answers'));
  const lost = runtime(root);
  const problems = [...('message' in found ? [found] : []), ...lost];
  const passwordFile = join(root, 'var/lib/ovirt-engine/admin-password');
  const seen = await serviceStates(root);
  const list = lost.length === 0 ? seen : seen.map(({ name }): ServiceStatus => ({ name, state: 'unknown' }));
  return {
    root,
    state: lost.length === 0 ? overall(list) : 'unknown',
    ...(problems.length === 0 ? {} : { problems }),
    ...('message' in found ? {} : found),
    user: 'admin@internal',
    ...(existsSync(passwordFile) ? { passwordFile } : {}),
    caFile: webAuthority(root),
    services: list,
    ...told,
  };
}
