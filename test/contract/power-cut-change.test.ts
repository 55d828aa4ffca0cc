import { describe, expect, test } from 'vitest';
import type { Plugin } from '#kit';
import { schema } from '#steps';
import * as databaseSettings from '../../plugins/database/settings.ts';
import { plugins } from '../../plugins/index.ts';
import { shippedMigrations } from '../../src/setup/render/shipped.ts';
import { type Machine, afterPowerCut, copyOf, newMachine } from '../../src/setup/host/memory/index.ts';
import { conf, diskOf, install, samples } from '../support/installation.ts';
import { stale } from './again.ts';

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
  const installed = async (): Promise<Machine> => {
    const machine = newMachine();
    expect((await install({ machine, files })).outcome.failure).toBeUndefined();
    return machine;
  };

  test('ends the same when the power is cut, or setup is killed, at any effect', async () => {
    const before = await installed();
    const wanted = copyOf(before);
    const { host, outcome, screen } = await install({ machine: wanted, files: changed });
    expect(outcome.failure, screen).toBeUndefined();
    expect(host.effects).toContain('restart ovirt-engine');
    for (let at = 1; at <= host.effects.length; at++) {
      for (const survive of [false, true]) {
        const first = copyOf(before);
        await install({ machine: first, files: changed, accidents: [{ at, how: 'cut-before' }] });
        const machine = survive ? first : afterPowerCut(first);
        const again = await install({ machine, files: changed });
        expect(again.outcome.failure, again.screen).toBeUndefined();
        expect(diskOf(machine)).toEqual(diskOf(wanted));
        expect([...machine.running.keys()].sort()).toEqual([...wanted.running.keys()].sort());
        expect(stale(machine), `${host.effects[at - 1] ?? ''}: units that run with an old configuration`).toEqual([]);
      }
    }
  });

  test('has the old state back, and the services on it, when any effect fails', async () => {
    const before = await installed();
    const { host } = await install({ machine: copyOf(before), files: changed });
    for (let at = 1; at <= host.effects.length; at++) {
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
      expect(diskOf(machine), host.effects[at - 1] ?? '').toEqual(diskOf(before));
      expect([...machine.running.keys()].sort()).toEqual([...before.running.keys()].sort());
      expect(stale(machine), `${host.effects[at - 1] ?? ''}: units that run with a configuration that was taken back`).toEqual([]);
    }
  });
});

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
          const admin = { ...at, name: 'postgres', user: 'postgres', password: view.get(databaseSettings.adminPassword) };
          return schema({ ...step }, { at, admin, schema: 'public', migrations: [...shipped, newer] });
        }),
    };
  });
  const clusterOf = (machine: Machine): string => diskOf(machine)['/var/lib/pgsql/data/base/cluster.json'] ?? '';
  const installed = async (): Promise<Machine> => {
    const machine = newMachine();
    expect((await install({ machine, files })).outcome.failure).toBeUndefined();
    return machine;
  };

  test('ends the same when the power is cut, or setup is killed, at any effect', async () => {
    const before = await installed();
    const wanted = copyOf(before);
    const { host, outcome, screen } = await install({ machine: wanted, files, plugins: next });
    expect(outcome.failure, screen).toBeUndefined();
    expect(clusterOf(wanted)).toContain(newer.version);
    expect(clusterOf(wanted)).not.toContain('_before_');
    for (let at = 1; at <= host.effects.length; at++) {
      for (const survive of [false, true]) {
        const first = copyOf(before);
        await install({ machine: first, files, plugins: next, accidents: [{ at, how: 'cut-before' }] });
        const machine = survive ? first : afterPowerCut(first);
        const again = await install({ machine, files, plugins: next });
        expect(again.outcome.failure, `${host.effects[at - 1] ?? ''}\n${again.screen}`).toBeUndefined();
        // A copy that is not needed any more may stay until the next upgrade, if the power went before it could be dropped.
        const tidy = (text: string): string => text.replace(/,"engine_(before_public|failed)":\{.*?\{.*?\}.*?\{.*?\}.*?\}\}/, '');
        expect(tidy(clusterOf(machine)), host.effects[at - 1]).toEqual(clusterOf(wanted));
        expect([...machine.running.keys()].sort()).toEqual([...wanted.running.keys()].sort());
      }
    }
  });

  test('has the old database back, with its owner and its rights, when any effect fails, and also when the power is cut while it goes back', async () => {
    const before = await installed();
    const { host } = await install({ machine: copyOf(before), files, plugins: next });
    for (let at = 1; at <= host.effects.length; at++) {
      const machine = copyOf(before);
      const { outcome, screen } = await install({ machine, files, plugins: next, accidents: [{ at, how: 'fail' }] });
      if (outcome.failure === undefined) continue;
      expect(outcome.leftOver, screen).toEqual([]);
      expect(diskOf(machine), host.effects[at - 1]).toEqual(diskOf(before));
      expect([...machine.running.keys()].sort()).toEqual([...before.running.keys()].sort());
      for (let later = 1; later <= 12; later++) {
        const cut = copyOf(before);
        await install({
          machine: cut,
          files,
          plugins: next,
          accidents: [
            { at, how: 'fail' },
            { at: at + later, how: 'cut-before' },
          ],
        });
        const back = afterPowerCut(cut);
        // Forward again, and made to fail again at its last migration: the data is still there.
        await install({ machine: back, files, plugins: next });
        expect(clusterOf(back), `${host.effects[at - 1] ?? ''}, then cut ${later} later`).toContain('"attached":true');
        expect(clusterOf(back)).toContain(newer.version);
      }
    }
  });
});
