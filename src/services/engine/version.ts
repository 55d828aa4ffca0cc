import { ownVersion } from '../frame/own-version.ts';

/** The generation of the API we are compatible with. Clients decide by these numbers what they may ask for. */
export const product = { name: 'oVirt Engine', vendor: 'ovirt.org', major: 4, minor: 5, build: 7, revision: 0 } as const;

export interface Version {
  /** Our own version, the one people see. */
  readonly own: string;
  /** The text API clients see: the generation, then our own version. */
  readonly full: string;
}

/** Reads our version, and says it as clients of the API see it. */
export async function readVersion(): Promise<Version> {
  const own = await ownVersion();
  return { own, full: `${product.major}.${product.minor}.${product.build}-${own}` };
}
