import { type Family, type View, familyOf } from '#kit';
import { system } from '../environment/settings.ts';

/** What people are told to say to the package manager of their host. */
interface Words {
  /** Asks its sources what they have. */
  readonly refresh: string;
  /** Updates the package that is named behind it. */
  readonly update: string;
}

const words: Readonly<Record<Family, Words>> = {
  debian: { refresh: 'apt-get update', update: 'apt-get install --only-upgrade' },
  'enterprise-linux': { refresh: 'dnf makecache', update: 'dnf upgrade' },
};

/** The words for the package manager of this host. */
export const managerWords = (view: View): Words => words[familyOf(view.fact(system).distribution)];
