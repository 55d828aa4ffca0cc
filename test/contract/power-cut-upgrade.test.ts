import { describe, expect, test } from 'vitest';
import { type Plugin, textOf } from '#kit';
import { schema } from '#steps';
import * as databaseSettings from '../../plugins/database/settings.ts';
import { plugins } from '../../plugins/index.ts';
import { shippedMigrations } from '../../src/setup/render/shipped.ts';
import { type Machine, afterPowerCut, copyOf, watchedHost } from '../../src/setup/host/memory/index.ts';
import { conf, diskOf, install, machineFor, outdated, samples } from '../support/installation.ts';
import { again, between, leftBy, placeOf, walksAll } from './again.ts';

/** A cluster as it is written, without safety copies of databases. */
function withoutCopies(text: string): string {
  const [, before = '', json = '{}'] = /^(.*?)(\{.*)$/s.exec(text) ?? [];
  const { databases, ...rest } = JSON.parse(json) as { readonly databases: Readonly<Record<string, unknown>> };
  const left = Object.fromEntries(Object.entries(databases).filter(([name]) => !/^engine_(before_public|failed)$/.test(name)));
  return `${before}${JSON.stringify({ ...rest, databases: left })}`;
}

describe('an upgrade of the schema', () => {
  const files = samples.slice(0, 1);
  const newer = { version: '04059001', script: '04_05_9001_more.sql', sql: 'create table more (id integer)', checksum: 'x' };
  const shipped = shippedMigrations('src/services/engine/schema/engine');
  const address = { host: 'localhost', port: 5432, name: 'engine', user: 'engine', password: '' };
  /** The plugins of the next version: the engine's schema has one migration more. */
  const next: readonly Plugin[] = plugins.map((plugin) => {
    const { steps } = plugin;
    if (plugin.name !== 'engine' || steps === undefined) return plugin;
    return {
      ...plugin,
      steps: (view) =>
        steps(view).map((step) => {
          if (step.id !== 'engine/schema') return step;
          const at = { ...address, password: view.get(databaseSettings.password) };
          return schema(
            { ...step },
            { at, admin: databaseSettings.administration(view), schema: 'public', migrations: [...shipped, newer] },
          );
        }),
    };
  });
  const clusterOf = (machine: Machine): string => diskOf(machine)['/var/lib/postgresql/15/main/base/cluster.json'] ?? '';
  const installed = (): Promise<Machine> => again(machineFor(files), files);

  test('ends the same when the power is cut, or setup is killed, at any effect', async () => {
    const before = await installed();
    const wanted = copyOf(before);
    const { host, moments } = watchedHost(wanted);
    const { outcome, screen } = await install({ machine: wanted, files, plugins: next, host });
    expect(outcome.failure, screen).toBeUndefined();
    expect(clusterOf(wanted)).toContain(newer.version);
    expect(clusterOf(wanted)).not.toContain('_before_');
    for (const moment of between(moments())) {
      for (const machine of leftBy(moment)) {
        const again = await install({ machine, files, plugins: next });
        expect(again.outcome.failure, `${placeOf(moment)}\n${again.screen}`).toBeUndefined();
        // A copy that is not needed any more may stay until the next upgrade, if the power went before it could be dropped.
        expect(withoutCopies(clusterOf(machine)), placeOf(moment)).toEqual(clusterOf(wanted));
        expect([...machine.running.keys()].sort()).toEqual([...wanted.running.keys()].sort());
      }
    }
  });

  test('has the old database back, with its owner and its rights, when any effect fails, and also when the power is cut while it goes back', async () => {
    const before = await installed();
    const { host } = await install({ machine: copyOf(before), files, plugins: next });
    for (let at = 1; at <= host.effects.length; at++) {
      const machine = copyOf(before);
      const { host: failing, moments } = watchedHost(machine, { at, how: 'fail' });
      const { outcome, screen } = await install({ machine, files, plugins: next, host: failing });
      if (outcome.failure === undefined) continue;
      expect(outcome.leftOver, screen).toEqual([]);
      expect(diskOf(machine), host.effects[at - 1]).toEqual(diskOf(before));
      expect([...machine.running.keys()].sort()).toEqual([...before.running.keys()].sort());
      // A third of the ways back for each failure, so that each place of a way back is cut after a third of the failures; or a seventh.
      const part = walksAll ? 3 : 7;
      for (const moment of between(moments()).filter((one) => one.at > at && one.at <= at + 12 && (one.at + at) % part === 0)) {
        const back = afterPowerCut(moment.machine);
        // Forward again, and made to fail again at its last migration: the data is still there.
        await install({ machine: back, files, plugins: next });
        expect(clusterOf(back), `${host.effects[at - 1] ?? ''}, then ${placeOf(moment)}`).toContain('"attached":true');
        expect(clusterOf(back)).toContain(newer.version);
      }
    }
  });
});

describe('an upgrade of a database with rows that violate its keys', () => {
  const files = [...samples.slice(0, 1), conf({ 'OVESETUP_DB/fixDbViolations': 'bool:True' })];
  const violations = { 'public.permissions.permissions_role_id_fkey': 3 };
  const path = '/var/lib/postgresql/15/main/base/cluster.json';
  const databasesOf = (machine: Machine) =>
    (JSON.parse(textOf(machine.disk.get(path))) as { readonly databases: Readonly<Record<string, object>> }).databases;
  const before = async (): Promise<Machine> => {
    const machine = machineFor(samples);
    expect((await install({ machine, files })).outcome.failure).toBeUndefined();
    return outdated(machine, { violations });
  };

  test('ends the same when the power is cut, or setup is killed, at any effect', async () => {
    const wanted = await before();
    const { host, moments } = watchedHost(wanted);
    const { outcome, screen } = await install({ machine: wanted, files, host });
    expect(outcome.failure, screen).toBeUndefined();
    expect(databasesOf(wanted)['engine']).not.toHaveProperty('violations');
    expect(Object.keys(databasesOf(wanted)).filter((name) => name.includes('_before_'))).toEqual([]);
    for (const moment of between(moments())) {
      for (const machine of leftBy(moment)) {
        const again = await install({ machine, files });
        expect(again.outcome.failure, `${placeOf(moment)}\n${again.screen}`).toBeUndefined();
        expect(databasesOf(machine)['engine'], placeOf(moment)).toEqual(databasesOf(wanted)['engine']);
        expect([...machine.running.keys()].sort()).toEqual([...wanted.running.keys()].sort());
      }
    }
  });

  test('has its rows back when any effect fails', async () => {
    const there = await before();
    const { host } = await install({ machine: copyOf(there), files });
    for (let at = 1; at <= host.effects.length; at++) {
      const machine = copyOf(there);
      const { outcome, screen } = await install({ machine, files, accidents: [{ at, how: 'fail' }] });
      if (outcome.failure === undefined) continue;
      expect(outcome.leftOver, screen).toEqual([]);
      expect(databasesOf(machine), host.effects[at - 1]).toEqual(databasesOf(there));
    }
  });
});
