import { type Host, type View, file } from '#kit';
import { succeed } from '#steps';
import { realRoot } from '../environment/settings.ts';
import { adminPassword, paths, programs } from './settings.ts';

/** Holds the administrator's password for initdb alone. */
const passwordFile = `${paths.home}/initdb-password`;

/** Makes the cluster of a trial in a directory; what an attempt that was cut off has left there goes first. */
export async function initdb(host: Host, view: View, directory: string): Promise<void> {
  const { directory: folder, launcher, owner } = view.fact(programs);
  const root = view.fact(realRoot);
  await host.files.remove(directory);
  await host.files.write(passwordFile, file(`${view.get(adminPassword)}\n`, 0o600, owner));
  const options = [
    '--username=postgres',
    `--pwfile=${root}${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    `--pgdata=${root}${directory}`,
  ];
  await succeed(host, { argv: [...launcher, `${folder}/initdb`, ...options] as [string, ...string[]] });
  await host.files.remove(passwordFile);
}

/** Takes away what an attempt to make a cluster has left. */
export async function clear(host: Host, directory: string): Promise<void> {
  for (const path of [passwordFile, directory]) await host.files.remove(path);
}
