import { parseEnv } from 'node:util';
import type { Host } from '../kit/host.ts';
import type { Run } from './commands.ts';
import { aptPackages } from './packages-apt.ts';
import { dnfPackages } from './packages-dnf.ts';

const managers = { apt: aptPackages, dnf: dnfPackages } as const;
type Manager = keyof typeof managers;

const families: Readonly<Record<string, Manager>> = { debian: 'apt', ubuntu: 'apt', fedora: 'dnf', rhel: 'dnf', centos: 'dnf' };

/**
 * The package manager of a distribution, by what os-release(5) says it is, or else is like, the nearest first. apt where that says
 * nothing we know: `unsupported-host` refuses such a host.
 */
export function packageManagerOf(osRelease: string): Manager {
  const { ID: id = '', ID_LIKE: like = '' } = parseEnv(osRelease);
  const known = [id, ...like.split(/\s+/)].find((one) => Object.hasOwn(families, one));
  return families[known ?? ''] ?? 'apt';
}

/** Packages of a host, by its own package manager. */
export const packagesOf = (osRelease: string, run: Run): Host['packages'] => managers[packageManagerOf(osRelease)](run);
