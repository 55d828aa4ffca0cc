import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { apiCalls, type Json } from '../support/api-calls.ts';
import { useEngine } from '../support/running-engine.ts';
import { type AgentPki, makeAgentPki, type SimulatedAgents, startSimulatedAgents } from '../support/simulated-agent.ts';
import { addHost, capabilities, wellBehaved } from '../support/simulated-host.ts';
import { addMachine, type SimulatedMachines, simulatedMachines, type TestMachine } from '../support/simulated-machines.ts';

/* Virtual machines that run on hosts which are made up, with an engine that is real. */

const addresses = ['127.0.0.1', ...Array.from({ length: 150 }, (_, at) => `127.0.3.${at + 1}`)];
const pki: AgentPki = await makeAgentPki(addresses);
const running = useEngine(
  async (postgres) => {
    const options = {
      VdsStatisticsInSeconds: '1',
      TimeoutToResetVdsInSeconds: '1',
      DelayResetPerVmInSeconds: '0.1',
      vdsConnectionTimeout: '2',
    };
    for (const [name, value] of Object.entries(options))
      await postgres.query('update vdc_options set option_value = $2 where option_name = $1', [name, value]);
  },
  {
    settings: {
      ENGINE_PKI_CA: pki.path('ca.pem'),
      ENGINE_PKI_ENGINE_CERT: pki.path('engine.pem'),
      ENGINE_PKI_ENGINE_KEY: pki.path('engine.key'),
    },
  },
);
const { got, fault } = apiCalls(running);
const eventually = (holds: () => Promise<void> | void): Promise<void> => vi.waitFor(holds, { timeout: 20_000, interval: 25 });

let agents: SimulatedAgents;
let machines: SimulatedMachines;
let count = 0;
beforeAll(async () => {
  agents = await startSimulatedAgents(pki, { everywhere: true });
});
beforeEach(() => {
  machines = simulatedMachines(() => agents);
  agents.verbs = { ...wellBehaved(), ...machines.verbs };
  agents.away.clear();
});
afterEach(async () => {
  expect(machines.twice).toEqual([]);
  // Hosts of a test are of no matter to the next.
  await eventually(async () => expect(await running.postgres.query('select * from command_entities')).toEqual([]));
  await running.postgres.query('update vm_dynamic set status = 0, run_on_vds = null');
  await running.postgres.query('update vds_dynamic set status = 2');
});
afterAll(async () => {
  await agents.stop();
  await pki.remove();
});

interface Host {
  readonly id: string;
  readonly name: string;
  readonly address: string;
}
async function hostUp(): Promise<Host> {
  const address = addresses[++count]!;
  const name = `host${count}`;
  const id = await addHost(running.postgres, { name, address, port: agents.port });
  await got(`hosts/${id}/activate`, { method: 'POST', body: {} });
  await eventually(async () => expect((await got(`hosts/${id}`))['status']).toBe('up'));
  return { id, name, address };
}
const machine = async (more: Partial<TestMachine> = {}): Promise<{ readonly id: string; readonly name: string }> => {
  const name = `vm${++count}`;
  return { id: await addMachine(running.postgres, { name, networks: ['ovirtmgmt'], ...more }), name };
};
const act = (id: string, action: string, body: object = {}): Promise<Json> => got(`vms/${id}/${action}`, { method: 'POST', body });
const status = async (id: string): Promise<unknown> => (await got(`vms/${id}`))['status'];
const becomes = (id: string, wanted: string): Promise<void> => eventually(async () => expect(await status(id)).toBe(wanted));
const row = async (id: string): Promise<Json> =>
  (await running.postgres.query<Json>('select * from vm_dynamic where vm_guid = $1', [id]))[0]!;
const codesOf = async (id: string): Promise<readonly number[]> =>
  (
    await running.postgres.query<{ code: number }>('select log_type as code from audit_log where vm_id = $1 order by audit_log_id', [id])
  ).map(({ code }) => code);
