import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { parseEnv } from 'node:util';
import type { System } from '../kit/host.ts';

/** What os-release(5) says; a system without the file is named by what it is not. */
export function distributionOf(osRelease: string): System['distribution'] {
  const { ID: id = 'unknown', VERSION_ID: version = '', PRETTY_NAME: title, ID_LIKE: like = '' } = parseEnv(osRelease);
  const known = like.split(/\s+/).filter((one) => one !== '');
  return { id, version, title: title ?? `${id} ${version}`.trim(), ...(known.length === 0 ? {} : { like: known }) };
}

/** What the host says of its distribution; empty where it says nothing. */
export function osRelease(): string {
  try {
    return readFileSync('/etc/os-release', 'utf8');
  } catch {
    return '';
  }
}

/** The machine below everything: the same inside a sandbox. */
export async function system(): Promise<System> {
  return { memoryMiB: Math.floor(totalmem() / 1024 / 1024), distribution: distributionOf(osRelease()) };
}
