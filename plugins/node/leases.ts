import { createHash } from 'node:crypto';
import { type Step, type View, fact, readText } from '#kit';
import { directories, editFile, withBlock } from '#steps';
import { address, isEnrolled } from './settings.ts';

const folder = '/etc/sanlock';
/** Characters; sanlock takes 48. */
const nameLength = 32;

/** The installation of the operating system; nobody else is to know it as it is (machine-id(5)). */
export const machine = fact('node-machine', async (host) => (await readText(host, '/etc/machine-id')) ?? '');

/**
 * A name that no other machine has, also none that takes the place of this one under its address: of two with one name, each takes the other for itself in
 * an earlier life.
 */
const nameOf = (view: View): string =>
  createHash('sha256')
    .update(`${view.fact(machine).trim()} ${view.get(address)}`)
    .digest('hex')
    .slice(0, nameLength);

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
                lines: [`our_host_name = ${nameOf(view)}`],
                at: 'bottom',
              }),
            mode: 0o644,
          },
        ),
      ]
    : [];
