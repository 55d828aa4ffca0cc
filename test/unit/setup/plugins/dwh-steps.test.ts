import { unitPath } from '#steps';
import { describe, expect, test } from 'vitest';
import { paths, unit } from '../../../../plugins/dwh/settings.ts';
import { type Machine, clusterElsewhere, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { file as fileOf, textOf } from '../../../../src/setup/kit/host.ts';
import { clusterOf } from '../../../support/debian-cluster.ts';
import { dialogue } from '../../../support/dialogue.ts';
import { conf, diskOf, fewestAnswers, install, installOn } from '../../../support/installation.ts';

const key = 'OVESETUP_DWH_CORE/enable';
const owner = (machine: Machine) => clusterOf(machine).databases['engine']?.timekeeping;
const file = ({ disk }: Machine, path: string): string => textOf(disk.get(path));
const fragment = (machine: Machine, name: string): string => file(machine, paths.fragment(name));
const access = (machine: Machine): string => file(machine, '/etc/postgresql/15/main/pg_hba.conf');

describe('the data warehouse', () => {
  test('gets a database of its own, its configuration and the engine, and runs', async () => {
    const machine = newMachine();
    await installOn(machine);
    expect(machine.running.has(unit)).toBe(true);
    expect(clusterOf(machine).databases['ovirt_engine_history']?.schemas).toHaveProperty('public');
    expect(access(machine)).toMatch(/^host +"ovirt_engine_history" +"ovirt_engine_history" +127/m);
    const uuid = /^DWH_UUID="([\da-f-]{36})"$/m.exec(fragment(machine, '10-setup-uuid.conf'))?.[1];
    expect(owner(machine)).toEqual({ dwhUuid: uuid, dwhHostname: 'engine.example.net' });
    const database = fragment(machine, '10-setup-database.conf');
    for (const line of ['DWH_DB_DATABASE="ovirt_engine_history"', 'DWH_DB_PORT="5432"', 'ENGINE_DB_DATABASE="engine"'])
      expect(database).toContain(line);
    // Only root may change it, and its account read it.
    expect(machine.disk.get(paths.fragment('10-setup-database.conf'))).toMatchObject({ mode: 0o640 });
    expect(file(machine, paths.engineFragment)).toContain('DWH_DB_DATABASE="ovirt_engine_history"');
  });

  test.each([
    ['1', { SAMPLES: 24, HOURLY: 720, DAILY: 0 }],
    ['2', { SAMPLES: 24, HOURLY: 1440, DAILY: 43_800 }],
  ])('keeps as much as scale %s says', async (scale, hours) => {
    const machine = newMachine();
    await installOn(machine, { 'OVESETUP_DWH_CONFIG/scale': `str:${scale}` });
    for (const [name, count] of Object.entries(hours))
      expect(fragment(machine, '10-setup-scale.conf')).toContain(`DWH_TABLES_KEEP_${name}="${count}"`);
  });

  test('leaves nothing of itself where it is declined', async () => {
    const machine = newMachine();
    const { screen } = await installOn(machine, { [key]: 'bool:False' });
    expect(screen).not.toMatch(/dwh service|ovirt_engine_history|DWH database schema/);
    expect(Object.keys(diskOf(machine)).filter((path) => /dwh/i.test(path))).toEqual([]);
    expect(Object.keys(clusterOf(machine).databases).sort()).toEqual(['engine', 'postgres']);
    expect(Object.keys(clusterOf(machine).roles)).toEqual(['engine']);
    expect(access(machine)).not.toContain('history');
    expect(owner(machine)).toBeUndefined();
  });

  test('comes to an engine that has been running without one, and its role is let in at once', async () => {
    const machine = newMachine();
    await installOn(machine, { [key]: 'bool:False' });
    await installOn(machine, { [key]: 'bool:True' });
    expect(machine.running.has(unit)).toBe(true);
    expect(access(machine)).toContain('history');
  });

  test('goes when it is declined later, and comes back as the one it was, with its history', async () => {
    const machine = newMachine();
    await installOn(machine);
    const before = [fragment(machine, '10-setup-uuid.conf'), fragment(machine, '10-setup-database.conf')];
    await installOn(machine, { [key]: 'bool:False' });
    expect(machine.running.has(unit)).toBe(false);
    expect(machine.disk.has(unitPath(unit))).toBe(false);
    expect(owner(machine)).toBeUndefined();
    expect(clusterOf(machine).databases).toHaveProperty('ovirt_engine_history');
    expect((await installOn(machine, { [key]: 'bool:False' })).effects.some((effect) => effect.includes('dwh'))).toBe(false);
    await installOn(machine, { [key]: 'bool:True' });
    expect(machine.running.has(unit)).toBe(true);
    expect([fragment(machine, '10-setup-uuid.conf'), fragment(machine, '10-setup-database.conf')]).toEqual(before);
  });

  test('takes an engine over only when that is agreed to, after the other one has ended', async () => {
    const machine = newMachine();
    await installOn(machine);
    const other = { dwhUuid: 'other', dwhHostname: 'dwh.example.net', running: true };
    const claimed: Machine = { ...machine, warehouse: other };
    const refused = await install({ machine: claimed, files: [conf(fewestAnswers)] });
    expect(refused.screen).toContain('The engine keeps the Data Warehouse that it has');
    expect(other.running).toBe(true);
    const { screen } = await installOn(claimed, { 'OVESETUP_DWH_DB/disconnectExistingDwh': 'bool:True' });
    expect(screen).toContain('Stopping the Data Warehouse on dwh.example.net');
    expect(other.running).toBe(false);
    expect(owner(claimed)?.['dwhHostname']).toBe('engine.example.net');
  });
});

describe('an earlier history', () => {
  const plan = async (given: Readonly<Record<string, unknown>>) => {
    const machine = newMachine();
    await installOn(machine);
    return (await (await dialogue({ machine, given, typed: {} })).plan()).steps.map(({ step }) => step);
  };

  test('is copied before its schema is changed, unless somebody is sure', async () => {
    const [usual, brave] = [await plan({}), await plan({ 'OVESETUP_DWH_DB/performBackup': false })].map((steps) =>
      steps.find(({ id }) => id === 'dwh/schema'),
    );
    expect(usual?.undo).toHaveProperty('run');
    expect(brave?.undo).toHaveProperty('never');
  });

  test('is rewritten where somebody asks for it, with its service stopped', async () => {
    expect((await plan({})).map(({ id }) => id)).not.toContain('dwh/vacuum');
    const step = (await plan({ 'OVESETUP_DB/dwhVacuumFull': true })).find(({ id }) => id === 'dwh/vacuum');
    expect(step?.stops?.map((stop) => stop.unit)).toEqual([unit]);
  });
});

test('a history of our own stands on the server of this host, also where the database of the engine is on one of somebody else', async () => {
  const remote = { host: 'db1.example.net', port: 5432, name: 'engine', user: 'engine', password: 'canary-Daten-88' };
  const machine = newMachine({
    names: new Map([
      ['engine.example.net', ['192.0.2.10']],
      ['db1.example.net', ['192.0.2.20']],
    ]),
  });
  const engine = { owner: 'engine', open: false, schemas: {}, options: {} };
  const cluster = { adminPassword: '', roles: { engine: { verifier: '', password: remote.password } }, databases: { engine } };
  machine.disk.set(clusterElsewhere(remote.host, remote.port), fileOf(JSON.stringify(cluster), 0o600));
  const files = [
    conf({
      ...fewestAnswers,
      'OVESETUP_PROVISIONING/postgresProvisioningEnabled': 'bool:False',
      'OVESETUP_DB/host': `str:${remote.host}`,
      'OVESETUP_DB/password': `str:${remote.password}`,
    }),
  ];
  const { screen, outcome } = await install({ machine, files });
  expect(outcome.failure, screen).toBeUndefined();
  expect(Object.keys(clusterOf(machine).databases).sort()).toEqual(['ovirt_engine_history', 'postgres']);
  expect(textOf(machine.disk.get('/etc/postgresql/15/main/pg_hba.conf'))).not.toContain('"engine"');
  expect(textOf(machine.disk.get(clusterElsewhere(remote.host, remote.port)))).toContain('"dwhHostname":"engine.example.net"');
  const again = await install({ machine, files: [] });
  expect(again.host.effects.filter((effect) => !effect.includes('/setup/answers/'))).toEqual([]);
});
