import { describe, expect, test } from 'vitest';
import { type Host, file, textOf } from '#kit';
import { freeName, name, user } from '../../../../plugins/database/settings.ts';
import { type Machine, afterPowerCut, memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { changeCluster, clusterFolder, clusterOf, clusterUnit, hostWithCluster } from '../../../support/debian-cluster.ts';
import { dialogue, goodPassword } from '../../../support/dialogue.ts';
import { english } from '../../../support/fakes.ts';
import { conf, diskOf, install } from '../../../support/installation.ts';

const given = { 'OVESETUP_CONFIG/adminPassword': goodPassword };
const run = (machine: Machine, more: Readonly<Record<string, string>> = {}) =>
  install({ machine, files: [conf({ 'OVESETUP_CONFIG/adminPassword': `str:${goodPassword}`, ...more })] });
async function setUp(machine: Machine, more: Readonly<Record<string, string>> = {}): Promise<Host & { effects: readonly string[] }> {
  const { outcome, host, screen } = await run(machine, more);
  expect(outcome.failure, screen).toBeUndefined();
  return host;
}
const changes = ({ effects }: { readonly effects: readonly string[] }): readonly string[] =>
  effects.filter((effect) => !effect.includes('/setup/answers/'));
const ownFile = ({ disk }: Machine): string => textOf(disk.get(`${clusterFolder}/conf.d/ovirt-engine.conf`));
const settingsIn = (machine: Machine): readonly string[] => ownFile(machine).split('\n').filter((line) => /^\w/.test(line)); // prettier-ignore
const suffixed = 'engine_20260102030405';

describe('names of databases on a server that others use, too', () => {
  test('are the usual ones where these are free', async () => {
    const machine = await hostWithCluster(['shop']);
    await setUp(machine);
    expect(Object.keys(clusterOf(machine).databases).sort()).toEqual(['engine', 'ovirt_engine_history', 'postgres', 'shop']);
  });

  test('get the time behind them where they are not, and what others have stays as it is', async () => {
    const machine = await hostWithCluster(['engine', 'ovirt_engine_history']);
    const before = clusterOf(machine);
    await setUp(machine);
    const after = clusterOf(machine);
    for (const kind of ['roles', 'databases'] as const)
      for (const one of ['engine', 'ovirt_engine_history']) expect(after[kind][one], `${kind} ${one}`).toEqual(before[kind][one]);
    expect(after.databases[suffixed]).toMatchObject({ owner: suffixed, open: false });
    expect(after.databases).toHaveProperty('ovirt_engine_history_20260102030405');
    expect(textOf(machine.disk.get(`${clusterFolder}/pg_hba.conf`))).toContain(`host    "${suffixed}"  "${suffixed}"  127.0.0.1/32`);
    expect(textOf(machine.disk.get('/etc/ovirt-engine/engine.conf.d/10-setup-database.conf'))).toContain(
      `ENGINE_DB_DATABASE="${suffixed}"`,
    );
    // A later run knows them, whatever time it is then.
    const later = { ...machine, now: new Date('2026-01-03T00:00:00Z') };
    expect(changes(await setUp(later))).toEqual([]);
  });

  test('get it also where only a role has the name', async () => {
    const machine = await hostWithCluster(['engine']);
    changeCluster(machine, ({ databases }) => delete databases['engine']);
    const { find } = await dialogue({ machine, given });
    expect([find(name), find(user)]).toEqual([suffixed, suffixed]);
  });

  test('are those that an interrupted run has begun with', async () => {
    const machine = await hostWithCluster(['engine']);
    const rules = ['# BEGIN engine-setup', 'host    "engine_20251231235959"  "engine_20251231235959"  127.0.0.1/32    scram-sha-256'];
    machine.disk.set(`${clusterFolder}/pg_hba.conf`, file([...rules, '# END engine-setup', ''].join('\n'), 0o640));
    for (const one of [machine, afterPowerCut(machine)]) {
      const { answers, find } = await dialogue({ machine: one, given });
      expect([find(name), find(user)]).toEqual(['engine_20251231235959', 'engine_20251231235959']);
      // Of the other database it has not said anything yet.
      expect(freeName(answers, 'ovirt_engine_history')).toBe('ovirt_engine_history');
    }
  });

  test.each([
    ['role', 'databases'],
    ['database', 'roles'],
  ] as const)(
    'are not taken from a %s of others that is seen only once the server runs, and nothing is left of the attempt',
    async (kind, none) => {
      const machine = await hostWithCluster(['engine'], { down: true });
      changeCluster(machine, (cluster) => {
        delete cluster[none]['engine'];
        // An owner that is there.
        for (const found of Object.values(cluster.databases)) found.owner = 'postgres';
      });
      const theirs = clusterOf(machine);
      const before = diskOf(machine);
      const { outcome, screen } = await run(machine);
      expect(english(outcome.failure)).toMatchObject({
        code: 'failed',
        remedy: expect.stringContaining('Run setup again while the server runs'),
      });
      expect(screen).toContain(`The ${kind} engine is on this server already, and setup has not made it`);
      expect(outcome.leftOver).toEqual([]);
      expect(diskOf(machine)).toEqual(before);
      // Then it can see which names are free.
      await memoryHost(machine).services.start(clusterUnit);
      await setUp(machine);
      expect(clusterOf(machine).databases).toHaveProperty(suffixed);
      for (const of of ['roles', 'databases'] as const) expect(clusterOf(machine)[of]['engine']).toEqual(theirs[of]['engine']);
    },
  );

  test('are not taken from others either where an answer says so', async () => {
    const machine = await hostWithCluster(['engine']);
    const { outcome, screen } = await run(machine, { 'OVESETUP_DB/database': 'str:engine', 'OVESETUP_DB/user': 'str:engine' });
    expect(outcome.failure).toBeDefined();
    expect(screen).toContain('The role engine is on this server already');
    expect(clusterOf(machine).roles['engine']).toEqual({ verifier: 'of engine' });
  });
});

describe('the settings of the server in a file of our own', () => {
  const all = [
    'max_connections = 150',
    'autovacuum_vacuum_scale_factor = 0.01',
    'autovacuum_analyze_scale_factor = 0.075',
    'autovacuum_max_workers = 6',
    'maintenance_work_mem = 64MB',
    'work_mem = 8MB',
  ];

  test('are all that the engine needs where setup makes the cluster, and stay by a second run', async () => {
    const machine = newMachine();
    await setUp(machine);
    expect(settingsIn(machine)).toEqual(all);
    expect(changes(await setUp(machine))).toEqual([]);
    const off = afterPowerCut(machine);
    await setUp(off);
    expect(settingsIn(off)).toEqual(all);
  });

  test('are only those that a server lacks which is there', async () => {
    const machine = await hostWithCluster([], { configuration: 'max_connections = 300\n' });
    const theirs = textOf(machine.disk.get(`${clusterFolder}/postgresql.conf`));
    await setUp(machine);
    const lacking = ['autovacuum_vacuum_scale_factor = 0.01', 'autovacuum_max_workers = 6', 'work_mem = 8MB'];
    expect(settingsIn(machine)).toEqual(lacking);
    expect(textOf(machine.disk.get(`${clusterFolder}/postgresql.conf`))).toBe(theirs);
    expect(changes(await setUp(machine))).toEqual([]);
    expect(settingsIn(machine)).toEqual(lacking);
  });

  test('are chosen by its files where it does not run', async () => {
    const machine = await hostWithCluster([], { down: true, configuration: 'max_connections = 300\nwork_mem = 16MB\n' });
    await setUp(machine);
    expect(settingsIn(machine)).toEqual(all.filter((line) => !/^(max_connections|work_mem)/.test(line)));
  });

  test('get a line more when somebody takes away what was enough', async () => {
    const machine = await hostWithCluster([], { configuration: 'max_connections = 300\n' });
    await setUp(machine);
    const path = `${clusterFolder}/postgresql.conf`;
    machine.disk.set(path, file(textOf(machine.disk.get(path)).replace('300', '100'), 0o644));
    await memoryHost(machine).services.restart(clusterUnit);
    await setUp(machine);
    expect(settingsIn(machine)).toContain('max_connections = 150');
    expect(settingsIn(machine)).toContain('work_mem = 8MB');
  });
});

describe('a cluster of the distribution', () => {
  test('is made by setup, not by its package, and only where there is none', async () => {
    const fresh = await setUp(newMachine());
    expect(fresh.effects).toContain('pg_createcluster --locale=C.UTF-8 --encoding=UTF8 --port=5432 15 main');
    expect(await fresh.files.read('/etc/postgresql-common/createcluster.d/ovirt-engine.conf')).toBeDefined();
    const there = await setUp(await hostWithCluster(['shop']));
    expect(there.effects.filter((effect) => /createcluster|initdb/.test(effect))).toEqual([]);
  });
});
