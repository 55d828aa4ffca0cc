import { readFile } from 'node:fs/promises';

/** The generation of the API we are compatible with. Clients decide by these numbers what they may ask for. */
export const product = { name: 'oVirt Engine', vendor: 'ovirt.org', major: 4, minor: 5, build: 7, revision: 0 } as const;

export interface Version {
  /** Our own version, the one people see. */
  readonly own: string;
  /** The text API clients see: the generation, then our own version. */
  readonly full: string;
}

/** Reads our version from the project's package.json, the only place that holds it. */
export async function readVersion(): Promise<Version> {
  const manifest: unknown = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8'));
  const own = typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : undefined;
  if (typeof own !== 'string') throw new Error('package.json names no version');
  return { own, full: `${product.major}.${product.minor}.${product.build}-${own}` };
}
