import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { apiCalls } from '../support/api-calls.ts';
import { addAdmin, startEngine, type TestEngine } from '../support/engine.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { type AgentPki, engineSettings, makeAgentPki, type SimulatedAgents, startSimulatedAgents } from '../support/simulated-agent.ts';
import { addHost, wellBehaved } from '../support/simulated-host.ts';
import { simulatedStorage, type SimulatedStorage } from '../support/simulated-storage.ts';
import { eventually } from '../support/waiting.ts';

/* Engines that are killed in the middle of each command of storage: the next one brings it to its end. */

let postgres: TestPostgres;
let pki: AgentPki;
let storage: SimulatedStorage;
let agents: SimulatedAgents;
let engine: TestEngine;
let count = 0;

const start = () =>
  startEngine(postgres, {
    settings: engineSettings(pki),
  });
beforeAll(async () => {
  postgres = await startPostgres();
  await addAdmin(postgres);
  pki = await makeAgentPki(['127.0.0.1', ...Array.from({ length: 60 }, (_, at) => `127.0.4.${at + 1}`)]);
  storage = await simulatedStorage();
  agents = await startSimulatedAgents(pki, { everywhere: true });
  agents.verbs = { ...wellBehaved(), ...storage.verbs };
  engine = await start();
});
beforeEach(() => {
  agents.verbs = { ...wellBehaved(), ...storage.verbs };
});
afterAll(async () => {
  await engine.stop();
  await agents.stop();
  await storage.remove();
  await postgres.stop();
  await pki.remove();
});

const api = () => apiCalls({ engine, postgres });
const post = (path: string, body: object = {}) => api().got(path, { method: 'POST', body });
const settled = () => eventually(async () => expect(await postgres.query('select command_type, stage from command_entities')).toEqual([]));

/** A data center with a host that is up, and a domain that is attached to nothing. */
async function begin(): Promise<{ readonly center: string; readonly host: string; readonly address: string; readonly domain: string }> {
  const name = `killed${++count}`;
  const center = String((await post('datacenters', { name }))['id']);
  await post('clusters', { name, data_center: { id: center }, cpu: { type: 'Intel Skylake Server Family' } });
  const address = `127.0.4.${count}`;
  const host = await addHost(postgres, { name, address, port: agents.port, cluster: name });
  await post(`hosts/${host}/activate`);
  await eventually(async () => expect((await api().got(`hosts/${host}`))['status']).toBe('up'));
  const domain = await make(host, name);
  return { center, host, address, domain };
}
async function make(host: string, name: string): Promise<string> {
  return String((await post('storagedomains', await body(host, name)))['id']);
}
async function body(host: string, name: string): Promise<object> {
  await storage.offer(`server:/${name}`);
  return { name, type: 'data', host: { id: host }, storage: { type: 'nfs', address: 'server', path: `/${name}` } };
}
const statusIn = async (center: string, domain: string): Promise<unknown> => {
  const answer = await api().call(`datacenters/${center}/storagedomains/${domain}`);
  return answer.status === 404 ? 'none' : (JSON.parse(answer.body) as { status: string }).status;
};
async function attach(center: string, domain: string): Promise<void> {
  await post(`datacenters/${center}/storagedomains`, { id: domain });
  await eventually(async () => expect(await statusIn(center, domain)).toBe('active'));
  await settled();
}
async function deactivate(center: string, domain: string): Promise<void> {
  await post(`datacenters/${center}/storagedomains/${domain}/deactivate`);
  await eventually(async () => expect(await statusIn(center, domain)).toBe('maintenance'));
  await settled();
}

/**
 * Begins something, kills the engine while the agent is at a verb, and starts the next one.
 * @param isDone whether the agent has done what it was asked for by then, and only the answer is lost
 */
async function killedAt(verb: string, isDone: boolean, doing: () => Promise<unknown>): Promise<void> {
  const reached = Promise.withResolvers<undefined>();
  const well = agents.verbs[verb]!;
  agents.verbs[verb] = async (params, of) => {
    if (isDone) await well(params, of);
    reached.resolve(undefined);
    return new Promise(() => undefined);
  };
  const asked = doing().catch(() => undefined);
  await reached.promise;
  await engine.end('SIGKILL');
  await asked;
  await engine.stop();
  agents.verbs[verb] = well;
  engine = await start();
  await settled();
  await eventually(async () => expect(await postgres.query(`select description from job where status = 'STARTED'`)).toEqual([]));
  expect(await postgres.query('select from command_locks')).toEqual([]);
}
const poolsOf = async (address: string) => (await storage.of(address)).call('Host.getConnectedStoragePools');

const times = [
  ['before it was done', false],
  ['after it was done', true],
] as const;
const each = (...verbs: readonly string[]) => verbs.flatMap((verb) => times.map(([when, isDone]) => [verb, when, isDone] as const));

