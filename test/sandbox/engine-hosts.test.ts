import { beforeEach, describe, expect, it } from 'vitest';
import type { Json } from '../support/api-calls.ts';
import { addMortal, mortal } from '../support/engine.ts';
import { freePort } from '../support/free-port.ts';
import { basic } from '../support/https-client.ts';
import { useHosts } from '../support/running-hosts.ts';
import type { SimulatedAgents } from '../support/simulated-agent.ts';
import { capabilities, hardwareId } from '../support/simulated-host.ts';
import { eventually } from '../support/waiting.ts';

/* Hosts as they should be, from adding one to removing it. */

const tests = await useHosts(addMortal);
const { act, becomes, codesOf, eventsOf, host, running, up } = tests;
const { call, got, fault, idOf } = tests.api;
let agents: SimulatedAgents;
beforeEach(() => void ({ agents } = tests));

describe('a host', () => {
  it('is activated: it is looked at, fits, and is up, with everything that it told', async () => {
    const { id, name, address } = await host();
    const done = await act(id, 'activate');
    expect(done['status']).toBe('complete');
    await becomes(id, 'up');
    const shown = await got(`hosts/${id}`);
    expect(shown).toMatchObject({
      name,
      address,
      status: 'up',
      port: String(agents.port),
      protocol: 'stomp',
      type: 'rhel',
      memory: String(31_996 * 1_048_576),
      cpu: { name: 'Intel(R) Xeon(R) Gold 6148', speed: 2400, topology: { sockets: '1', cores: '4', threads: '2' } },
      hardware_information: {
        manufacturer: 'QEMU',
        uuid: hardwareId(address),
        supported_rng_sources: { supported_rng_source: ['random', 'hwrng'] },
      },
      libvirt_version: { full_version: '9.0.0 - 4+deb12u2', major: '9', minor: '0' },
      os: { type: 'Debian', version: { full_version: '12 - 1', major: '12' } },
      se_linux: { mode: 'disabled' },
      iscsi: { initiator: 'iqn.1993-08.org.debian:01:host' },
      ssh: { port: '22' },
      certificate: { organization: 'Test', subject: `O=Test,CN=${address}` },
      spm: { priority: '5', status: 'none' },
      power_management: { enabled: 'false', kdump_detection: 'true', automatic_pm_enabled: 'true' },
    });
    expect((shown['actions'].link as Json[]).map(({ rel }) => rel as string)).toEqual([
      'activate',
      'approve',
      'deactivate',
      'fence',
      'forceselectspm',
      'install',
      'refresh',
    ]);
    expect(await codesOf(name)).toEqual([16, 514, 13]);
    const job = await got(`jobs/${done['job'].id}?follow=steps`);
    expect(job['status']).toBe('finished');
    expect((job['steps'].step as Json[]).map(({ description, status: of }) => [description, of] as string[])).toEqual([
      [`Activation of host ${name} was asked for by admin@internal.`, 'finished'],
      ['Waiting for the agent of the host', 'finished'],
      ['Looking at what the host is and has', 'finished'],
      ['Comparing the host with its cluster', 'finished'],
      ['Connecting the host to the storage of its data center', 'finished'],
    ]);
  });

  it('settles what its cluster has left open', async () => {
    await up();
    const cluster = await got(`clusters/${await idOf('clusters', 'Default')}`);
    expect(cluster['cpu']).toEqual({ architecture: 'x86_64', type: 'Intel Skylake Server Family' });
    expect(await running.postgres.query(`select emulated_machine from cluster where name = 'Default'`)).toEqual([
      { emulated_machine: 'pc-q35-4.1' },
    ]);
  });

  it('shows its interfaces with their networks and addresses', async () => {
    const { id, address } = await up();
    await eventually(async () => {
      const { host_nic: nics } = await got(`hosts/${id}/nics`);
      expect((nics as Json[]).map(({ name, status: of, speed, vlan }) => [name, of, speed, vlan?.id] as string[])).toEqual([
        ['eth0', 'up', '10000000000', undefined],
        ['eth1', 'up', '1000000000', undefined],
        ['eth1.12', undefined, undefined, '12'],
      ]);
      expect(nics[0]).toMatchObject({
        bridged: 'true',
        boot_protocol: 'static',
        ip: { address, netmask: '255.255.255.0', version: 'v4' },
        mac: { address: '52:54:00:00:00:01' },
        network: { id: '00000000-0000-0000-0000-000000000009' },
      });
      expect(nics[1]).toMatchObject({ boot_protocol: 'dhcp', ip: { address: '10.9.8.7' } });
    });
  });

  it('is sampled, for clients and the data warehouse', async () => {
    const { id, name } = await up();
    await eventually(async () => {
      const { statistic } = await got(`hosts/${id}/statistics`);
      const values = Object.fromEntries(
        (statistic as Json[]).map((one) => [one['name'], one['values'].value?.[0]?.datum] as [string, number]),
      );
      expect(values).toMatchObject({
        'memory.installed': 31_996 * 1_048_576,
        'cpu.current.user': 12.5,
        'swap.used': 96 * 1_048_576,
        'boot.time': 1_700_000_000,
      });
    });
    const [nic = {}] = (await got(`hosts/${id}/nics`))['host_nic'] as Json[];
    await eventually(async () => {
      const { statistic } = await got(`hosts/${id}/nics/${String(nic['id'])}/statistics`);
      const values = Object.fromEntries(
        (statistic as Json[]).map((one) => [one['name'], one['values'].value?.[0]?.datum] as [string, number]),
      );
      expect(values).toMatchObject({ 'errors.total.rx': 0 });
      expect(values['data.current.rx']).toBeGreaterThan(1e8);
      expect(values['data.current.rx.bps']).toBeCloseTo(8 * (values['data.current.rx'] ?? 0), -2);
      expect(values['data.total.rx']).toBeGreaterThan(1e17);
      expect((statistic as Json[])[0]).toMatchObject({ host_nic: { id: nic['id'], href: nic['href'] } });
    });
    expect((await got(`hosts?search=name%3D${name}%20and%20cpu_usage%3D16%20and%20active_vms%3D2`))['host']).toHaveLength(1);
    expect((await got(`hosts/${id}`))['summary']).toEqual({ active: '2', migrating: '0', total: '3' });
    const [configured] = await running.postgres.query('select * from dwh_host_configuration_history_view where host_id = $1', [id]);
    expect(configured).toMatchObject({
      host_name: name,
      memory_size_mb: '31996',
      number_of_threads: 8,
      threads_per_core: 2,
      vdsm_version: '4.50.0 - 1',
    });
    const [sampled] = await running.postgres.query('select * from dwh_host_history_view where host_id = $1', [id]);
    expect(sampled).toMatchObject({
      host_status: 1,
      cpu_usage_percent: 16,
      memory_usage_percent: 35,
      active_vms: 2,
      total_vms: 3,
      cpu_load: 42,
      swap_used_mb: '96',
    });
    await eventually(async () => {
      const nics = await running.postgres.query<Json>(
        `select s.* from dwh_host_interface_history_view s join vds_interface i on i.id = s.host_interface_id where i.vds_id = $1 order by i.name`,
        [id],
      );
      // A gigabit a second: all of one interface, and a tenth of the other.
      expect(nics.map((nic) => nic['receive_rate_percent'] as number)).toEqual([10, 100]);
    });
  });

  it('goes into maintenance, and is let go by the engine', async () => {
    const { id, name, address } = await up();
    await act(id, 'deactivate', { reason: 'cleaning' });
    await becomes(id, 'maintenance');
    expect(await codesOf(name)).toEqual([16, 514, 13, 600, 15]);
    expect((await eventsOf(name)).at(-2)?.['description']).toBe(
      `Host ${name} was sent into maintenance by admin@internal. Reason: cleaning.`,
    );
    await eventually(async () => expect(agents.connections(address)).toBe(0));
  });

  it('is not in maintenance before its machines are gone, and can be wanted back meanwhile', async () => {
    const { id, name } = await up();
    agents.verbs['Host.getVMList'] = () => ['00000000-0000-4000-8000-000000000001'];
    const { job } = await act(id, 'deactivate');
    await becomes(id, 'preparing_for_maintenance');
    expect(await fault(`hosts/${id}/deactivate`, { method: 'POST', body: {} })).toEqual([409, expect.any(String)]);
    expect((await got(`jobs/${job.id}`))['status']).toBe('started');
    await act(id, 'activate');
    await becomes(id, 'up');
    expect((await got(`jobs/${job.id}`))['status']).toBe('failed');
    expect((await codesOf(name)).slice(-3)).toEqual([600, 16, 17]);
  });

  it('is looked at again when somebody asks', async () => {
    const { id, name } = await up();
    agents.verbs['Host.getCapabilities'] = (_params, of) =>
      capabilities(of, { memSize: '64000', nics: { eth7: { hwaddr: '52:54:00:00:00:07' } } });
    await act(id, 'refresh');
    await eventually(async () => expect((await got(`hosts/${id}`))['memory']).toBe(String(64_000 * 1_048_576)));
    await eventually(async () => expect((await codesOf(name)).at(-1)).toBe(606));
    const { host_nic: nics } = await got(`hosts/${id}/nics`);
    expect((nics as Json[]).map((nic) => nic['name'] as string)).toEqual(['eth1.12', 'eth7']);
  });

  it('is changed, searched for, and removed only in maintenance', async () => {
    const { id, name } = await up();
    expect(
      (await got(`hosts/${id}`, { method: 'PUT', body: { name: `${name}-new`, comment: 'in <rack> 7', spm: { priority: 9 } } }))['comment'],
    ).toBe('in <rack> 7');
    expect(await fault(`hosts/${id}`, { method: 'PUT', body: { address: '127.0.0.9' } })).toEqual([409, 'address cannot be changed.']);
    const shown = { os: { custom_kernel_cmdline: '' }, power_management: { automatic_pm_enabled: true }, vgpu_placement: 'consolidated' };
    await got(`hosts/${id}`, { method: 'PUT', body: shown });
    for (const [body, what] of [
      [{ os: { custom_kernel_cmdline: 'quiet' } }, '[Another os.custom_kernel_cmdline'],
      [{ power_management: { automatic_pm_enabled: false } }, '[Another power_management.automatic_pm_enabled'],
      [{ power_management: { kdump_detection: false } }, '[Another power_management.kdump_detection'],
      [{ power_management: { enabled: true } }, '[power_management.enabled'],
      [{ vgpu_placement: 'separated' }, '[Another vgpu_placement'],
    ] as const)
      expect(await fault(`hosts/${id}`, { method: 'PUT', body })).toEqual([409, expect.stringContaining(`${what} is not supported`)]);
    expect((await got(`hosts?search=${encodeURIComponent(`name=${name}-new and status=up and cluster=Default`)}`))['host'][0].id).toBe(id);
    expect((await fault(`hosts/${id}`, { method: 'DELETE' }))[0]).toBe(409);
    await act(id, 'deactivate');
    await becomes(id, 'maintenance');
    expect((await call(`hosts/${id}`, { method: 'DELETE' })).status).toBe(200);
    expect((await call(`hosts/${id}`)).status).toBe(404);
    expect(await running.postgres.query('select * from vds_interface where vds_id = $1', [id])).toEqual([]);
    expect((await codesOf(`${name}-new`)).at(-1)).toBe(44);
  });
});

