import { beforeEach, describe, expect, it } from 'vitest';
import type { Json } from '../support/api-calls.ts';
import { useMachines } from '../support/running-machines.ts';
import type { SimulatedAgents } from '../support/simulated-agent.ts';
import type { SimulatedMachines } from '../support/simulated-machines.ts';
import { eventually } from '../support/waiting.ts';

/* Virtual machines that run on hosts which are made up, with an engine that is real. */

const tests = await useMachines();
const { act, becomes, codesOf, hostUp, jobEnds, lastMessage, machine, row, running, runningOn, status } = tests;
const { call, fault, got } = tests.api;
let agents: SimulatedAgents;
let machines: SimulatedMachines;
beforeEach(() => void ({ agents, machines } = tests));

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
      const started = await act(id, 'start', {
        pause: true,
        vm: {
          os: { boot: { devices: { device: ['network', 'cdrom'] } } },
          placement_policy: { hosts: { host: [{ id: host.id }] } },
          display: { type: 'spice' },
        },
      });
      await becomes(id, 'paused');
      await jobEnds(started, 'finished');
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

  it('is started with all that was wished of it', async () => {
    const host = await hostUp();
    const { id } = await machine();
    const wished = {
      ...{ cpu: { topology: { sockets: 2 } }, cpu_shares: 2048, io: { threads: 1 }, multi_queues_enabled: true },
      ...{ display: { type: 'spice', monitors: 2 }, serial_number: { policy: 'host' }, time_zone: { name: 'Tokyo Standard Time' } },
      custom_compatibility_version: { major: 4, minor: 7 },
    };
    await got(`vms/${id}`, { method: 'PUT', body: wished });
    await jobEnds(await act(id, 'start'), 'finished');
    const xml = machines.definition(host.address, id);
    for (const part of ['<shares>2048<', '<iothreads>1<', 'queues="2"', 'heads="2"', '>HOST-SERIAL:<', 'adjustment="32400"', '>4.7<'])
      expect(xml).toContain(part);
  });

  it('has the filter of the vNIC profile on its network card, and is not started with a profile that no host can give it', async () => {
    const host = await hostUp();
    const { id } = await machine();
    await jobEnds(await act(id, 'start'), 'finished');
    expect(machines.definition(host.address, id)).toMatch(/<interface.*<filterref filter="vdsm-no-mac-spoofing"\/>.*<\/interface>/);
    await act(id, 'stop');
    await becomes(id, 'down');
    const mirror = (wanted: boolean) => running.postgres.query('update vnic_profiles set port_mirroring = $1', [wanted]);
    await mirror(true);
    const refused = await call(`vms/${id}/start`, { method: 'POST', body: {} });
    expect(refused.status).toBe(409);
    expect(refused.body).toContain('has the vNIC profile ovirtmgmt, which passes network cards on or mirrors ports');
    await mirror(false);
  });

  it('is started once, though two ask for it at the same moment', async () => {
    await hostUp();
    const { id } = await machine();
    const answers = await Promise.all([1, 2, 3].map(() => call(`vms/${id}/start`, { method: 'POST', body: {} })));
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
    await jobEnds(await act(id, 'shutdown', { reason: 'Night, ${name} & ${user}' }), 'finished');
    expect(await lastMessage(id)).toMatch(/asked for by admin@internal\S*\. Reason: Night, \$\{name\} & \$\{user\}\.$/);
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
      const { status: code, body } = await call(`vms/${id}/${action}`, { method: 'POST', body: {} });
      expect([code, body]).toEqual([409, expect.stringContaining('its status is down')]);
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
    expect((await call(`vms/${id}/stop`, { method: 'POST', body: {} })).status).toBe(409);
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
    await running.postgres.query(`update vm_dynamic set current_cd = 'other.iso' where vm_guid = $1`, [id]);
    expect((await got(drive))['file']).toEqual({ id: 'other.iso' });
    expect((await got(`vms/${id}/cdroms?current=true`))['cdrom']).toMatchObject([{ file: { id: 'other.iso' } }]);
    expect(await got(drive.replace('true', 'false'))).not.toHaveProperty('file');
  });

  it('tells why it is paused, and goes on when it is started', async () => {
    const host = await hostUp();
    const { id } = await runningOn(host);
    machines.set(host.address, id, 'Paused', { pauseCode: 'ENOSPC' });
    await becomes(id, 'paused');
    expect((await row(id))['pause_status']).toBe('ENOSPC');
    expect(await codesOf(id)).toContain(138);
    const differently = await call(`vms/${id}/start`, { method: 'POST', body: { pause: true } });
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
