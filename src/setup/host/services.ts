import { SetupError } from '../kit/errors.ts';
import { message } from '../kit/text.ts';
import type { Host } from '../kit/host.ts';
import { demand } from './supervisor/client.ts';
import { isSettled, readRecords } from './supervisor/records.ts';
import { bareName, isUnitName } from './supervisor/sandbox-paths.ts';
import { type UnitState, unitStates } from './supervisor/unit-states.ts';

const unitPath = (name: string): string => `/etc/systemd/system/${name}.service`;
const linkPath = (name: string): string => `/etc/systemd/system/multi-user.target.wants/${name}.service`;

const nameOf = (unit: string): string => {
  const name = bareName(unit);
  if (!isUnitName(name)) throw new SetupError('failed', message`This is not the name of a unit: ${JSON.stringify(unit)}`);
  return name;
};

/** Services of a sandbox: real unit files below its root, run by its supervisor. */
export function sandboxServices(root: string, files: Host['files']): Host['services'] {
  const stateOf = async (unit: string): Promise<UnitState['state']> =>
    (await unitStates(root)).find(({ name }) => name === nameOf(unit))?.state ?? 'stopped';
  return {
    // One that is about to be restarted counts: who wants it out of the way has to stop it.
    isActive: async (unit) => ['running', 'restarting'].includes(await stateOf(unit)),
    isEnabled: async (unit) => (await files.read(linkPath(nameOf(unit))))?.kind === 'link',
    exists: async (unit) => (await files.read(unitPath(nameOf(unit)))) !== undefined,
    async enable(unit, on) {
      const name = nameOf(unit);
      if (!on) return files.remove(linkPath(name));
      if ((await files.read(unitPath(name))) === undefined) {
        throw new SetupError('failed', message`There is no unit ${name}: ${files.real(unitPath(name))} is missing`);
      }
      await files.write(linkPath(name), { kind: 'link', target: unitPath(name) });
    },
    start: async (unit) => demand(root, { op: 'start', unit: nameOf(unit) }),
    async stop(unit) {
      const name = nameOf(unit);
      // Nothing to stop is no reason to start a supervisor. One that is only meant to run counts, or the next supervisor would start it.
      if (readRecords(root).some((record) => record.name === name && !isSettled(record))) await demand(root, { op: 'stop', unit: name });
    },
    restart: async (unit) => demand(root, { op: 'restart', unit: nameOf(unit) }),
    reload: async (unit) => demand(root, { op: 'reload', unit: nameOf(unit) }),
  };
}
