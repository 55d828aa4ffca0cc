import { describe, expect, test } from 'vitest';
import { textOf } from '#kit';
import { type Machine, copyOf, newMachine, watchedHost } from '../../src/setup/host/memory/index.ts';
import { conf, diskOf, install, samples } from '../support/installation.ts';
import { between, expectSameEnd, leftBy, oneOf, placeOf } from './again.ts';

/* The cluster of a trial is brought to another major version of PostgreSQL. */

const sample = samples.filter(({ path }) => path === 'answers/sandbox.yaml');
const kept = [...sample, conf({ 'OVESETUP_PROVISIONING/postgresUpgradeCleanold': 'bool:False' })];

/** An installation on PostgreSQL 15, on a machine whose program has come with 18 since. */
async function before(): Promise<Machine> {
  const machine = newMachine({ prefix: '/srv/trial', postgresVersion: '15' });
  const { outcome, screen } = await install({ machine, files: sample });
  expect(outcome.failure, screen).toBeUndefined();
  return { ...machine, postgresVersion: '18', systemPostgres: ['15'] };
}

const versionIn = ({ disk }: Machine, data: string): string => textOf(disk.get(`/var/lib/pgsql/${data}/PG_VERSION`)).trim();
const databasesOf = ({ disk }: Machine, data = 'data'): unknown =>
  (JSON.parse(textOf(disk.get(`/var/lib/pgsql/${data}/base/cluster.json`))) as { readonly databases: unknown }).databases;

describe.each([
  ['removed', sample],
  ['kept', kept],
] as const)('an upgrade of PostgreSQL whose old data are %s', (what, files) => {
  test('ends the same when the power is cut, or setup is killed, at any effect', async () => {
    const there = await before();
    const wanted = copyOf(there);
    const { host, moments } = watchedHost(wanted);
    const { outcome, screen } = await install({ machine: wanted, files, host });
    expect(outcome.failure, screen).toBeUndefined();
    expect(versionIn(wanted, 'data')).toBe('18');
    expect(versionIn(wanted, 'data-15')).toBe(what === 'kept' ? '15' : '');
    expect(databasesOf(wanted)).toEqual(databasesOf(there));
    for (const moment of between(moments()).filter(({ at, effect }) => effect.startsWith('rename ') || oneOf(2, at))) {
      for (const machine of leftBy(moment)) {
        const again = await install({ machine, files });
        expect(again.outcome.failure, `${placeOf(moment)}\n${again.screen}`).toBeUndefined();
        // The old data are thrown away after the end of the run: one that is cut off just there leaves them where they are kept.
        for (const path of machine.disk.keys())
          if (what === 'removed' && path.startsWith('/var/lib/pgsql/data-15')) machine.disk.delete(path);
        await expectSameEnd(machine, wanted);
      }
    }
  });
});

test('an upgrade of PostgreSQL has the old cluster back, and running, when any effect fails, also when the way back is cut off', async () => {
  const there = await before();
  const { host } = await install({ machine: copyOf(there), files: sample });
  for (let at = 1; at <= host.effects.length; at++) {
    const machine = copyOf(there);
    const { host: failing, moments } = watchedHost(machine, { at, how: 'fail' });
    const { outcome, screen } = await install({ machine, files: sample, host: failing });
    if (outcome.failure === undefined) continue;
    expect(outcome.leftOver, `${host.effects[at - 1] ?? ''}\n${screen}`).toEqual([]);
    expect(diskOf(machine), host.effects[at - 1]).toEqual(diskOf(there));
    expect([...machine.running.keys()].sort()).toEqual([...there.running.keys()].sort());
    for (const moment of between(moments()).filter((one) => one.at > at && oneOf(11, one.at + at))) {
      const [back] = leftBy(moment);
      if (back === undefined) continue;
      const again = await install({ machine: back, files: sample });
      expect(again.outcome.failure, `${host.effects[at - 1] ?? ''}, then ${placeOf(moment)}\n${again.screen}`).toBeUndefined();
      expect(versionIn(back, 'data')).toBe('18');
      expect(databasesOf(back)).toEqual(databasesOf(there));
    }
  }
});