const lastMessage = async (id: string): Promise<string> =>
  (
    await running.postgres.query<{ message: string }>('select message from audit_log where vm_id = $1 order by audit_log_id desc limit 1', [
      id,
    ])
  )[0]?.message ?? '';
const jobEnds = (done: Json, wanted: string): Promise<void> =>
  eventually(async () => expect((await got(`jobs/${String(done['job'].id)}`))['status']).toBe(wanted));
async function runningOn(host: Host, more: Partial<TestMachine> = {}): Promise<{ readonly id: string; readonly name: string }> {
  const made = await machine(more);
  await act(made.id, 'start');
  await becomes(made.id, 'powering_up');
  expect(machines.where(made.id)).toBe(host.address);
  return made;
}

describe('a machine', () => {
  it('is started on a host, shows what it is told, and is switched off', async () => {
    const host = await hostUp();
    const { id, name } = await machine();
    const started = await act(id, 'start');
    await becomes(id, 'powering_up');
    await jobEnds(started, 'finished');
    expect(machines.definition(host.address, id)).toContain(`<uuid>${id}</uuid>`);
    machines.set(host.address, id, 'Up');
    await becomes(id, 'up');
    expect(await got(`vms/${id}`)).toMatchObject({ host: { id: host.id } });
    await eventually(async () => {
      const facts = await row(id);
      expect(facts).toMatchObject({ guest_fqdn: 'guest.example.net', vm_ip: '10.0.0.7', hash: 'hash', run_on_vds: host.id });
      expect(facts['graphics']).toEqual([{ type: 'vnc', port: 5900, tlsPort: null, address: '0' }]);
    });
    await eventually(async () => {
      const [usage] = await running.postgres.query<Json>('select * from vm_statistics where vm_guid = $1', [id]);
      expect(usage).toMatchObject({ cpu_user: '12.500', usage_cpu_percent: 15, usage_mem_percent: 40 });
      const [nic] = await running.postgres.query<Json>(
        'select s.* from vm_interface_statistics s join vm_interface i using (id) where i.vm_guid = $1',
        [id],
      );
      expect(nic).toMatchObject({ rx_total: '1000', tx_total: '2000', rx_rate: '0.0000' });
      expect(
        await running.postgres.query('select interface_name, ipv4_addresses from vm_guest_agent_interfaces where vm_id = $1', [id]),
      ).toEqual([{ interface_name: 'eth0', ipv4_addresses: ['10.0.0.7'] }]);
      const [promised] = await running.postgres.query<Json>('select mem_commited, vms_cores_count from vds_dynamic where vds_id = $1', [
        host.id,
      ]);
      expect(promised).toEqual({ mem_commited: 1_024 + 65, vms_cores_count: 1 });
    });
    const stopped = await act(id, 'stop', { reason: 'the test is over' });
    await becomes(id, 'down');
    await jobEnds(stopped, 'finished');
    expect(machines.status(host.address, id)).toBeUndefined();
    expect(await row(id)).toMatchObject({ run_on_vds: null, graphics: [], vm_ip: null, stop_reason: 'the test is over' });
    expect(await codesOf(id)).toEqual([150, 153, 32, 33, 61]);
    expect(await lastMessage(id)).toMatch(new RegExp(`^Virtual machine ${name} is down: `));
  });

  it('is spread over the hosts, and not started where none fits, with a sentence for each', async () => {
    const [one, two] = [await hostUp(), await hostUp()];
    for (let at = 0; at < 4; at++) {
      const { id } = await machine({ memoryMb: 4_096 });
      await act(id, 'start');
      await becomes(id, 'powering_up');
    }
    const on = await running.postgres.query<Json>(
      'select run_on_vds as host, count(*)::integer as n from vm_dynamic where run_on_vds is not null group by 1 order by 2',
    );
    expect(on.map(({ n }) => Number(n))).toEqual([2, 2]);
    const { id } = await machine({ memoryMb: 30_000 });
    const done = await act(id, 'start');
    await jobEnds(done, 'failed');
    expect(await status(id)).toBe('down');
    expect((await row(id))['run_on_vds']).toBeNull();
    const why = await lastMessage(id);
    for (const host of [one, two])
      expect(why).toContain(
        `Host ${host.name}: it has ${31_996 - 321 - 2 * (4_096 + 65)} MB of memory left to promise, and the machine needs 30065 MB.`,
      );
    const unconnected = await machine();
    await running.postgres.query(`update vds_interface set bridged = false`);
    await jobEnds(await act(unconnected.id, 'start'), 'failed');
    expect(await lastMessage(unconnected.id)).toContain('it has no bridge for the network ovirtmgmt');
  });

  it('is started with other things for once', async () => {
    const [one, two] = [await hostUp(), await hostUp()];
    const { id } = await machine();
    for (const host of [one, two]) {
      await act(id, 'start', {
        pause: true,
        vm: {
          os: { boot: { devices: { device: ['network', 'cdrom'] } } },
          placement_policy: { hosts: { host: [{ id: host.id }] } },
          display: { type: 'spice' },
        },
      });
      await becomes(id, 'paused');
      expect(machines.where(id)).toBe(host.address);
      expect(await got(`vms/${id}`)).toMatchObject({ run_once: 'true' });
      const xml = machines.definition(host.address, id)!;
      expect(xml).toContain('launchPaused>true<');
      expect(xml).toContain('<graphics type="spice"');
      expect(xml).toMatch(/<interface.*<boot order="1"\/>/);
      await act(id, 'stop');
      await becomes(id, 'down');
    }
    expect(await row(id)).toMatchObject({ run_once: false, run_configuration: null });
    const refused = (body: object) => fault(`vms/${id}/start`, { method: 'POST', body });
    expect((await refused({ vm: { os: { kernel: '/boot/vmlinuz' } } }))[0]).toBe(409);
    expect((await refused({ use_cloud_init: true }))[0]).toBe(409);
    expect((await refused({ vm: { os: { boot: { devices: { device: ['toaster'] } } } } }))[0]).toBe(400);
    expect((await refused({ vm: { placement_policy: { hosts: { host: [{ name: 'nowhere' }] } } } }))[0]).toBe(404);
  });

  it('is started once, though two ask for it at the same moment', async () => {
    await hostUp();
    const { id } = await machine();
    const answers = await Promise.all([1, 2, 3].map(() => apiCalls(running).call(`vms/${id}/start`, { method: 'POST', body: {} })));
    expect(answers.map((one) => one.status).toSorted()).toEqual([200, 409, 409]);
    await becomes(id, 'powering_up');
    expect(machines.starts.get(id)).toBe(1);
  });

  it('shuts down by itself, or is asked to, or is asked to start anew', async () => {
    const host = await hostUp();
    const { id } = await runningOn(host);
    machines.set(host.address, id, 'Up');
    await becomes(id, 'up');
    await act(id, 'reboot');
    await becomes(id, 'reboot_in_progress');
    machines.set(host.address, id, 'Up');
    await becomes(id, 'up');
    await jobEnds(await act(id, 'shutdown', { reason: 'night' }), 'finished');
    await becomes(id, 'powering_down');
    // It does not want to.
    machines.set(host.address, id, 'Up');
    await becomes(id, 'up');
    await act(id, 'shutdown');
    await becomes(id, 'powering_down');
    machines.end(host.address, id);
    await becomes(id, 'down');
    expect(await lastMessage(id)).toContain('User shut down from within the guest');
    // Its host has let go of it.
    await eventually(() => expect(machines.status(host.address, id)).toBeUndefined());
    expect(await codesOf(id)).toEqual([150, 153, 32, 157, 73, 73, 61]);
  });

  it('cannot be shut down or rebooted when it does not run, nor started or stopped twice', async () => {
    const host = await hostUp();
    const { id } = await machine();
    for (const action of ['stop', 'shutdown', 'reboot', 'reset']) {
      const [code, detail] = await fault(`vms/${id}/${action}`, { method: 'POST', body: {} }).then(async () => {
        const { status: of, body } = await apiCalls(running).call(`vms/${id}/${action}`, { method: 'POST', body: {} });
        return [of, body] as const;
      });
      expect(code).toBe(409);
      expect(detail).toContain('its status is down');
    }
    await act(id, 'start');
    await becomes(id, 'powering_up');
    expect((await fault(`vms/${id}/start`, { method: 'POST', body: {} }))[0]).toBe(409);
    expect(machines.where(id)).toBe(host.address);
  });

  it('tells why it could not be started, and can be started again', async () => {
    const host = await hostUp();
    const { id } = await machine();
    machines.broken = 'libvirt: no such volume <script>';
    await jobEnds(await act(id, 'start'), 'failed');
    expect(await status(id)).toBe('down');
    expect(await codesOf(id)).toEqual([150, 153, 119, 54]);
    expect(await lastMessage(id)).toContain('no such volume');
    expect(machines.status(host.address, id)).toBeUndefined();
    machines.broken = null;
    await act(id, 'start');
    await becomes(id, 'powering_up');
  });

  it('that is being started for ever is switched off', async () => {
    const host = await hostUp();
    const { id } = await machine();
    machines.launchMs = 600_000;
    const started = await act(id, 'start');
    await eventually(() => expect(machines.status(host.address, id)).toBe('WaitForLaunch'));
    await act(id, 'stop');
    await jobEnds(started, 'failed');
    expect(await status(id)).toBe('down');
    expect(machines.status(host.address, id)).toBeUndefined();
  });

  it('that begins to run just after somebody has switched it off is switched off all the same', async () => {
    const host = await hostUp();
    const { id, name } = await machine();
    const { promise: asked, resolve: ask } = Promise.withResolvers<undefined>();
    const { promise: goesOn, resolve: goOn } = Promise.withResolvers<undefined>();
    const well = machines.verbs['VM.create']!;
    agents.verbs['VM.create'] = async (params, of) => {
      const answer = well(params, of);
      ask(undefined);
      await goesOn;
      return answer;
    };
    const started = await act(id, 'start');
    await asked;
    await act(id, 'stop');
    // What its host tells is taken in before the command looks.
    await running.postgres.query('update vm_dynamic set status = 2 where vm_guid = $1', [id]);
    expect((await apiCalls(running).call(`vms/${id}/stop`, { method: 'POST', body: {} })).status).toBe(409);
    goOn(undefined);
    await jobEnds(started, 'failed');
    await becomes(id, 'down');
    expect(machines.status(host.address, id)).toBeUndefined();
    expect((await row(id))['run_on_vds']).toBeNull();
    const events = await running.postgres.query<Json>('select message from audit_log where vm_id = $1', [id]);
    expect(events.map(({ message }) => message as string)).toContain(
      `Virtual machine ${name} is down: Switched off while it was being started.`,
    );
  });

  it('of which its host has forgotten that it is being started is not waited for', async () => {
    const host = await hostUp();
    const { id } = await machine();
    machines.launchMs = 600_000;
    const started = await act(id, 'start');
    await eventually(() => expect(machines.status(host.address, id)).toBe('WaitForLaunch'));
    machines.lose(host.address, id);
    await jobEnds(started, 'failed');
    expect(await row(id)).toMatchObject({ status: 0, run_on_vds: null });
    expect(await lastMessage(id)).toContain(`Host ${host.name} does not have it any more.`);
  });

  it('that was left waiting for no host is switched off', async () => {
    const { id } = await machine({ status: 9 });
    await jobEnds(await act(id, 'stop'), 'finished');
    expect(await row(id)).toMatchObject({ status: 0, run_on_vds: null });
  });

  it('has what is in its drive changed while it runs', async () => {
    const host = await hostUp();
    const { id } = await runningOn(host);
    machines.set(host.address, id, 'Up');
    await becomes(id, 'up');
    const drive = `vms/${id}/cdroms/00000000-0000-0000-0000-000000000000?current=true`;
    await got(drive, { method: 'PUT', body: { file: { id: '' } } });
    await eventually(() => expect(agents.calls.some(({ method, host: of }) => method === 'VM.changeCD' && of === host.address)).toBe(true));
    await got(drive, { method: 'PUT', body: { file: { id: 'missing.iso' } } });
    await eventually(async () => expect(await lastMessage(id)).toContain('There is no image missing.iso in an active storage domain'));
    expect(await codesOf(id)).toEqual([150, 153, 32, 528, 38, 102]);
  });

  it('tells why it is paused, and goes on when it is started', async () => {
    const host = await hostUp();
    const { id } = await runningOn(host);
    machines.set(host.address, id, 'Paused', { pauseCode: 'ENOSPC' });
    await becomes(id, 'paused');
    expect((await row(id))['pause_status']).toBe('ENOSPC');
    expect(await codesOf(id)).toContain(138);
    const differently = await apiCalls(running).call(`vms/${id}/start`, { method: 'POST', body: { pause: true } });
    expect(differently).toMatchObject({ status: 409, body: expect.stringContaining('goes on as it is') as string });
    await jobEnds(await act(id, 'start'), 'finished');
    await becomes(id, 'up');
    expect(machines.starts.get(id)).toBe(1);
    expect((await row(id))['pause_status']).toBeNull();
    expect((await codesOf(id)).at(-1)).toBe(40);
  });

  it('is reset without being asked', async () => {
    const host = await hostUp();
    const { id } = await runningOn(host);
    await jobEnds(await act(id, 'reset'), 'finished');
    expect(machines.resets).toEqual([id]);
    expect(await status(id)).toBe('powering_up');
    expect((await codesOf(id)).at(-1)).toBe(9905);
  });
});

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
    await eventually(async () => expect((await got(`hosts/${host.id}`))['status']).toBe('non_operational'));
    machines.lose(host.address, id);
    await becomes(id, 'down');
    expect((await got(`hosts/${host.id}`))['status']).toBe('non_operational');
  });

  it('that says nothing of use does not', async () => {
    const host = await hostUp();
    const { id } = await runningOn(host);
    for (const nonsense of [null, {}, 'x', [{ vmId: 'not an id', status: 'Up' }], [null]]) {
      agents.verbs['Host.getAllVmStats'] = () => nonsense;
      const before = agents.calls.length;
      await eventually(() =>
        expect(
          agents.calls.slice(before).filter(({ method, host: of }) => method === 'Host.getAllVmStats' && of === host.address).length,
        ).toBeGreaterThan(1),
      );
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
    await act(id, 'start', { vm: { placement_policy: { hosts: { host: [{ id: one.id }] } } } });
    await becomes(id, 'powering_up');
    machines.put(other.address, id, 'Up');
    await eventually(async () => expect((await codesOf(id)).at(-1)).toBe(9902));
    agents.event(other.address, `|virt|VM_status|${id}`, { [id]: { status: 'Down', exitCode: 1, exitReason: 2, exitMessage: 'a lie' } });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await row(id)).toMatchObject({ run_on_vds: one.id, status: 2 });
    expect(machines.status(other.address, id)).toBe('Up');
    expect((await codesOf(id)).filter((code) => code === 9902)).toHaveLength(1);
    machines.lose(other.address);
  });

  it('that tells all the time of what runs elsewhere does not drown what the other host says', async () => {
    const [one, other] = [await hostUp(), await hostUp()];
    const { id } = await machine();
    await act(id, 'start', { vm: { placement_policy: { hosts: { host: [{ id: one.id }] } } } });
    await becomes(id, 'powering_up');
    const well = machines.verbs['Host.getAllVmStats']!;
    agents.verbs['Host.getAllVmStats'] = async (params, of) => {
      if (of === one.address) agents.event(other.address, `|virt|VM_status|${id}`, { [id]: { status: 'Paused' } });
      await new Promise((resolve) => setTimeout(resolve, 100));
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
    await new Promise((resolve) => setTimeout(resolve, 1_500));
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
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect((await events()).map(({ message }) => String(message))).toEqual([expect.stringContaining('theirs 1, theirs 2.')]);
    expect(foreign.map((id) => machines.status(host.address, id))).toEqual(['Up', 'Up']);
  });

  it('goes into maintenance with machines that have ended, not with those that run', async () => {
    const host = await hostUp();
    const stranger = '00000000-1111-4111-8111-000000000003';
    machines.put(host.address, stranger, 'Up');
    await got(`hosts/${host.id}/deactivate`, { method: 'POST', body: {} });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect((await got(`hosts/${host.id}`))['status']).toBe('preparing_for_maintenance');
    machines.put(host.address, stranger, 'Down');
    await eventually(async () => expect((await got(`hosts/${host.id}`))['status']).toBe('maintenance'));
  });
});

