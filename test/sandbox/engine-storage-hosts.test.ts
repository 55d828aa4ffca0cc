import { beforeEach, describe, expect, it } from 'vitest';
import type { SimulatedAgents } from '../support/simulated-agent.ts';
import type { SimulatedStorage } from '../support/simulated-storage.ts';
import { useStorageCenters } from '../support/storage-centers.ts';
import { eventually } from '../support/waiting.ts';

/* Hosts and the storage of their data center: who reaches it, and who manages it. */

const tests = await useStorageCenters();
const {
  attach,
  becomes,
  center,
  centerBecomes,
  codes,
  domain,
  host,
  hostStatus,
  inCenter,
  newHost,
  post,
  running,
  settled,
  spmOf,
  working,
} = tests;
const { fault, got } = tests.api;
let agents: SimulatedAgents;
let storage: SimulatedStorage;
beforeEach(() => void ({ agents, storage } = tests));

describe('hosts', () => {
  it('are connected to the storage of their data center when they come up, or do not come up', async () => {
    const made = await working();
    const next = await host(`${made.name}-cluster`);
    expect(await (await storage.of(next.address)).call('Host.getConnectedStoragePools')).toEqual([made.id]);
    const { id, address } = await newHost(`${made.name}-cluster`);
    storage.barred.add(address);
    await post(`hosts/${id}/activate`);
    await eventually(async () =>
      expect(await got(`hosts/${id}`)).toMatchObject({ status: 'non_operational', status_detail: 'storage_domain_unreachable' }),
    );
    expect(await running.postgres.query('select from audit_log where log_type = 522 and vds_id = $1', [id])).toHaveLength(1);
    storage.barred.clear();
    await eventually(async () => expect(await hostStatus(id)).toBe('up'));
    const numbers = await running.postgres.query<{ n: number }>(
      'select vds_spm_id as n from vds_spm_id_map where storage_pool_id = $1 order by 1',
      [made.id],
    );
    expect(numbers.map(({ n }) => n)).toEqual([1, 2, 3]);
  });

  it('that a data center names as its SPM which they have left are shown, and are SPM where they are', async () => {
    const made = await working();
    const left = await center();
    await running.postgres.query('update storage_pool set spm_vds_id = $2 where id = $1', [left.id, made.hosts[0]!.id]);
    const { host: shown } = await got('hosts');
    expect(shown).toContainEqual(expect.objectContaining({ id: made.hosts[0]!.id, spm: expect.objectContaining({ status: 'spm' }) }));
    await domain(left.hosts[0]!).then((one) => attach(left, one));
    await centerBecomes(left, 'up');
    expect(await spmOf([...made.hosts, ...left.hosts])).toEqual([made.hosts[0]!.name, left.hosts[0]!.name]);
  });

  it('take the role of the SPM from another one when somebody wants it', async () => {
    const made = await working(2);
    const [first, second] = made.hosts;
    expect((await post(`storagedomains/${made.master.id}/isattached`))['is_attached']).toBe('true');
    expect((await fault(`hosts/${first!.id}/forceselectspm`, { method: 'POST', body: {} }))[0]).toBe(409);
    await post(`hosts/${second!.id}/forceselectspm`);
    await settled();
    expect(await spmOf(made.hosts)).toEqual([second!.name]);
    expect(await (await storage.of(second!.address)).call('StoragePool.getSpmStatus', { storagepoolID: made.id })).toMatchObject({
      spmStatus: 'SPM',
    });
    await got(`hosts/${first!.id}`, { method: 'PUT', body: { spm: { priority: -1 } } });
    expect(await fault(`hosts/${first!.id}/forceselectspm`, { method: 'POST', body: {} })).toEqual([409, expect.any(String)]);
  });

  it('hand the role of the SPM over when they go into maintenance', async () => {
    const made = await working(2);
    const [first, second] = made.hosts;
    await post(`hosts/${first!.id}/deactivate`);
    await eventually(async () => expect(await hostStatus(first!.id)).toBe('maintenance'));
    await eventually(async () => expect(await spmOf(made.hosts)).toEqual([second!.name]));
    expect(await (await storage.of(first!.address)).call('Host.getConnectedStoragePools')).toEqual([]);
    await centerBecomes(made, 'up');
  });

  it('whose agent was started anew are connected again, and become SPM again', async () => {
    const made = await working();
    const [only] = made.hosts;
    await storage.restart(only!.address);
    storage.leases.lose(made.master.id);
    agents.cut(only!.address);
    await eventually(async () => {
      expect(await (await storage.of(only!.address)).call('StoragePool.getSpmStatus', { storagepoolID: made.id })).toMatchObject({
        spmStatus: 'SPM',
      });
      expect(await spmOf(made.hosts)).toEqual([only!.name]);
    });
  });

  it('that are lost as SPM are followed by another one, as soon as the lease on the storage allows it, and not before', async () => {
    const made = await working(2);
    const [first, second] = made.hosts;
    // It goes on holding the role, and nobody hears of it.
    agents.away.add(first!.address);
    agents.cut(first!.address);
    await eventually(async () => expect(await hostStatus(first!.id)).toBe('non_responsive'));
    await centerBecomes(made, 'problematic');
    expect(await running.postgres.query('select from audit_log where log_type = 980 and storage_pool_id = $1', [made.id])).not.toEqual([]);
    expect(await spmOf(made.hosts)).toEqual([]);
    storage.leases.lose(made.master.id);
    await eventually(async () => expect(await spmOf(made.hosts)).toEqual([second!.name]));
    await centerBecomes(made, 'up');
  });

  it('lose sight of a domain, which is told and inactive until they see it again', async () => {
    const made = await working();
    const second = await domain(made.hosts[0]!);
    await attach(made, second);
    const info = agents.verbs['StoragePool.getInfo']!;
    agents.verbs['StoragePool.getInfo'] = async (params, of) => {
      const answer = (await info(params, of)) as { info: object; dominfo: Record<string, { diskfree?: string }> };
      return { ...answer, dominfo: { ...answer.dominfo, [second.id]: { status: 'Active' } } };
    };
    await becomes(made, second.id, 'inactive');
    agents.verbs['StoragePool.getInfo'] = info;
    await becomes(made, second.id, 'active');
    expect((await codes(second.id)).slice(-2)).toEqual([970, 966]);
  });

  it('tell of little room, once', async () => {
    const made = await working();
    const info = agents.verbs['StoragePool.getInfo']!;
    agents.verbs['StoragePool.getInfo'] = async (params, of) => {
      const answer = (await info(params, of)) as { info: object; dominfo: Record<string, object> };
      const room = { status: 'Active', disktotal: String(1024 ** 4), diskfree: String(50 * 1024 ** 3) };
      return { ...answer, dominfo: { ...answer.dominfo, [made.master.id]: room } };
    };
    await eventually(async () => expect(await codes(made.master.id)).toContain(26));
    // It is looked at again, and again.
    const before = agents.calls.length;
    const looks = (): number =>
      agents.calls.slice(before).filter(({ method, host: of }) => method === 'StoragePool.getInfo' && of === made.hosts[0]!.address).length;
    await eventually(() => expect(looks()).toBeGreaterThan(1));
    expect((await codes(made.master.id)).filter((code) => code === 26)).toHaveLength(1);
    expect(await inCenter(made, made.master.id)).toMatchObject({ available: String(50 * 1024 ** 3) });
  });
});
