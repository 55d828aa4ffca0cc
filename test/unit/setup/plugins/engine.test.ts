import { describe, expect, test } from 'vitest';
import { type Fact, type HostReader, type Response, file } from '#kit';
import database from '../../../../plugins/database/index.ts';
import engine from '../../../../plugins/engine/index.ts';
import { otherVersion, port } from '../../../../plugins/database/settings.ts';
import { applicationMode, engineStop, sanWipeAfterDelete, vacuum } from '../../../../plugins/engine/settings.ts';
import { paths as pki } from '../../../../plugins/pki/settings.ts';
import { isRemembered } from '../../../../src/setup/core/answers.ts';
import { type Machine, copyOf, memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { changeCluster, clusterOf } from '../../../support/debian-cluster.ts';
import { besideEngineHost } from '../../../support/engine-elsewhere.ts';
import { dialogue, goodPassword } from '../../../support/dialogue.ts';
import { english } from '../../../support/fakes.ts';
import { conf, install } from '../../../support/installation.ts';
import { hostKey, sshServers } from '../../../support/ssh-server.ts';

const answers = async (machine: Machine) => (await dialogue({ machine, given: { 'OVESETUP_CONFIG/adminPassword': goodPassword } })).answers;

/** A machine on which the product is installed. */
async function installed(given: Readonly<Record<string, string>> = {}, machine = newMachine()): Promise<Machine> {
  const { outcome, screen } = await install({
    machine,
    files: [conf({ 'OVESETUP_CONFIG/adminPassword': `str:${goodPassword}`, ...given })],
  });
  expect(outcome.failure, screen).toBeUndefined();
  return machine;
}

describe('the health of the engine', () => {
  const probe = async (get: () => Promise<Response>, withAuthority = true) => {
    const machine = newMachine();
    if (withAuthority) machine.disk.set(pki.authority, file('the CA', 0o644));
    const asked: unknown[] = [];
    const host: HostReader = { ...memoryHost(machine) };
    const [check] = engine.health?.(await answers(machine)) ?? [];
    const network = { ...host.network, get: async (request: unknown) => (asked.push(request), get()) };
    return { verdict: english(await check?.probe({ ...host, network })), asked };
  };

  test('is asked for over HTTPS with our own authority, within a limit', async () => {
    const { verdict, asked } = await probe(async () => ({ status: 200, body: 'fine' }));
    expect(verdict).toBeUndefined();
    expect(asked).toEqual([{ url: 'https://engine.example.net:443/ovirt-engine/services/health', ca: 'the CA', timeoutMs: 2000 }]);
  });

  test('is bad where it answers anything but 200, or nothing, or has no authority', async () => {
    expect((await probe(async () => ({ status: 503, body: `starting${'x'.repeat(1000)}` }))).verdict).toMatch(
      /^https:\/\/engine\.example\.net:443\/ovirt-engine\/services\/health answered 503: startingx{192}$/,
    );
    expect((await probe(() => Promise.reject(new Error('refused')))).verdict).toContain('does not answer (refused)');
    expect((await probe(async () => ({ status: 200, body: '' }), false)).verdict).toContain('is not there');
  });
});

describe('preflight', () => {
  test('names the program that holds a port which is wanted, and how to choose another', async () => {
    const machine = newMachine({ foreignPorts: new Map([[443, 'nginx']]) });
    const view = await answers(machine);
    const host = memoryHost(machine);
    expect(english(await engine.preflight?.(view, host))).toMatchObject([
      {
        id: 'https-port',
        level: 'error',
        message: 'Port 443, wanted for HTTPS, is taken by nginx (process 4711)',
        remedy: expect.stringContaining('--set OVESETUP_CONFIG/publicHttpsPort=PORT'),
      },
    ]);
    // A program of somebody else has neither a name nor a number for us.
    const hidden: HostReader = { ...host, network: { ...host.network, listener: async () => ({}) } };
    expect(english(await engine.preflight?.(view, hidden))).toMatchObject([
      { message: 'Port 443, wanted for HTTPS, is taken by a program of another user' },
    ]);
  });

  test('names who holds the port of the server of a trial; that of a whole host gets the next free one', async () => {
    const foreignPorts = new Map([
      [5432, 'postgres'],
      [15432, 'postgres'],
    ]);
    const trial = newMachine({ foreignPorts, prefix: '/srv/trial' });
    expect(english(await database.preflight?.(await answers(trial), memoryHost(trial)))).toMatchObject([
      {
        id: 'database-port',
        message: 'Port 15432, wanted for PostgreSQL, is taken by postgres (process 4711)',
        remedy: expect.stringContaining('--set OVESETUP_DB/port=PORT'),
      },
    ]);
    const whole = newMachine({ foreignPorts });
    const view = await answers(whole);
    expect(await database.preflight?.(view, memoryHost(whole))).toEqual([]);
    expect(view.get(port)).toBe(5433);
  });

  test('minds a foreign program on a port that our running service shall move to', async () => {
    const machine = newMachine({ foreignPorts: new Map([[443, 'nginx']]) });
    const content = Buffer.from('ENGINE_HTTPS_PORT="9443"\n');
    machine.disk.set('/etc/ovirt-engine/engine.conf.d/10-setup-protocols.conf', { kind: 'file', content, mode: 0o644 });
    const view = await answers(machine);
    machine.running.set('ovirt-engine', '');
    expect(await engine.preflight?.(view, memoryHost(machine))).toMatchObject([{ id: 'https-port' }]);
  });

  test('does not mind our own services on their ports', async () => {
    const machine = newMachine({
      prefix: '/srv/trial',
      foreignPorts: new Map([
        [443, 'apache2'],
        [5432, 'postgres'],
      ]),
    });
    const put = (path: string, text: string): void =>
      void machine.disk.set(path, { kind: 'file', content: Buffer.from(text), mode: 0o644 });
    put('/var/lib/pgsql/data/postgresql.conf', "port = '5432'\n");
    put('/var/lib/pgsql/admin-password', 'canary-Daten-88\n');
    const view = await answers(machine);
    machine.running.set('ovirt-engine', '');
    machine.running.set('postgresql', '');
    expect(await engine.preflight?.(view, memoryHost(machine))).toEqual([]);
    expect(await database.preflight?.(view, memoryHost(machine))).toEqual([]);
  });

  test('says why the programs of PostgreSQL cannot be run', async () => {
    const machine = newMachine();
    const view = await answers(machine);
    const broken = {
      ...view,
      fact: (fact: Fact<unknown>) =>
        fact === otherVersion ? undefined : { directory: '', launcher: [], problem: { message: 'No way', remedy: 'Find one' } },
    } as unknown as typeof view;
    expect(await database.preflight?.(broken, memoryHost(machine))).toEqual([
      { id: 'postgres-programs', level: 'error', message: 'No way', remedy: 'Find one' },
    ]);
  });
});

describe('the questions about the engine', () => {
  const names = [
    'OVESETUP_CONFIG_ADMIN_SETUP',
    'ENGINE_VACUUM_FULL',
    'OVESETUP_CONFIG_APPLICATION_MODE',
    'OVESETUP_CONFIG_SAN_WIPE_AFTER_DELETE',
  ];
  const asked = async (on: Parameters<typeof dialogue>[0]) => [
    ...new Set((await dialogue({ typed: {}, ...on })).asked.filter((name) => names.includes(name))),
  ];

  test('are others on a first installation than on a host that has the engine already', async () => {
    expect(await asked({})).toEqual(names.filter((name) => name !== 'ENGINE_VACUUM_FULL'));
    expect(await asked({ machine: await installed() })).toEqual(['ENGINE_VACUUM_FULL']);
  });

  test('are none where the engine is on another host', async () => {
    const given = { 'OVESETUP_ENGINE_CORE/enable': false, 'OVESETUP_ENGINE_CONFIG/fqdn': 'engine.example.net' };
    expect(await asked({ given })).toEqual([]);
    const { answers, problems } = await dialogue({
      machine: besideEngineHost(goodPassword, { sshServers: sshServers(goodPassword, 'engine.example.net:22') }),
      given: {
        ...given,
        'OVESETUP_DB/host': 'engine.example.net',
        'OVESETUP_DB/password': goodPassword,
        'OVESETUP_CONFIG/remoteEngineHostKey': hostKey.fingerprint,
        'OVESETUP_CONFIG/remoteEngineHostRootPassword': goodPassword,
      },
    });
    expect(problems).toEqual([]);
    expect(engine.steps?.(answers)).toEqual([]);
    expect(engine.health?.(answers)).toEqual([]);
    expect(await engine.summary?.(answers, memoryHost(newMachine()))).toEqual([]);
    expect(await engine.preflight?.(answers, memoryHost(newMachine({ foreignPorts: new Map([[443, 'nginx']]) })))).toEqual([]);
  });

  test.each([
    ['', 'both'],
    ['VIRT', 'virt'],
    ['gluster', 'gluster'],
  ])('have the application mode %j stored as %s', async (reply, wanted) => {
    expect((await dialogue({ typed: { OVESETUP_CONFIG_APPLICATION_MODE: ['everything', reply] } })).find(applicationMode)).toBe(wanted);
  });

  test('have the wish to wipe disks kept over runs, but asked once', async () => {
    const machine = await installed();
    const kept = { 'OVESETUP_CONFIG/sanWipeAfterDelete': true };
    const { find, problems } = await dialogue({ typed: {}, machine, kept });
    expect(problems).toEqual([]);
    expect(find(sanWipeAfterDelete)).toBe(true);
  });

  test.each([
    [{}, undefined],
    [{ 'OVESETUP_CORE/engineStop': true }, true],
    [{ 'OVESETUP_DIALOG/engineStop': 'Cancel' }, false],
  ])('are answered by %j about stopping the engine', async (given, agreed) => {
    const view = (await dialogue({ given: { ...given, 'OVESETUP_DB/engineVacuumFull': true }, machine: await installed() })).answers;
    const stopping = (engine.steps?.(view) ?? []).filter(({ stops }) => stops?.some(({ unit }) => unit === 'ovirt-engine'));
    expect(stopping.map(({ id }) => id)).toEqual(['engine/consistency', 'engine/schema', 'engine/directory-schema', 'engine/vacuum']);
    for (const { id, stops } of stopping)
      expect(stops?.find(({ unit }) => unit === 'ovirt-engine')?.consent, id).toMatchObject({
        name: 'OVESETUP_CORE_ENGINE_STOP',
        setting: engineStop,
      });
    expect(view.find(engineStop)).toBe(agreed);
  });
});

describe('an installation whose database is gone', () => {
  test.each([
    ['a trial', '/srv/trial', /^\/var\/lib\/pgsql/],
    ['a whole host', '', /^\/(etc|var\/lib)\/postgresql\//],
  ])('stops the run on %s before any change, and says how to go on', async (_, prefix, where) => {
    const machine = await installed({}, newMachine({ prefix }));
    const { answers: view } = await dialogue({ machine });
    expect(await engine.preflight?.(view, memoryHost(machine))).toEqual([]);
    for (const path of [...machine.disk.keys()]) if (where.test(path)) machine.disk.delete(path);
    const { answers: lost } = await dialogue({ machine });
    expect(english(await engine.preflight?.(lost, memoryHost(machine)))).toMatchObject([
      { id: 'database-lost', level: 'error', remedy: expect.stringContaining('from a backup') },
    ]);
  });
});

describe('the options of the engine', () => {
  const optionsOf = async (given: Readonly<Record<string, unknown>>, machine: Machine) => {
    const { answers: view } = await dialogue({ given, machine });
    const step = engine.steps?.(view).find(({ id }) => id === 'engine/options');
    return english(await step?.check(memoryHost(newMachine()))) as { note: string };
  };

  test('are what was asked for at the first installation; later an administrator has them in hand', async () => {
    const first = { 'OVESETUP_CONFIG/adminPassword': goodPassword };
    expect(await optionsOf(first, newMachine())).toMatchObject({
      note: 'ProductRPMVersion, FenceKdumpDestinationPort, ApplicationMode, SANWipeAfterDelete',
    });
    expect(await optionsOf({}, await installed())).toMatchObject({ note: 'ProductRPMVersion' });
    expect(await optionsOf({ 'OVESETUP_CONFIG/sanWipeAfterDelete': true }, await installed())).toMatchObject({
      note: 'ProductRPMVersion, SANWipeAfterDelete',
    });
  });

  test('are stored as the engine reads them, and stay as an administrator has them', async () => {
    const given = { 'OVESETUP_CONFIG/applicationMode': 'str:virt', 'OVESETUP_CONFIG/sanWipeAfterDelete': 'bool:True' };
    const machine = await installed(given);
    const options = () => clusterOf(machine).databases['engine']?.options;
    expect(options()).toMatchObject({ ApplicationMode: '1', SANWipeAfterDelete: 'true' });
    changeCluster(machine, ({ databases }) => (databases['engine']!.options['SANWipeAfterDelete'] = 'false'));
    expect((await install({ machine, files: [] })).outcome.failure).toBeUndefined();
    expect(options()).toMatchObject({ ApplicationMode: '1', SANWipeAfterDelete: 'false' });
  });
});

describe('a full vacuum', () => {
  test('is a step only where somebody asked for it, and goes over every table', async () => {
    const machine = await installed();
    const none = await install({ machine: copyOf(machine), files: [] });
    expect(none.host.effects.filter((effect) => effect.startsWith('vacuum'))).toEqual([]);
    const wanted = await install({ machine, files: [conf({ 'OVESETUP_DB/engineVacuumFull': 'bool:True' })] });
    expect(wanted.outcome.failure, wanted.screen).toBeUndefined();
    expect(wanted.host.effects.filter((effect) => effect.startsWith('vacuum')).sort()).toEqual([
      'vacuum (full, analyze) "aaa_jdbc"."t"',
      'vacuum (full, analyze) "public"."t"',
    ]);
    expect(machine.running.has('ovirt-engine')).toBe(true);
  });

  test('is not remembered: the next run does not want it by itself', async () => {
    const machine = await installed();
    const { answers: view } = await dialogue({ machine, typed: { ENGINE_VACUUM_FULL: 'yes' } });
    expect(view.get(vacuum)).toBe(true);
    expect(isRemembered(vacuum, view)).toBe(false);
  });
});
