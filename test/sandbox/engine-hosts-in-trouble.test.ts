import { beforeEach, describe, expect, it } from 'vitest';
import { workOn } from '../support/commands.ts';
import { useHosts } from '../support/running-hosts.ts';
import { type SimulatedAgents, SimulatedFailure } from '../support/simulated-agent.ts';
import { capabilities, hardwareId, statistics } from '../support/simulated-host.ts';
import { addMachine } from '../support/simulated-machines.ts';
import { eventually } from '../support/waiting.ts';

/* Hosts that do not fit, lack a network, or are away. */

const tests = await useHosts();
const { act, becomes, codesOf, eventsOf, host, running, status, up } = tests;
const { fault, got, idOf } = tests.api;
let agents: SimulatedAgents;
beforeEach(() => void ({ agents } = tests));

describe('a host that does not fit', () => {
  it.each([
    ['an engine that it does not work with', { supportedENGINEs: ['3.6'] }, 'version_incompatible_with_cluster', 154],
    ['a lower level', { clusterLevels: ['4.2'] }, 'cluster_version_incompatible_with_cluster', 154],
    ['a lesser processor', { cpuFlags: 'vmx,nx,model_Nehalem' }, 'cpu_type_incompatible_with_cluster', 515],
    ['other emulated machines', { emulatedMachines: ['pc-q35-9.9'] }, 'emulated_machines_incompatible_with_cluster', 517],
    [
      'nothing that could be read',
      { uuid: 7, networks: 'x', nics: [1], cpuFlags: {}, clusterLevels: { a: 1 } },
      'cluster_version_incompatible_with_cluster',
      154,
    ],
  ])('has %s', async (_what, wrong, detail, code) => {
    await up();
    const { id, name } = await host();
    agents.verbs['Host.getCapabilities'] = (_params, of) => capabilities(of, wrong);
    const { job } = await act(id, 'activate');
    await becomes(id, 'non_operational');
    expect((await got(`hosts/${id}`))['status_detail']).toBe(detail);
    expect((await codesOf(name)).at(-1)).toBe(code);
    expect((await got(`jobs/${job.id}`))['status']).toBe('failed');
    // It is looked at now and then, and is up as soon as it fits.
    agents.verbs['Host.getCapabilities'] = (_params, of) => capabilities(of);
    await becomes(id, 'up');
    await act(id, 'deactivate');
    await becomes(id, 'maintenance');
  });

  it('is the same as another host; one that is another machine than before is told of', async () => {
    const { id, name } = await up();
    await act(id, 'deactivate');
    await becomes(id, 'maintenance');
    agents.verbs['Host.getCapabilities'] = (_params, of) => capabilities(of, { uuid: hardwareId('1.2.3.4') });
    await act(id, 'activate');
    await becomes(id, 'up');
    expect(await codesOf(name)).toContain(9861);
    await act(id, 'deactivate');
    await becomes(id, 'maintenance');
    const twin = await host();
    agents.verbs['Host.getCapabilities'] = (_params, of) => capabilities(of, { uuid: hardwareId('1.2.3.4') });
    await act(twin.id, 'activate');
    await becomes(twin.id, 'non_operational');
    expect((await eventsOf(twin.name)).at(-1)?.['description']).toContain('same hardware UUID as host');
    await act(twin.id, 'deactivate');
    await becomes(twin.id, 'maintenance');
  });
});

describe('a host that does not fit its cluster', () => {
  const older = { cpuFlags: 'fpu,vmx,nx,ssse3,model_Nehalem' };
  const into = (name: string) => ({ method: 'PUT', body: { cluster: { name } } });

  it('is moved to another one while it is in maintenance, and is up there', async () => {
    await up();
    const { id, name, address } = await host();
    agents.verbs['Host.getCapabilities'] = (_params, of) => capabilities(of, of === address ? older : {});
    await got('clusters', { body: { name: 'Older', version: { major: 4, minor: 7 }, data_center: { name: 'Default' } } });
    await act(id, 'activate');
    await becomes(id, 'non_operational');
    const advice = (await eventsOf(name)).at(-1)?.['description'] as string;
    expect(advice).toContain('move the host to another cluster while it is in maintenance');
    expect(await fault(`hosts/${id}`, into('Older'))).toEqual([
      409,
      expect.stringContaining('non operational, and it would have to be one of: maintenance'),
    ]);
    await act(id, 'deactivate');
    await becomes(id, 'maintenance');
    const machine = await addMachine(running.postgres, { name: 'tied' });
    await running.postgres.query('insert into vm_host_pinning_map (vm_id, vds_id) values ($1, $2)', [machine, id]);
    expect(await fault(`hosts/${id}`, into('Older'))).toEqual([409, expect.stringContaining('virtual machine tied')]);
    await running.postgres.query('delete from vm_static where vm_guid = $1', [machine]);
    expect(await fault(`hosts/${id}`, into('Nowhere'))).toEqual([404, expect.any(String)]);
    expect((await got(`hosts/${id}`, { method: 'PUT', body: { cluster: { name: 'Older' }, comment: 'moved' } }))['comment']).toBe('moved');
    expect((await eventsOf(name)).at(-1)?.['description']).toContain('It belongs to cluster Older now.');
    expect((await got(`hosts/${id}`))['cluster']).toMatchObject({ id: await idOf('clusters', 'Older') });
    await act(id, 'activate');
    await becomes(id, 'up');
    expect((await got(`clusters/${await idOf('clusters', 'Older')}`))['cpu']).toMatchObject({ type: 'Intel Nehalem Family' });
  });

  it('stays where it is when it is used meanwhile', async () => {
    const { id } = await host();
    // A command has just begun to work on it.
    const ended = await workOn(running.postgres, id);
    expect(await fault(`hosts/${id}`, into('Older'))).toEqual([409, expect.stringContaining('has just changed')]);
    await ended();
    expect((await got(`hosts/${id}`))['cluster']).toMatchObject({ id: await idOf('clusters', 'Default') });
  });
});

