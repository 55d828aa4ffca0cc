import { describe, expect, test } from 'vitest';
import { type HostReader, type Response, file } from '#kit';
import database from '../../../../plugins/database/index.ts';
import engine from '../../../../plugins/engine/index.ts';
import environment from '../../../../plugins/environment/index.ts';
import { paths as pki } from '../../../../plugins/pki/settings.ts';
import { type Machine, memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { conf, prepared } from '../../../support/installation.ts';

const answers = async (machine: Machine) =>
  (await prepared(machine, [conf({ 'OVESETUP_CONFIG/adminPassword': 'str:canary-Wort-77' })])).answers;

describe('the health of the engine', () => {
  const probe = async (get: () => Promise<Response>, withAuthority = true) => {
    const machine = newMachine();
    if (withAuthority) machine.disk.set(pki.authority, file('the CA', 0o644));
    const asked: unknown[] = [];
    const host: HostReader = { ...memoryHost(machine) };
    const [check] = engine.health?.(await answers(machine)) ?? [];
    const verdict = await check?.probe({ ...host, network: { ...host.network, get: async (request) => (asked.push(request), get()) } });
    return { verdict, asked };
  };

  test('is asked for over HTTPS with our own authority, within a limit', async () => {
    const { verdict, asked } = await probe(async () => ({ status: 200, body: 'fine' }));
    expect(verdict).toBeUndefined();
    expect(asked).toEqual([{ url: 'https://engine.example.net:443/ovirt-engine/services/health', ca: 'the CA', timeoutMs: 2000 }]);
  });

  test('is bad where it answers anything but 200, or nothing, or has no authority', async () => {
    expect((await probe(async () => ({ status: 503, body: `starting${'x'.repeat(1000)}` }))).verdict).toMatch(
      /^answered 503: startingx{192}$/,
    );
    expect((await probe(() => Promise.reject(new Error('refused')))).verdict).toContain('does not answer (refused)');
    expect((await probe(async () => ({ status: 200, body: '' }), false)).verdict).toContain('is not there');
  });
});

describe('preflight', () => {
  test('names the program that holds a port which is wanted, and how to choose another', async () => {
    const machine = newMachine({
      foreignPorts: new Map([
        [443, 'nginx'],
        [5432, 'postgres'],
      ]),
    });
    const view = await answers(machine);
    const host = memoryHost(machine);
    expect(await engine.preflight?.(view, host)).toMatchObject([
      {
        id: 'https-port',
        level: 'error',
        message: 'Port 443, wanted for HTTPS, is taken by nginx (process 4711)',
        remedy: expect.stringContaining('--set OVESETUP_CONFIG/publicHttpsPort=PORT'),
      },
    ]);
    expect(await database.preflight?.(view, host)).toMatchObject([
      {
        id: 'database-port',
        message: 'Port 5432, wanted for PostgreSQL, is taken by postgres (process 4711)',
        remedy: expect.stringContaining('--set OVESETUP_DB/port=PORT'),
      },
    ]);
    // A program of somebody else has neither a name nor a number for us.
    const hidden: HostReader = { ...host, network: { ...host.network, listener: async () => ({}) } };
    expect(await engine.preflight?.(view, hidden)).toMatchObject([
      { message: 'Port 443, wanted for HTTPS, is taken by a program of another user' },
    ]);
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
      foreignPorts: new Map([
        [443, 'node'],
        [5432, 'postgres'],
      ]),
    });
    const put = (path: string, text: string): void =>
      void machine.disk.set(path, { kind: 'file', content: Buffer.from(text), mode: 0o644 });
    put('/etc/ovirt-engine/engine.conf.d/10-setup-protocols.conf', 'ENGINE_HTTPS_PORT="443"\n');
    put('/var/lib/pgsql/data/postgresql.conf', "port = '5432'\n");
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
      fact: () => ({ directory: '', launcher: [], problem: { message: 'No way', remedy: 'Find one' } }),
    } as unknown as typeof view;
    expect(await database.preflight?.(broken, memoryHost(machine))).toEqual([
      { id: 'postgres-programs', level: 'error', message: 'No way', remedy: 'Find one' },
    ]);
  });

  test('doubts a disk with less room than an installation takes', async () => {
    const view = await answers(newMachine());
    const at = (freeBytes: number) => environment.preflight?.(view, memoryHost(newMachine({ freeBytes })));
    expect(await at(300 * 1024 * 1024)).toEqual([]);
    expect(await at(300 * 1024 * 1024 - 1)).toMatchObject([
      { id: 'disk-space', level: 'doubt', message: expect.stringContaining('299 MiB left') },
    ]);
  });
});
