import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A package that the program needs while it runs. */
export interface Dependency {
  /** Its folder below the project, `node_modules/pg`. */
  readonly folder: string;
  readonly version: string;
  readonly license: string;
}

interface Locked {
  readonly version: string;
  readonly license?: string;
  readonly dev?: true;
  readonly optional?: true;
}

interface Installed {
  readonly version: string;
  /** How licenses were written before there was one field for them; npm does not lock that. */
  readonly licenses?: readonly { readonly type: string }[];
}

const installedIn = (folder: string): Installed | undefined => {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Installed;
  } catch {
    return undefined;
  }
};

/**
 * The installed packages that `package-lock.json` (lockfileVersion 3) does not call development ones, in its order. Optional ones that
 * are for other machines are left out. Throws where what is installed is not what is locked.
 */
export function productionDependencies(project: string): readonly Dependency[] {
  const lock = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as { packages: Record<string, Locked> };
  return Object.entries(lock.packages).flatMap(([folder, { version, license, dev, optional }]) => {
    if (folder === '' || dev === true) return [];
    const installed = installedIn(join(project, folder));
    if (installed === undefined && optional === true) return [];
    if (installed?.version !== version)
      throw new Error(`${folder} is ${installed?.version ?? 'missing'}, not ${version}: run npm ci first`);
    return [{ folder, version, license: license ?? (installed.licenses?.map(({ type }) => type).join(' OR ') || 'unknown') }];
  });
}