describe('a host without its management network', () => {
  const bare = {
    networks: {},
    nics: { eth0: { hwaddr: '52:54:00:00:00:01', addr: '10.0.0.5', netmask: '255.0.0.0', gateway: '10.0.0.1' } },
  };

  it('is given one on the interface that the engine comes through, though the answer is lost with the connection', async () => {
    const { id, address } = await host();
    let asked: unknown;
    agents.verbs['Host.getCapabilities'] = (_params, of) => capabilities(of, of === address && asked === undefined ? bare : {});
    agents.verbs['Host.setupNetworks'] = (params, of) => {
      asked = params;
      agents.cut(of);
      return new Promise(() => undefined);
    };
    await act(id, 'activate');
    await becomes(id, 'up');
    expect(asked).toEqual({
      networks: {
        ovirtmgmt: {
          ...{
            nic: 'eth0',
            bridged: 'true',
            defaultRoute: true,
            bootproto: 'none',
            ipaddr: '10.0.0.5',
            netmask: '255.0.0.0',
            gateway: '10.0.0.1',
          },
          ...{ dhcpv6: false, ipv6autoconf: false },
        },
      },
      bondings: {},
      options: { connectivityCheck: 'true', connectivityTimeout: 120, commitOnSuccess: true },
    });
  });

  it('is not operational when its agent went back, and not up by itself before somebody tries again', async () => {
    const { id, name, address } = await host();
    agents.verbs['Host.getCapabilities'] = (_params, of) => capabilities(of, bare);
    agents.verbs['Host.setupNetworks'] = () => Promise.reject(new SimulatedFailure(10, 'Lost connectivity'));
    await act(id, 'activate');
    await becomes(id, 'non_operational');
    expect((await got(`hosts/${id}`))['status_detail']).toBe('network_unreachable');
    expect((await codesOf(name)).at(-1)).toBe(519);
    const looks = () => agents.calls.filter(({ host: of, method }) => of === address && method === 'Host.getCapabilities').length;
    const before = looks();
    await eventually(async () => expect(looks()).toBeGreaterThan(before + 1));
    expect(await status(id)).toBe('non_operational');
  });

  it('has what was left uncommitted committed, as soon as its agent is ready for it', async () => {
    const { id, address } = await host();
    agents.verbs['Host.getCapabilities'] = (_params, of) => capabilities(of, of === address ? { netConfigDirty: 'True' } : {});
    let tries = 0;
    agents.verbs['Host.setSafeNetworkConfig'] = () => {
      tries += 1;
      if (tries === 1) throw new SimulatedFailure(40, 'A change of networks is under way');
      return true;
    };
    await act(id, 'activate');
    await becomes(id, 'up');
    expect(tries).toBe(2);
  });

  it('is up with a warning that says why where its network cannot be had', async () => {
    const { id, name } = await host();
    agents.verbs['Host.getCapabilities'] = (_params, of) => capabilities(of, bare);
    agents.verbs['Host.setupNetworks'] = () => Promise.reject(new SimulatedFailure(44, 'eth0 is configured in /etc/network/interfaces'));
    await act(id, 'activate');
    await becomes(id, 'up');
    const event = (await eventsOf(name)).find(({ code }) => Number(code) === 9860);
    expect(event?.['description']).toContain('eth0 is configured in /etc/network/interfaces');
  });

  it('is up with a warning when its agent cannot make networks', async () => {
    const { id, name } = await host();
    agents.verbs['Host.getCapabilities'] = (_params, of) => capabilities(of, bare);
    await act(id, 'activate');
    await becomes(id, 'up');
    expect(await codesOf(name)).toContain(9860);
  });
});

describe('a host that is away', () => {
  it('is waited for, given up, and up again when it comes back', async () => {
    const { id, name } = await up();
    await agents.stop();
    await becomes(id, 'connecting');
    await becomes(id, 'non_responsive');
    await agents.start();
    await becomes(id, 'up');
    const codes = await codesOf(name);
    expect(codes.filter((code) => code === 9008 || code === 12 || code === 13)).toEqual([13, 9008, 12, 13]);
  });

  it('is non responsive when it cannot be activated', async () => {
    const { id, name } = await host();
    agents.verbs['Host.ping2'] = () => Promise.reject(new SimulatedFailure(100, 'General Exception'));
    await act(id, 'activate');
    await becomes(id, 'non_responsive');
    expect((await eventsOf(name)).at(-1)?.['description']).toContain('General Exception');
  });

  it('tells the wrong time', async () => {
    const { name } = await up();
    agents.verbs['Host.getStats'] = () => statistics({ dateTime: '2017-06-01T02:20:30 GMT' });
    await eventually(async () => expect(await codesOf(name)).toContain(604));
  });
});
