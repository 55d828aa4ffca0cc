import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Occasion, SpecialChange } from '../../src/services/engine/api/collections/collection.ts';
import { addHost, approveHost, installHost } from '../../src/services/engine/api/collections/special-installation.ts';
import { createMembers } from '../../src/services/engine/api/members.ts';
import type { Entity } from '../../src/services/engine/api/types.ts';
import { createWork } from '../../src/services/engine/api/work.ts';
import type { HostDeployment, HostToDeploy } from '../../src/services/engine/host-deploy/host-deployment.ts';
import { type Hosts, startHosts } from '../../src/services/engine/hosts/hosts.ts';
import { createSecrets } from '../../src/services/engine/hosts/secrets.ts';
import { type Database, openDatabase } from '../../src/services/frame/database.ts';
import { addAdmin } from '../support/engine.ts';
import { quietLog } from '../support/fakes.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { type AgentPki, makeAgentPki, type SimulatedAgents, startSimulatedAgents } from '../support/simulated-agent.ts';
import { addHost as addRows, capabilities, wellBehaved } from '../support/simulated-host.ts';
import { eventually } from '../support/waiting.ts';

/* Machines that become hosts: everything but the installation itself, which is another's matter. */

const canary = 'Root-Canary-Pass/"';
const fingerprint = `SHA256:${'a'.repeat(43)}`;
let postgres: TestPostgres;
let database: Database;
let pki: AgentPki;
let agents: SimulatedAgents;
let working: Hosts[];
let deployed: HostToDeploy[];
let deploy: HostDeployment['deploy'];
const secrets = createSecrets('the secret of the engine');
const settings = () => ({ ...postgres, secured: false, securedValidation: false });
beforeAll(async () => {
  postgres = await startPostgres();
  await addAdmin(postgres);
  database = openDatabase(settings(), quietLog);
  pki = await makeAgentPki(['127.0.0.1', ...Array.from({ length: 40 }, (_, at) => `127.0.3.${at + 1}`)]);
  agents = await startSimulatedAgents(pki, { everywhere: true });
  // Where agents listen, nobody says: it is the same for all.
  await postgres.query(`alter table vds_static alter column port set default ${agents.port}`);
});
beforeEach(async () => {
  [working, deployed] = [[], []];
  agents.verbs = wellBehaved();
  deploy = async (_machine, told) => {
    told('normal', 'Setting it up');
    return { fingerprint };
  };
});
afterEach(async () => {
  for (const hosts of working.splice(0)) await hosts.close();
});
afterAll(async () => {
  await agents.stop();
  await pki.remove();
  await database.close();
  await postgres.stop();
});

async function start(): Promise<Hosts> {
  const hosts = await startHosts({
    ...{ database, secrets, imageProxySocket: null, log: quietLog, now: Date.now },
    session: openDatabase(settings(), quietLog, { connections: 1 }),
    files: { authority: pki.path('ca.pem'), certificate: pki.path('engine.pem'), key: pki.path('engine.key') },
    deployment: {
      deploy(machine, told, signal) {
        deployed.push(machine);
        return deploy(machine, told, signal);
      },
    },
  });
  working.push(hosts);
  return hosts;
}

/** Does a change, as a request of the administrator does it. Returns the id of the host. */
async function change(
  what: SpecialChange,
  entity: Entity,
  { id = '', activate = true, hosts = working[0] }: { id?: string; activate?: boolean; hosts?: Hosts } = {},
) {
  const [user] = await postgres.query<{ id: string }>(`select user_id as id from users where username = 'admin'`);
  const worker = { userId: user?.id ?? '', userName: 'admin@internal', correlationId: randomUUID() };
  const members = createMembers(database);
  const asker = { userId: worker.userId, administrator: true, filtered: false };
  const occasion = {
    worker,
    database,
    members,
    asker,
    secrets,
    id,
    entity,
    asks: (name: string) => name === 'activate' && activate,
  } as unknown as Occasion;
  const doWork = createWork(database, Date.now, () => hosts?.wake());
  return (await doWork({ ...(await what.work(occasion)), permit: what.permit }, worker)).id;
}

