import { createHash } from 'node:crypto';
import type { Step, View } from '#kit';
import { directories, editFile, withBlock } from '#steps';
import { address, isEnrolled } from './settings.ts';

const folder = '/etc/sanlock';
/** What sanlock takes of a name. */
const longestName = 48;

/** A name of its own for each host: two that share one would take the places of each other. */
const nameOf = (host: string): string =>
  host.length <= longestName ? host : createHash('sha256').update(host).digest('hex').slice(0, longestName);

/**
 * A host that keeps its name has its place on storage again right after a start; under a new name, as sanlock makes one up with each start, it
 * waits for minutes until its own former lease has run out.
 */
export const leaseSteps = (view: View): readonly Step[] =>
  isEnrolled(view)
    ? [
        directories({ id: 'node/sanlock', chapter: 'system', title: 'Creating the folder for the configuration of sanlock', quiet: true }, [
          { path: folder, mode: 0o755 },
        ]),
        editFile(
          { id: 'node/sanlock.conf', chapter: 'system', title: 'Naming this host to sanlock', quiet: true, needs: ['node/sanlock'] },
          {
            path: `${folder}/sanlock.conf`,
            edit: (text) =>
              withBlock(text, {
                path: '',
                name: 'ovirt-engine',
                lines: [`our_host_name = ${nameOf(view.get(address))}`],
                at: 'bottom',
              }),
            mode: 0o644,
          },
        ),
      ]
    : [];
