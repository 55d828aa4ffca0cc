import { join } from 'node:path';
import { type Text, message, messageOf } from '#kit';
import { type Log, openLog, silentLog } from '../ui/log.ts';
import type { Mask } from '../ui/mask.ts';

/** Where the log of a run lies, unless its user names another place. */
export const usualLog = (root: string, run: string): string => join(root, `var/log/ovirt-engine/setup/ovirt-engine-setup-${run}.log`);

/**
 * Opens the log; without one the run goes on, and the screen says why.
 * @param named by the user: then it may hold logs of earlier runs, which stay
 */
export function tryOpenLog(
  path: string,
  mask: Mask,
  { named }: { readonly named: boolean },
): { readonly log: Log; readonly trouble: readonly Text[] } {
  try {
    return { log: openLog(path, mask, { append: named }), trouble: [] };
  } catch (error) {
    return { log: silentLog(path), trouble: [message`The log ${path} cannot be written: ${messageOf(error)}`] };
  }
}
