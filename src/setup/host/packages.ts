import { type Family, familyOf } from '../kit/family.ts';
import type { Host } from '../kit/host.ts';
import type { Run } from './commands.ts';
import { aptPackages } from './packages-apt.ts';
import { dnfPackages } from './packages-dnf.ts';
import { distributionOf } from './system.ts';

const managers: Readonly<Record<Family, (run: Run) => Host['packages']>> = { debian: aptPackages, 'enterprise-linux': dnfPackages };

/** Packages of a host, by the package manager of its distribution. */
export const packagesOf = (osRelease: string, run: Run): Host['packages'] => managers[familyOf(distributionOf(osRelease))](run);