describe('an engine that is killed', () => {
  it.each(each('StorageDomain.create').concat([['StorageDomain.getStats', times[1][0], true]]))(
    'while a domain is made, at %s, %s, has it made by the next',
    async (verb, _when, isDone) => {
      const { host } = await begin();
      const name = `more${count}`;
      await killedAt(verb, isDone, async () => post('storagedomains', await body(host, name)));
      const { storage_domain: found } = await api().got(`storagedomains?search=name%3D${name}`);
      expect(found).toMatchObject([{ name, status: 'unattached' }]);
      expect(found[0]?.available).toBeDefined();
    },
  );

  it.each([
    ...each('StoragePool.create', 'StoragePool.spmStart'),
    ...each('StoragePool.connectStorageServer', 'StoragePool.connect', 'StorageDomain.activate').filter(([, , isDone]) => isDone),
  ])('while the first domain is attached, at %s, %s, has it attached by the next', async (verb, _when, isDone) => {
    const { center, address, domain, host } = await begin();
    await killedAt(verb, isDone, () => post(`datacenters/${center}/storagedomains`, { id: domain }));
    expect(await statusIn(center, domain)).toBe('active');
    expect(await api().got(`datacenters/${center}`)).toMatchObject({ status: 'up' });
    expect((await api().got(`hosts/${host}`))['spm'].status).toBe('spm');
    expect(await poolsOf(address)).toEqual([center]);
    // Once, and not again.
    expect(await postgres.query('select from audit_log where log_type = 962 and storage_domain_id = $1', [domain])).toHaveLength(1);
  });

  it.each(each('StorageDomain.attach'))(
    'while another domain is attached, at %s, %s, has it attached by the next',
    async (verb, _when, isDone) => {
      const { center, domain, host } = await begin();
      await attach(center, domain);
      const second = await make(host, `second${count}`);
      await killedAt(verb, isDone, () => post(`datacenters/${center}/storagedomains`, { id: second }));
      expect(await statusIn(center, second)).toBe('active');
    },
  );

  it.each([
    ...each('StorageDomain.deactivate', 'StoragePool.spmStop'),
    ...each('StoragePool.disconnect', 'StoragePool.disconnectStorageServer').slice(1),
  ])('while the master goes into maintenance, at %s, %s, has it there by the next', async (verb, _when, isDone) => {
    const { center, domain, address } = await begin();
    await attach(center, domain);
    await killedAt(verb, isDone, () => post(`datacenters/${center}/storagedomains/${domain}/deactivate`));
    expect(await statusIn(center, domain)).toBe('maintenance');
    expect(await api().got(`datacenters/${center}`)).toMatchObject({ status: 'maintenance' });
    expect(await poolsOf(address)).toEqual([]);
    await post(`datacenters/${center}/storagedomains/${domain}/activate`);
    await eventually(async () => expect(await statusIn(center, domain)).toBe('active'));
  });

  it.each(each('StoragePool.destroy'))(
    'while the master is detached, at %s, %s, has it detached by the next',
    async (verb, _when, isDone) => {
      const { center, domain, address } = await begin();
      await attach(center, domain);
      await deactivate(center, domain);
      await killedAt(verb, isDone, () => api().call(`datacenters/${center}/storagedomains/${domain}`, { method: 'DELETE' }));
      expect(await statusIn(center, domain)).toBe('none');
      expect(await api().got(`storagedomains/${domain}`)).toMatchObject({ status: 'unattached', master: 'false' });
      expect(await api().got(`datacenters/${center}`)).toMatchObject({ status: 'uninitialized' });
      expect(await poolsOf(address)).toEqual([]);
    },
  );

  it.each(each('StorageDomain.format'))('while a domain is removed, at %s, %s, has it removed by the next', async (verb, _when, isDone) => {
    const { domain } = await begin();
    await killedAt(verb, isDone, () => api().call(`storagedomains/${domain}?format=true`, { method: 'DELETE' }));
    expect((await api().call(`storagedomains/${domain}`)).status).toBe(404);
    expect(await postgres.query('select from storage_server_connections where connection = $1', [`server:/killed${count}`])).toEqual([]);
  });

  it('while the SPM goes into maintenance has another one chosen by the next', async () => {
    const { center, domain, host } = await begin();
    await attach(center, domain);
    await killedAt('StoragePool.spmStop', true, () => post(`hosts/${host}/deactivate`));
    await eventually(async () => expect((await api().got(`hosts/${host}`))['status']).toBe('maintenance'));
    await post(`hosts/${host}/activate`);
    // Until somebody has looked at it, the center stays up without one.
    await eventually(async () => expect((await api().got(`hosts/${host}`))['spm'].status).toBe('spm'));
    await eventually(async () => expect(await api().got(`datacenters/${center}`)).toMatchObject({ status: 'up' }));
  });
});
