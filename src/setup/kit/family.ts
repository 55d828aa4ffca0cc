import type { System } from './host.ts';

/** Families of distributions: within one, paths, units and packages have the same names. */
export type Family = 'debian' | 'enterprise-linux';

const families: Readonly<Record<string, Family>> = {
  debian: 'debian',
  ubuntu: 'debian',
  fedora: 'enterprise-linux',
  rhel: 'enterprise-linux',
  centos: 'enterprise-linux',
};

/**
 * The family of a distribution, by what os-release(5) says it is, or else is like, the nearest first. Debian's where that says nothing we
 * know: `unsupported-host` refuses such a host.
 */
export function familyOf({ id, like = [] }: Pick<System['distribution'], 'id' | 'like'>): Family {
  const known = [id, ...like].find((one) => Object.hasOwn(families, one));
  return families[known ?? ''] ?? 'debian';
}
