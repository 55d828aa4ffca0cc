import { sandboxHost } from '../host/sandbox.ts';
import { wholeHost } from '../host/whole-host.ts';
import { SetupError } from '../kit/errors.ts';
import type { Host } from '../kit/host.ts';
import { claimRoot, kindOfRoot, sandboxRoot } from './sandbox-root.ts';

/** Where an installation lies: on this host itself, or below a directory. */
export interface Place {
  /** What its paths lie below on the file system of this process; `/` for the host itself. */
  readonly root: string;
  readonly host: Host;
  /** Whether somebody else may have something there that is not ours; false for what setup has claimed. */
  isOurs(): boolean;
  /** Makes it ours, before the first change. */
  claim(): void;
}

const whole = (): Place => ({ root: '/', host: wholeHost(), isOurs: () => true, claim: () => undefined });

const below = (root: string): Place => ({
  root,
  host: sandboxHost(root),
  isOurs: () => kindOfRoot(root) === 'sandbox',
  claim: () => claimRoot(root),
});

/**
 * The place that the command line names.
 * @param root the value of `--root`; none is this host itself
 * @throws SetupError `refused` for a directory that holds other things
 */
export const placeOf = (root: string | undefined): Place => (root === undefined ? whole() : below(sandboxRoot(root)));

/** The same, for whoever is going to change something there: of the whole host only root may. */
export function placeToChange(root: string | undefined): Place {
  if (root === undefined && process.geteuid?.() !== 0)
    throw new SetupError('refused', 'Only root may configure this host', {
      remedy:
        'Run it as root (sudo), or install below a directory of your own with --root=DIRECTORY; or try it with: engine-setup sandbox start',
    });
  return placeOf(root);
}
