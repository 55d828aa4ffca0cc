import { describe, expect, test } from 'vitest';
import { type Machine, copyOf, watchedHost } from '../../src/setup/host/memory/index.ts';
import { conf, diskOf, install, machineFor, samples } from '../support/installation.ts';
import { again, between, leftBy, oneOf, placeOf, stale } from './again.ts';

describe('a change of an installation that is there', () => {
  const files = samples.slice(0, 1);
  const changed = [
    ...files,
    conf({
      'OVESETUP_CONFIG/publicHttpsPort': 'int:9443',
      'OVESETUP_DB/port': 'int:5433',
      'OVESETUP_CONFIG/fqdn': 'str:engine.example.net',
    }),
  ];
  const installed = (): Promise<Machine> => again(machineFor(files), files);

  test('ends the same when the power is cut, or setup is killed, at any effect', async () => {
    const before = await installed();
    const wanted = copyOf(before);
    const { host, moments } = watchedHost(wanted);
    const { outcome, screen } = await install({ machine: wanted, files: changed, host });
    expect(outcome.failure, screen).toBeUndefined();
    expect(host.effects).toContain('restart ovirt-engine');
    for (const moment of between(moments())) {
      for (const machine of leftBy(moment)) {
        const again = await install({ machine, files: changed });
        expect(again.outcome.failure, again.screen).toBeUndefined();
        expect(diskOf(machine)).toEqual(diskOf(wanted));
        expect([...machine.running.keys()].sort()).toEqual([...wanted.running.keys()].sort());
        expect(stale(machine), `${placeOf(moment)}: units that run with an old configuration`).toEqual([]);
      }
    }
  });

  test('has the old state back, and the services on it, when any effect fails', async () => {
    const before = await installed();
    const { host } = await install({ machine: copyOf(before), files: changed });
    for (const [index, effect] of host.effects.entries()) {
      const at = index + 1;
      // Lines of the journal are all written alike.
      if (effect.startsWith('append ') && !oneOf(3, at)) continue;
      const machine = copyOf(before);
      const { outcome, screen } = await install({ machine, files: changed, accidents: [{ at, how: 'fail' }] });
      if (
        outcome.failure === undefined ||
        diskOf(machine)['/etc/ovirt-engine/engine.conf.d/10-setup-protocols.conf']?.includes('9443') === true
      ) {
        // It failed after the journal's end, where there is nothing to go back to.
        expect(at).toBeGreaterThan(host.effects.length - 6);
        continue;
      }
      expect(outcome.leftOver, screen).toEqual([]);
      expect(diskOf(machine), effect).toEqual(diskOf(before));
      expect([...machine.running.keys()].sort()).toEqual([...before.running.keys()].sort());
      expect(stale(machine), `${effect}: units that run with a configuration that was taken back`).toEqual([]);
    }
  });
});