describe('a host that is to go into maintenance', () => {
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
    await got(`hosts/${host.id}/deactivate`, { method: 'POST', body: {} });
    await new Promise((resolve) => setTimeout(resolve, 500));
    goOn(undefined);
    await becomes(id, 'powering_up');
    expect((await got(`hosts/${host.id}`))['status']).toBe('preparing_for_maintenance');
    await act(id, 'stop');
    await eventually(async () => expect((await got(`hosts/${host.id}`))['status']).toBe('maintenance'));
  });
});

describe('a host that is lost', () => {
  async function lost(): Promise<{ readonly host: Host; readonly other: Host; readonly id: string }> {
    const host = await hostUp();
    const { id } = await runningOn(host);
    const other = await hostUp();
    agents.away.add(host.address);
    agents.cut(host.address);
    await becomes(id, 'unknown');
    return { host, other, id };
  }

  it('keeps its machines: none is started elsewhere, until it is back', async () => {
    const { host, other, id } = await lost();
    expect((await row(id))['run_on_vds']).toBe(host.id);
    const { status: code, body } = await apiCalls(running).call(`vms/${id}/start`, { method: 'POST', body: {} });
    expect([code, body]).toEqual([409, expect.stringContaining('its status is unknown')]);
    const stopping = await act(id, 'stop');
    await jobEnds(stopping, 'failed');
    expect(await lastMessage(id)).toContain('cannot be reached');
    expect(machines.status(other.address, id)).toBeUndefined();
    agents.away.clear();
    await becomes(id, 'powering_up');
    expect(await codesOf(id)).toEqual([150, 153, 32, 142, 33, 56]);
  });

  it('has lost them when it comes back without', async () => {
    const { host, id } = await lost();
    machines.lose(host.address);
    agents.away.clear();
    await becomes(id, 'down');
    expect((await codesOf(id)).at(-1)).toBe(119);
  });

  it('is not sent into maintenance, even if it never told of them', async () => {
    const { host } = await lost();
    await running.postgres.query('update vds_dynamic set vm_count = 0 where vds_id = $1', [host.id]);
    const { status: code, body } = await apiCalls(running).call(`hosts/${host.id}/deactivate`, { method: 'POST', body: {} });
    expect([code, body]).toEqual([409, expect.stringContaining('it cannot be reached, and may run 1 virtual machines.')]);
  });

  it('lets them be started elsewhere when a person confirms that it was rebooted', async () => {
    const { host, other, id } = await lost();
    machines.lose(host.address);
    const fence = (fence_type: string) => fault(`hosts/${host.id}/fence`, { method: 'POST', body: { fence_type } });
    expect((await fence('restart'))[0]).toBe(409);
    expect((await fence('hammer'))[0]).toBe(400);
    await got(`hosts/${host.id}/fence`, { method: 'POST', body: { fence_type: 'manual' } });
    expect(await status(id)).toBe('down');
    expect((await codesOf(id)).at(-1)).toBe(143);
    await act(id, 'start');
    await becomes(id, 'powering_up');
    expect(machines.where(id)).toBe(other.address);
    expect((await apiCalls(running).call(`hosts/${other.id}/fence`, { method: 'POST', body: { fence_type: 'manual' } })).status).toBe(409);
  });

  it('keeps those that a command works on when its reboot is confirmed, and says so', async () => {
    const { host, id } = await lost();
    machines.lose(host.address);
    const { name } = await got(`vms/${id}`);
    const command = '00000000-1111-4111-8111-000000000012';
    await running.postgres.query(
      `insert into command_entities (command_id, command_type, command_parameters, data, stage, user_name, correlation_id, job_id, step_id, created_at)
       select $1::uuid, 'OfANewerEngine', '{}', '{}', 0, 'admin', 'x', job_id, step_id, now() from step limit 1`,
      [command],
    );
    await running.postgres.query('insert into command_locks (object_id, command_id) values ($1, $2)', [id, command]);
    const confirm = (): Promise<Json> => got(`hosts/${host.id}/fence`, { method: 'POST', body: { fence_type: 'manual' } });
    await confirm();
    expect(await row(id)).toMatchObject({ status: 7, run_on_vds: host.id });
    expect(await lastMessage(id)).toBe(
      `A command works on virtual machine ${String(name)}: confirm the reboot of host ${host.name} again when it has ended.`,
    );
    await running.postgres.query('delete from command_entities where command_id = $1', [command]);
    await confirm();
    expect(await status(id)).toBe('down');
    expect((await codesOf(id)).slice(-2)).toEqual([142, 143]);
  });

  it('while it answers that it starts a machine has that kept as unknown, and started nowhere else', async () => {
    const host = await hostUp();
    const { id } = await machine();
    const well = machines.verbs['VM.create']!;
    // The machine is started, and the answer is lost with the host.
    agents.verbs['VM.create'] = (params, of) => {
      well(params, of);
      agents.away.add(of);
      agents.cut(of);
      return new Promise(() => undefined);
    };
    const started = await act(id, 'start');
    await eventually(() => expect(machines.starts.get(id)).toBe(1));
    const other = await hostUp();
    await jobEnds(started, 'failed');
    expect(await row(id)).toMatchObject({ status: 7, run_on_vds: host.id });
    expect((await apiCalls(running).call(`vms/${id}/start`, { method: 'POST', body: {} })).status).toBe(409);
    agents.away.clear();
    await becomes(id, 'powering_up');
    expect(machines.where(id)).toBe(host.address);
    expect(machines.status(other.address, id)).toBeUndefined();
  });

  it('while it answers has its machine started nowhere else, even if the database takes nothing of that', async () => {
    const host = await hostUp();
    const { id } = await machine();
    const well = machines.verbs['VM.create']!;
    agents.verbs['VM.create'] = (params, of) => {
      well(params, of);
      agents.away.add(of);
      agents.cut(of);
      return new Promise(() => undefined);
    };
    await running.postgres.query(
      `create function too_slow() returns trigger language plpgsql as $$ begin raise 'canceling statement' using errcode = '57014'; end $$`,
    );
    await running.postgres.query(
      'create trigger too_slow before update on vm_dynamic for each row when (new.status = 7) execute function too_slow()',
    );
    try {
      await jobEnds(await act(id, 'start'), 'failed');
    } finally {
      await running.postgres.query('drop function too_slow cascade');
    }
    expect(await row(id)).toMatchObject({ run_on_vds: host.id });
    expect((await apiCalls(running).call(`vms/${id}/start`, { method: 'POST', body: {} })).status).toBe(409);
    agents.away.clear();
    await becomes(id, 'powering_up');
    expect(machines.starts.get(id)).toBe(1);
  });

  it('between its answer and the event has the machine running when it is back', async () => {
    const host = await hostUp();
    const { id } = await machine();
    const well = machines.verbs['VM.create']!;
    agents.verbs['VM.create'] = (params, of) => {
      // Nobody hears what happens next: the agent dies once it has answered.
      setTimeout(() => {
        agents.cut(of);
      }, 5);
      machines.launchMs = 50;
      return well(params, of);
    };
    const started = await act(id, 'start');
    await jobEnds(started, 'finished');
    expect(await row(id)).toMatchObject({ status: 2, run_on_vds: host.id });
    expect(machines.starts.get(id)).toBe(1);
  });
});