describe('a machine that is added', () => {
  it('is installed over SSH, and is told what stands in the way', async () => {
    const closed = await freePort();
    const xml = `<host><name>new1</name><address>127.0.9.9</address><root_password>Root-Canary-1</root_password>
      <ssh><port>${closed}</port></ssh><cluster><name>Default</name></cluster><override_iptables>true</override_iptables></host>`;
    const answer = await call('hosts', { xml });
    expect(answer.status, answer.body).toBe(201);
    const added = JSON.parse(answer.body) as Json;
    expect(answer.headers.location).toBe(`/ovirt-engine/api/hosts/${String(added['id'])}`);
    expect(added).toMatchObject({ name: 'new1', address: '127.0.9.9', status: 'installing', ssh: { port: String(closed) } });
    await becomes(String(added['id']), 'install_failed');
    expect((await eventsOf('new1')).at(-1)).toMatchObject({ code: '505', description: expect.stringContaining('cannot be reached') });
    expect(await fault('hosts', { xml })).toEqual([409, expect.stringContaining('same address')]);
    for (const wish of ['reboot', 'deploy_hosted_engine'])
      expect(await fault(`hosts?${wish}=true`, { xml })).toEqual([409, expect.stringContaining(`${wish} is not supported`)]);
    const again = await act(String(added['id']), 'install', { root_password: 'Root-Canary-2', activate: false });
    expect(JSON.stringify(again)).not.toContain('Canary');
    await becomes(String(added['id']), 'install_failed');
    expect(running.engine.log()).not.toContain('Root-Canary');
    expect((await call(`hosts/${String(added['id'])}`, { method: 'DELETE' })).status).toBe(200);
  });
});

describe('who may', () => {
  it('see and change hosts is a matter of permissions', async () => {
    const { id } = await up();
    const as = basic(`${mortal.name}@internal`, mortal.password);
    expect((await call('hosts', { as })).status).toBe(403);
    expect(await got('hosts?filter=true', { as })).toEqual({});
    expect((await call(`hosts/${id}`, { as })).status).toBe(404);
    expect((await call(`hosts/${id}/deactivate`, { as, method: 'POST', body: {} })).status).toBeGreaterThanOrEqual(403);
    const user = (await got('users?search=usrname%3Dmortal*'))['user'][0].id as string;
    await got(`hosts/${id}/permissions`, { method: 'POST', body: { user: { id: user }, role: { name: 'HostAdmin' } } });
    expect((await got(`hosts/${id}`, { as }))['id']).toBe(id);
    expect((await got(`hosts/${id}/permissions`))['permission']).toHaveLength(1);
    await got(`hosts/${id}/deactivate`, { as, method: 'POST', body: {} });
    await becomes(id, 'maintenance');
  });
});
