import { describe, expect, test } from 'vitest';
import { ovn, unit as ovnUnit } from '../../plugins/ovn/settings.ts';
import { unit as websocketUnit, websocketProxy } from '../../plugins/websocket/settings.ts';
import { type Machine, copyOf, watchedHost } from '../../src/setup/host/memory/index.ts';
import { conf, diskOf, install, machineFor, samples } from '../support/installation.ts';
import { again, between, leftBy, placeOf, stale } from './again.ts';

/** Units that run, but for those of OVN, which no step needs any more: they are enabled, and a host that boots starts them by itself. */
const ours = ({ running }: Machine): readonly string[] => [...running.keys()].filter((name) => name !== 'ovn-central').sort();

const sample = (name: string) => samples.filter(({ path }) => path === `answers/${name}`);

describe.each([
  [websocketUnit, websocketProxy.key, 'minimal.conf'],
  [ovnUnit, ovn.key, 'minimal.conf'],
  [ovnUnit, ovn.key, 'sandbox.yaml'],
])('the component %s that is declined after it was installed (%s, %s)', (unit, key, name) => {
  const files = sample(name);
  const declined = [...files, conf({ [key]: 'bool:False' })];
  const installed = async (): Promise<Machine> => {
    const machine = await again(machineFor(files), files);
    expect(machine.running.has(unit)).toBe(true);
    return machine;
  };

  test('is gone in the end when the power is cut, or setup is killed, at any effect', async () => {
    const before = await installed();
    const wanted = copyOf(before);
    const { host, moments } = watchedHost(wanted);
    const { outcome, screen } = await install({ machine: wanted, files: declined, host });
    expect(outcome.failure, screen).toBeUndefined();
    expect(wanted.running.has(unit)).toBe(false);
    for (const moment of between(moments())) {
      for (const machine of leftBy(moment)) {
        const again = await install({ machine, files: declined });
        expect(again.outcome.failure, again.screen).toBeUndefined();
        expect(diskOf(machine), placeOf(moment)).toEqual(diskOf(wanted));
        expect(ours(machine)).toEqual(ours(wanted));
      }
    }
  });

  test('is back, and runs, when any effect fails', async () => {
    const before = await installed();
    const { host } = await install({ machine: copyOf(before), files: declined });
    let takenBack = 0;
    for (let at = 1; at <= host.effects.length; at++) {
      const machine = copyOf(before);
      const { outcome, screen } = await install({ machine, files: declined, accidents: [{ at, how: 'fail' }] });
      if (outcome.failure === undefined || !machine.running.has(unit)) continue;
      takenBack++;
      expect(outcome.leftOver, screen).toEqual([]);
      expect(diskOf(machine), host.effects[at - 1] ?? '').toEqual(diskOf(before));
      expect(stale(machine)).toEqual([]);
    }
    // Behind the journal's end there is nothing to go back to.
    expect(takenBack).toBeGreaterThan(host.effects.length - 6);
  });
});
