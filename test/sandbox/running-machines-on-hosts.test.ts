import { beforeEach, describe, expect, it } from 'vitest';
import type { Json } from '../support/api-calls.ts';
import { useMachines } from '../support/running-machines.ts';
import type { SimulatedAgents } from '../support/simulated-agent.ts';
import { capabilities } from '../support/simulated-host.ts';
import type { SimulatedMachines } from '../support/simulated-machines.ts';
import { eventually } from '../support/waiting.ts';

/* Hosts that tell of virtual machines, rightly or not. */

const tests = await useMachines();
const {
  act,
  becomes,
  codesOf,
  hostBecomes,
  hostStatus,
  hostUp,
  jobEnds,
  looked,
  machine,
  row,
  running,
  runningOn,
  stageBegins,
  startOn,
  status,
} = tests;
const { call, got } = tests.api;
let agents: SimulatedAgents;
let machines: SimulatedMachines;
beforeEach(() => void ({ agents, machines } = tests));

describe('a host', () => {
  it('that loses a machine without a word has it down', async () => {
    const host = await hostUp();
    const { id } = await runningOn(host);
    machines.lose(host.address, id);
    await becomes(id, 'down');
    expect((await codesOf(id)).at(-1)).toBe(119);
  });

  it('that is not operational is still asked about its machines', async () => {
    const host = await hostUp();
    const { id } = await runningOn(host);
    agents.verbs['Host.getCapabilities'] = () => ({ ...capabilities(host.address), clusterLevels: ['4.2'] });
    await got(`hosts/${host.id}/refresh`, { method: 'POST', body: {} });
    await hostBecomes(host, 'non_operational');
    const installation = { activate: false, ssh: { authentication_method: 'publickey' } };
    const { status: code, body } = await call(`hosts/${host.id}/install`, { method: 'POST', body: installation });
    expect([code, body]).toEqual([409, expect.stringContaining('it has 1 virtual machines. Shut them down first.')]);
    machines.lose(host.address, id);
    await becomes(id, 'down');
    expect(await hostStatus(host)).toBe('non_operational');
  });

  it('that says nothing of use does not', async () => {
    const host = await hostUp();
    const { id } = await runningOn(host);
    for (const nonsense of [null, {}, 'x', [{ vmId: 'not an id', status: 'Up' }], [null]]) {
      agents.verbs['Host.getAllVmStats'] = () => nonsense;
      await looked(host);
      expect(await status(id)).toBe('powering_up');
    }
    agents.event(host.address, `|virt|VM_status|${id}`, { [id]: { status: 'Sleeping' } });
    agents.event(host.address, `|virt|VM_status|${id}`, { other: 1 });
    agents.event(host.address, `|virt|VM_status|../../etc`, {});
    agents.verbs['Host.getAllVmStats'] = machines.verbs['Host.getAllVmStats']!;
    machines.set(host.address, id, 'Up');
    await becomes(id, 'up');
  });

  it('that says that it runs what runs elsewhere is told of, and nothing is ended', async () => {
    const [one, other] = [await hostUp(), await hostUp()];
    const { id } = await machine();
    await startOn(one, id);
    machines.put(other.address, id, 'Up');
    await eventually(async () => expect((await codesOf(id)).at(-1)).toBe(9902));
    agents.event(other.address, `|virt|VM_status|${id}`, { [id]: { status: 'Down', exitCode: 1, exitReason: 2, exitMessage: 'a lie' } });
    await looked(other);
    // What is told of a machine is taken in one after another: with this, the lie has been.
    machines.set(one.address, id, 'Up');
    await becomes(id, 'up');
    expect((await row(id))['run_on_vds']).toBe(one.id);
    expect(machines.status(other.address, id)).toBe('Up');
    expect((await codesOf(id)).filter((code) => code === 9902)).toHaveLength(1);
    machines.lose(other.address);
  });

  it('that tells all the time of what runs elsewhere does not drown what the other host says', async () => {
    const [one, other] = [await hostUp(), await hostUp()];
    const { id } = await machine();
    await startOn(one, id);
    const well = machines.verbs['Host.getAllVmStats']!;
    agents.verbs['Host.getAllVmStats'] = async (params, of) => {
      if (of === one.address) {
        agents.event(other.address, `|virt|VM_status|${id}`, { [id]: { status: 'Paused' } });
        await looked(other);
      }
      return well(params, of);
    };
    machines.put(one.address, id, 'Up');
    await becomes(id, 'up');
  });

  it('that says that it runs a machine of another cluster does not get it', async () => {
    const host = await hostUp();
    await running.postgres.query(
      `insert into cluster select (jsonb_populate_record(c, jsonb_build_object('cluster_id', gen_random_uuid(), 'name', 'elsewhere'))).*
       from cluster c where name = 'Default'`,
    );
    const { id } = await machine({ cluster: 'elsewhere' });
    machines.put(host.address, id, 'Up');
    await eventually(async () => expect(await codesOf(id)).toEqual([9904]));
    await looked(host);
    expect(await row(id)).toMatchObject({ status: 0, run_on_vds: null });
    expect(await codesOf(id)).toEqual([9904]);
    machines.lose(host.address);
  });

  it('that runs a machine of which nobody knows that it runs is where that is from then on', async () => {
    const host = await hostUp();
    const { id } = await machine();
    machines.put(host.address, id, 'Up');
    await becomes(id, 'up');
    expect((await row(id))['run_on_vds']).toBe(host.id);
    expect(await codesOf(id)).toEqual([9903]);
  });

  it('that runs machines of others is told of once, and they are left alone', async () => {
    const host = await hostUp();
    const foreign = ['00000000-1111-4111-8111-000000000001', '00000000-1111-4111-8111-000000000002'];
    for (const id of foreign) machines.put(host.address, id, 'Up', `theirs ${id.at(-1)!}`);
    const events = () => running.postgres.query<Json>(`select message from audit_log where log_type = 9901 and vds_id = $1`, [host.id]);
    await eventually(async () => expect(await events()).toHaveLength(1));
    await looked(host);
    expect((await events()).map(({ message }) => String(message))).toEqual([expect.stringContaining('theirs 1, theirs 2.')]);
    expect(foreign.map((id) => machines.status(host.address, id))).toEqual(['Up', 'Up']);
  });

  it('goes into maintenance with machines that have ended, not with those that run', async () => {
    const host = await hostUp();
    const stranger = '00000000-1111-4111-8111-000000000003';
    machines.put(host.address, stranger, 'Up');
    const before = agents.calls.length;
    await got(`hosts/${host.id}/deactivate`, { method: 'POST', body: {} });
    await eventually(() =>
      expect(agents.calls.slice(before)).toContainEqual(expect.objectContaining({ method: 'Host.getVMList', host: host.address })),
    );
    expect(await hostStatus(host)).toBe('preparing_for_maintenance');
    machines.put(host.address, stranger, 'Down');
    await hostBecomes(host, 'maintenance');
  });
});