let count = 0;
const machine = (more: Entity = {}): Entity => ({ name: `m${++count}`, address: `127.0.3.${count}`, root_password: canary, ...more });
const statusOf = async (id: string) =>
  (await postgres.query<{ status: number }>('select status from vds_dynamic where vds_id = $1', [id]))[0]?.status;
const becomes = (id: string, status: number) => eventually(async () => expect(await statusOf(id)).toBe(status));
const eventsOf = (id: string) =>
  postgres.query<{ code: number; text: string; name: string }>(
    'select log_type as code, message as text, vds_name as name from audit_log where vds_id = $1 order by audit_log_id',
    [id],
  );
/** Everything that the database holds, as text. */
const everything = async (): Promise<string> =>
  JSON.stringify(await postgres.query('select * from command_entities natural full join job natural full join audit_log'));

describe('a machine', () => {
  it('is installed with a password that nobody sees, and is up', async () => {
    await start();
    const held = Promise.withResolvers<undefined>();
    deploy = async (_machine, told) => {
      told('normal', 'Installing packages');
      told('warning', 'The clock is off');
      await held.promise;
      return { fingerprint };
    };
    const id = await change(addHost, machine());
    expect(await statusOf(id)).toBe(6);
    await eventually(() => expect(deployed).toHaveLength(1));
    expect(deployed[0]).toEqual({ id, address: `127.0.3.${count}`, sshPort: 22, sshUser: 'root', credential: { password: canary } });
    expect(await everything()).not.toContain('Root-Canary');
    held.resolve(undefined);
    await becomes(id, 3);
    expect(await postgres.query('select sshkeyfingerprint from vds_static where vds_id = $1', [id])).toEqual([
      { sshkeyfingerprint: fingerprint },
    ]);
    expect((await eventsOf(id)).map(({ code }) => code)).toEqual([42, 509, 510, 504, 514, 13]);
    expect((await eventsOf(id)).map(({ name }) => name)).toEqual(Array.from({ length: 6 }, () => `m${count}`));
    await eventually(async () => expect(await postgres.query('select * from command_entities')).toEqual([]));
  });

  it('is installed with the key of the engine, at another port, whose host key is known, and waits to be activated', async () => {
    await start();
    const ssh = { authentication_method: 'publickey', port: 2022, fingerprint: `SHA256:${'b'.repeat(43)}` };
    const id = await change(addHost, machine({ root_password: undefined, ssh }), { activate: false });
    await becomes(id, 2);
    expect(deployed).toMatchObject([{ sshPort: 2022, credential: 'engine-key', fingerprint: ssh.fingerprint }]);
    await eventually(async () => expect((await eventsOf(id)).map(({ code }) => code)).toEqual([42, 509, 504, 15]));
  });

  it('that cannot be installed says why, and is installed again', async () => {
    await start();
    deploy = () => Promise.reject(new Error('The password was refused. Give the one of root.'));
    const id = await change(addHost, machine());
    await becomes(id, 7);
    expect((await eventsOf(id)).at(-1)).toMatchObject({ code: 505, text: expect.stringContaining('The password was refused.') });
    deploy = async () => ({ fingerprint });
    for (const [name, value] of Object.entries({ reboot: true, deploy_hosted_engine: true, image: 'node.iso' }))
      await expect(change(installHost, { root_password: canary, [name]: value }, { id })).rejects.toMatchObject({
        status: 409,
        message: expect.stringContaining(`${name} is not supported`),
      });
    // Its system was installed anew, so it has another key.
    const ssh = { fingerprint: `SHA256:${'d'.repeat(43)}` };
    await change(installHost, { root_password: canary, ssh }, { id });
    await becomes(id, 3);
    expect(deployed.at(-1)).toMatchObject(ssh);
  });

  it('whose words cannot be stored is not installed, and can be removed', async () => {
    await start();
    const words = `the kind\0${'a'.repeat(2500)}\ud83d`;
    deploy = async (_machine, told) => {
      told('normal', words);
      throw new Error(`It is a machine of ${words}`);
    };
    const id = await change(addHost, machine());
    await becomes(id, 7);
    expect((await eventsOf(id)).at(-1)).toMatchObject({ code: 505, text: expect.stringContaining('It is a machine of the kind aaa') });
    await eventually(async () => expect(await postgres.query('select * from command_entities')).toEqual([]));
  });

  it('that was installed and does not fit is not operational', async () => {
    await start();
    agents.verbs['Host.getCapabilities'] = (_params, of) => capabilities(of, { clusterLevels: ['4.2'] });
    const id = await change(addHost, machine());
    await becomes(id, 10);
  });

  it('that has registered itself is approved', async () => {
    await start();
    const id = await addRows(postgres, { name: `m${++count}`, address: `127.0.3.${count}`, port: agents.port, status: 11 });
    await change(approveHost, { ssh: { authentication_method: 'publickey' } }, { id });
    await becomes(id, 3);
    await expect(change(approveHost, { root_password: 'x' }, { id })).rejects.toMatchObject({ status: 409 });
  });

  it('is installed by the next engine when one ends in the middle', async () => {
    const first = await start();
    deploy = (_machine, _told, signal) => sleep(600_000, { fingerprint }, { signal });
    const id = await change(addHost, machine(), { hosts: first });
    await eventually(() => expect(deployed).toHaveLength(1));
    working.splice(0);
    await first.close();
    expect(await statusOf(id)).toBe(6);
    deploy = async () => ({ fingerprint });
    await start();
    await becomes(id, 3);
    expect(deployed.map(({ credential }) => credential)).toEqual([{ password: canary }, { password: canary }]);
  });

  it.each([
    ['without a name', { name: '' }, 400, 'Host [name] required for add'],
    ['without an address', { address: ' ' }, 400, 'Host [address] required for add'],
    ['with an address that is none', { address: '-oProxyCommand=x' }, 400, 'host name or an IP address'],
    ['without a password', { root_password: '' }, 400, 'root_password|ssh.authentication_method'],
    ['with a password of two lines', { root_password: 'a\nb' }, 400, 'one line'],
    ['with an unknown way to log in', { ssh: { authentication_method: 'telnet' } }, 400, 'password, publickey'],
    ['with a fingerprint that is none', { ssh: { fingerprint: 'MD5:00' } }, 400, 'SHA256:'],
    ['with a port that is none', { ssh: { port: 70_000 } }, 400, 'ssh.port'],
    ['with another port for its agent', { port: 54_322 }, 409, '54321'],
    ['with parameters for its kernel', { os: { custom_kernel_cmdline: 'quiet' } }, 409, 'os.custom_kernel_cmdline'],
    ['with power management', { power_management: { enabled: true } }, 409, 'power_management.enabled'],
    ['with a priority that is none', { spm: { priority: 11 } }, 400, 'spm.priority'],
    ['with a name that tools cannot type', { name: 'a b' }, 400, 'letters'],
    ['in a cluster that is not there', { cluster: { name: 'nowhere' } }, 404, ''],
  ])('is refused %s', async (_what, more, status, why) => {
    const refused = await change(addHost, machine(more)).catch((error: unknown) => error);
    expect(refused).toMatchObject({ status, message: expect.stringContaining(why) });
  });

  it('is refused with the name, the address or the key of another', async () => {
    await start();
    const given = machine({ ssh: { fingerprint: `SHA256:${'c'.repeat(43)}` } });
    await becomes(await change(addHost, given), 3);
    await expect(change(addHost, machine({ name: given['name'] }))).rejects.toMatchObject({
      status: 409,
      message: 'The name is already in use.',
    });
    await expect(change(addHost, machine({ address: given['address'] }))).rejects.toMatchObject({
      message: expect.stringContaining('same address'),
    });
    await expect(change(addHost, machine({ ssh: { fingerprint } }))).rejects.toMatchObject({
      message: expect.stringContaining('same SSH fingerprint'),
    });
  });
});
