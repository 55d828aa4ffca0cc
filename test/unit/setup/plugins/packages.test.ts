import { describe, expect, test } from 'vitest';
import type { PackageUpdate } from '#kit';
import packages from '../../../../plugins/packages/index.ts';
import { installed, kept, neededPackages } from '../../../../plugins/packages/needed.ts';
import { enableUpgrade, requireRollback } from '../../../../plugins/packages/settings.ts';
import { type Machine, copyOf, memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { dialogue, goodPassword } from '../../../support/dialogue.ts';
import { english } from '../../../support/fakes.ts';
import { conf, diskOf, install } from '../../../support/installation.ts';

const upgrade = 'OVESETUP_RPMDISTRO_PACKAGE_UPGRADE';
const rollback = 'OVESETUP_RPMDISTRO_REQUIRE_ROLLBACK';
const names = [upgrade, rollback];
const reversible: PackageUpdate = { name: 'ovirt-engine-dwh', from: '1', to: '2', reversible: true };
const irreversible: PackageUpdate = { name: 'ovirt-engine-portal', from: '3', to: '4', reversible: false };

const ask = async (updates: readonly PackageUpdate[], more: Omit<Parameters<typeof dialogue>[0], 'machine'> = {}) => {
  const { given = {} } = more;
  const result = await dialogue({
    ...more,
    machine: newMachine({ updates }),
    given: { 'OVESETUP_CONFIG/adminPassword': goodPassword, ...given },
  });
  const lines = result.dialog.logged.filter(([level]) => level === 'info').map(([, line]) => line);
  return { ...result, lines, asked: result.asked.filter((name) => names.includes(name)) };
};

describe('package updates', () => {
  test('are looked for, and nothing is asked where there are none', async () => {
    const { lines, asked, find } = await ask([], { typed: {} });
    expect(lines.slice(0, 2)).toEqual(['Checking for product updates...', 'No product updates found']);
    expect(asked).toEqual([]);
    expect([find(enableUpgrade), find(requireRollback)]).toEqual([undefined, undefined]);
  });

  test('are not looked for offline, and an answer about them has no effect there', async () => {
    const given = { 'OVESETUP_CORE/offlinePackager': true, 'OSETUP_RPMDISTRO/enableUpgrade': false };
    const { lines, asked, find, dialog } = await ask([reversible], { typed: {}, given });
    expect(lines).not.toContain('Checking for product updates...');
    expect(asked).toEqual([]);
    expect(find(enableUpgrade)).toBeUndefined();
    expect(dialog.logged.map(([, line]) => line)).toContainEqual(
      expect.stringContaining('OSETUP_RPMDISTRO/enableUpgrade (a.conf:1) has no effect'),
    );
  });

  test('are listed and asked about, with yes for Enter', async () => {
    const { dialog, asked, find, lines } = await ask([reversible], { typed: {} });
    expect(asked).toEqual([upgrade]);
    expect(dialog.asked.find(({ name }) => name === upgrade)).toMatchObject({
      initial: 'Yes',
      notes: expect.arrayContaining(['    ovirt-engine-dwh 1 -> 2', expect.stringContaining('--offline')]),
    });
    expect(find(enableUpgrade)).toBe(true);
    expect(lines).not.toContain('No product updates found');
  });

  test('have to be made before setup can go on', async () => {
    const { problems } = await ask([reversible], { given: { 'OSETUP_RPMDISTRO/enableUpgrade': false } });
    expect(problems).toMatchObject([{ id: 'OSETUP_RPMDISTRO/enableUpgrade', message: expect.stringContaining('--offline') }]);
    const { find } = await ask([reversible], { typed: { [upgrade]: 'no' } });
    expect(find(enableUpgrade)).toBeUndefined();
  });

  test('that cannot be taken back are a reason to end, unless somebody says otherwise', async () => {
    const { dialog, asked, find } = await ask([reversible, irreversible], { typed: { [rollback]: 'no' } });
    expect(asked).toEqual([upgrade, rollback]);
    expect(dialog.asked.find(({ name }) => name === rollback)).toMatchObject({
      initial: 'Yes',
      notes: expect.arrayContaining(['    ovirt-engine-portal']),
    });
    expect(find(requireRollback)).toBe(false);
    const unattended = await ask([irreversible]);
    expect(unattended.problems).toMatchObject([{ id: 'OSETUP_RPMDISTRO/requireRollback' }]);
    const accepted = await ask([irreversible], { given: { 'OSETUP_RPMDISTRO/requireRollback': false } });
    expect(accepted.problems).toEqual([]);
  });

  test('are preceded by a look for a newer setup, which would have to come first', async () => {
    const { lines, dialog } = await ask([reversible], { typed: {} });
    expect(lines).toContain('Checking for an update for Setup...');
    expect(dialog.notes).toContain('No update for Setup found.');
    const old: PackageUpdate = { name: 'engine-setup', from: '1', to: '2', reversible: true };
    const { problems, find } = await ask([reversible, old], { given: { 'OSETUP_RPMDISTRO/enableUpgrade': true } });
    expect(problems).toMatchObject([
      { id: 'OSETUP_RPMDISTRO/enableUpgrade', message: expect.stringContaining('apt-get install --only-upgrade engine-setup') },
    ]);
    expect(find(enableUpgrade)).toBeUndefined();
  });
});

describe('packages that the components need', () => {
  const view = async (given: Readonly<Record<string, unknown>> = {}, machine = newMachine()) =>
    (await dialogue({ machine, given: { 'OVESETUP_CONFIG/adminPassword': goodPassword, ...given } })).answers;
  const remote = { 'OVESETUP_PROVISIONING/postgresProvisioningEnabled': false, 'OVESETUP_DB/host': 'db1.example.net' };
  const withoutHistory = { 'OVESETUP_DWH_CORE/enable': false };
  const withoutEngine = { 'OVESETUP_ENGINE_CORE/enable': false, 'OVESETUP_ENGINE_CONFIG/fqdn': 'engine.example.net' };

  test.each([
    ['a server, a web server and OVN for the engine', {}, ['postgresql-15', 'apache2', 'openssh-server', 'ovn-central']],
    ['no OVN where it is declined', { 'OVESETUP_OVN/ovirtProviderOvn': false }, ['postgresql-15', 'apache2', 'openssh-server']],
    ['a server for the history beside an engine database elsewhere', remote, ['postgresql-15', 'apache2', 'openssh-server', 'ovn-central']],
    ['no server where nothing of ours is in one', { ...remote, ...withoutHistory }, ['apache2', 'openssh-server', 'ovn-central']],
    ['a server alone for a history without the engine', withoutEngine, ['postgresql-15']],
    ['none without either, and so there is no step', { ...withoutEngine, ...withoutHistory }, []],
  ])('are %s', async (_, given, needed) => {
    const answers = await view(given);
    expect(neededPackages(answers)).toEqual(needed);
    const silent = (needed as readonly string[]).includes('openssh-server') ? ['packages/silent-ssh-server'] : [];
    expect(packages.steps?.(answers).map(({ id }) => id)).toEqual(
      needed.length === 0 ? [] : [...silent, 'packages/install', 'packages/kept'],
    );
  });

  test('are looked for before anything is changed, and only those that are missing', async () => {
    const findings = async (machine: Machine, given = {}) =>
      english(await packages.preflight?.(await view(given, machine), memoryHost(machine)));
    expect(await findings(newMachine())).toEqual([]);
    const away = { unreachableSources: true };
    expect(await findings(newMachine(away))).toMatchObject([
      {
        id: 'packages-missing',
        level: 'error',
        message: expect.stringMatching(/postgresql-15 apache2 openssh-server ovn-central\. They cannot be had: the sources/),
      },
    ]);
    const some = new Map([
      ['postgresql-15', '15.18'],
      ['openssh-server', '9.2'],
    ]);
    expect(await findings(newMachine({ ...away, packages: some }))).toMatchObject([
      { message: expect.stringContaining('installed: apache2 ovn-central.') },
    ]);
    expect(await findings(newMachine({ ...away, packages: new Map([...some, ['apache2', '2.4'], ['ovn-central', '23.03']]) }))).toEqual([]);
    expect(await findings(newMachine({ packages: some }), { 'OVESETUP_CORE/offlinePackager': true })).toMatchObject([
      { message: expect.stringContaining('Setup was told to stay off the network') },
    ]);
  });

  test('are installed, and removed by a rollback if this run has brought them', async () => {
    const machine = newMachine({ packages: new Map([['apache2', '2.4']]) });
    const before = diskOf(machine);
    const files = [conf({ 'OVESETUP_CONFIG/adminPassword': `str:${goodPassword}` })];
    const { effects } = (await install({ machine: copyOf(machine), files })).host;
    const at = effects.findIndex((effect) => effect.startsWith('pg_createcluster')) + 1;
    const { outcome, host } = await install({ machine, files, accidents: [{ at, how: 'fail' }] });
    expect(outcome.failure).toBeDefined();
    expect(host.effects.filter((effect) => effect.startsWith('apt-get'))).toEqual([
      'apt-get install postgresql-15 openssh-server ovn-central logrotate',
      'apt-get purge logrotate openssh-server ovn-central postgresql-15',
    ]);
    expect(diskOf(machine)).toEqual(before);
  });

  test('that somebody else has installed meanwhile stay, with all that they need', async () => {
    const there = ['adduser', 'apache2', 'apache2-bin', 'nginx', 'libshared', 'libapache', 'tree'];
    const needs: Readonly<Record<string, readonly string[]>> = { apache2: ['apache2', 'apache2-bin', 'libapache', 'libshared', 'adduser'] };
    const removed: string[] = [];
    const host = memoryHost(newMachine());
    const packages: typeof host.packages = {
      ...host.packages,
      installed: async () => there,
      neededBy: async (names) => [...new Set(names.flatMap((name) => needs[name] ?? (name === 'nginx' ? ['nginx', 'libshared'] : [name])))],
      remove: async (names) => void removed.push(...names),
    };
    const { undo } = installed(['apache2']);
    if (typeof undo === 'object' && 'run' in undo) await undo.run({ ...host, packages }, ['adduser']);
    expect(removed).toEqual(['apache2', 'apache2-bin', 'libapache']);
  });
});

describe('packages that another one has brought', () => {
  const names = ['postgresql-15', 'apache2'];

  test('are noted as wanted for themselves, and as they were when that is taken back', async () => {
    const host = memoryHost(newMachine());
    await host.packages.install(names);
    const step = kept(names);
    expect(await step.check(host)).toEqual({ kind: 'none' });
    await host.packages.mark(['apache2', 'firewalld'], 'automatic');
    expect(await step.check(host)).toEqual({ kind: 'run', note: 'apache2' });
    const before = await step.prepare?.(host);
    await step.apply(host, () => undefined);
    expect(await step.check(host)).toEqual({ kind: 'none' });
    expect(await host.packages.automatic([...names, 'firewalld'])).toEqual(['firewalld']);
    if (typeof step.undo === 'object' && 'run' in step.undo) await step.undo.run(host, before ?? null);
    expect(await host.packages.automatic(names)).toEqual(['apache2']);
  });
});