describe('a host that is to go into maintenance', () => {
  it('stays as long as clients send images through it, and where a machine may run on it alone', async () => {
    const [host, other] = [await hostUp(), await hostUp()];
    const refused = async (path: string, request: object): Promise<string> => {
      const { status: code, body } = await call(path, request);
      expect(code).toBe(409);
      return body;
    };
    const leave = [`hosts/${host.id}/deactivate`, { method: 'POST', body: {} }] as const;
    await running.postgres.query(
      'insert into image_transfers (transfer_id, disk_id, phase, direction, image_format, vds_id) values (gen_random_uuid(), gen_random_uuid(), 2, 2, 5, $1)',
      [host.id],
    );
    expect(await refused(...leave)).toContain('1 transfers of images go through it');
    await running.postgres.query('update image_transfers set phase = 5');
    await got(...leave);
    await hostBecomes(host, 'maintenance');
    await running.postgres.query('delete from image_transfers');
    const { id, name } = await machine();
    const pin = (hosts: readonly (typeof host)[]): Promise<unknown> =>
      got(`vms/${id}`, { method: 'PUT', body: { placement_policy: { hosts: { host: hosts.map((one) => ({ id: one.id })) } } } });
    await pin([host]);
    expect(await refused(`hosts/${host.id}`, { method: 'DELETE' })).toContain(`may run there alone (${name})`);
    await pin([host, other]);
    expect((await call(`hosts/${host.id}`, { method: 'DELETE' })).status).toBe(200);
    expect(await running.postgres.query('select vds_id from vm_host_pinning_map where vm_id = $1', [id])).toEqual([{ vds_id: other.id }]);
  });

  it('waits for a machine that is just being started on it', async () => {
    const host = await hostUp();
    const { id } = await machine();
    const { promise: asked, resolve: ask } = Promise.withResolvers<undefined>();
    const { promise: goesOn, resolve: goOn } = Promise.withResolvers<undefined>();
    const well = machines.verbs['VM.create']!;
    agents.verbs['VM.create'] = async (params, of) => {
      ask(undefined);
      await goesOn;
      return well(params, of);
    };
    await act(id, 'start');
    await asked;
    const leaving = await got(`hosts/${host.id}/deactivate`, { method: 'POST', body: {} });
    await stageBegins(leaving, 'Waiting until no virtual machine runs on the host');
    goOn(undefined);
    await becomes(id, 'powering_up');
    expect(await hostStatus(host)).toBe('preparing_for_maintenance');
    await act(id, 'stop');
    await hostBecomes(host, 'maintenance');
  });

  it('and is lost meanwhile does not, so that it is told of, and its reboot can be confirmed', async () => {
    const host = await hostUp();
    const { id } = await runningOn(host);
    const leaving = await got(`hosts/${host.id}/deactivate`, { method: 'POST', body: {} });
    await stageBegins(leaving, 'Waiting until no virtual machine runs on the host');
    agents.away.add(host.address);
    agents.cut(host.address);
    await jobEnds(leaving, 'failed');
    await hostBecomes(host, 'non_responsive');
    await becomes(id, 'unknown');
    await got(`hosts/${host.id}/fence`, { method: 'POST', body: { fence_type: 'manual' } });
    expect(await status(id)).toBe('down');
    await got(`hosts/${host.id}/deactivate`, { method: 'POST', body: {} });
    await hostBecomes(host, 'maintenance');
  });
});
