import { describe, expect, it } from 'vitest';
import { apiCalls, type Json } from '../support/api-calls.ts';
import { workOn } from '../support/commands.ts';
import { addingMachines, gibibyte, mebibyte, pathOf } from '../support/machine-calls.ts';
import { useEngine } from '../support/running-engine.ts';

const running = useEngine();
const { call, got, fault } = apiCalls(running);
const blank = '00000000-0000-0000-0000-000000000000';

const cluster = { name: 'Default' };
const template = { name: 'Blank' };
const add = addingMachines({ got });

describe('a virtual machine', () => {
  it('is made from the template Blank as the walk of the original has it, in XML', async () => {
    const answer = await call('vms', {
      xml: `<vm><name>vm1</name><cluster><name>Default</name></cluster><template><name>Blank</name></template><memory>${gibibyte}</memory>
        <os><boot><devices><device>cdrom</device><device>hd</device></devices></boot></os><unknown/></vm>`,
      headers: { accept: 'application/xml', 'correlation-id': 'first-machine' },
    });
    expect(answer.status).toBe(201);
    expect(answer.body).toContain('<status>down</status>');
    expect(answer.body).toMatch(/<devices>\s*<device>cdrom<\/device>\s*<device>hd<\/device>\s*<\/devices>/);
    expect(answer.body).toContain(`<template href="/ovirt-engine/api/templates/${blank}" id="${blank}"/>`);
    const [machine] = (await got('vms?search=name%3Dvm1'))['vm'] as readonly Json[];
    expect(answer.headers.location).toBe(machine?.['href']);
    expect(machine).toMatchObject({
      name: 'vm1',
      memory: String(gibibyte),
      memory_policy: { guaranteed: String(gibibyte), max: String(4 * gibibyte), ballooning: 'true' },
      cpu: { topology: { sockets: '1', cores: '1', threads: '1' } },
      display: { type: 'vnc', monitors: '1' },
      bios: { type: 'cluster_default' },
      type: 'server',
      status: 'down',
      next_run_configuration_exists: 'false',
      placement_policy: { affinity: 'migratable' },
      time_zone: { name: 'Etc/GMT' },
    });
    expect(machine?.['host']).toBeUndefined();
    expect((await got('events?search=correlation_id%3Dfirst-machine%20and%20type%3D34'))['event']).toMatchObject([
      { code: '34', description: 'VM vm1 was created by admin@internal.', vm: { id: machine?.['id'] } },
    ]);
    expect((await got('events?search=vm%3Dvm1'))['event']).toHaveLength(1);
    expect((await got('jobs?search=correlation_id%3Dfirst-machine'))['job']).toMatchObject([{ status: 'finished' }]);
  });

  it('has the devices of its template, rows of its own for what happens to it, and one CD drive', async () => {
    const machine = await add('devices');
    const path = pathOf(machine);
    expect((await got(`${path}/graphicsconsoles`))['graphics_console']).toMatchObject([
      { id: '766e63', protocol: 'vnc', vm: { id: machine['id'] } },
    ]);
    expect((await got(`${path}/cdroms`))['cdrom']).toMatchObject([{ id: blank, vm: { id: machine['id'] } }]);
    const [rows] = await running.postgres.query<Json>(
      `select (select count(*)::integer from vm_dynamic where vm_guid = $1) as dynamic, (select count(*)::integer from vm_statistics where vm_guid = $1) as statistics,
        (select array_agg(device order by device) from vm_device where vm_id = $1) as devices`,
      [machine['id']],
    );
    expect(rows).toEqual({ dynamic: 1, statistics: 1, devices: ['cdrom', 'memballoon', 'urandom', 'vga', 'vnc'] });
  });

  it('has everything that a client gives it', async () => {
    const given = {
      description: 'd <&>',
      comment: 'ü',
      memory: String(512 * mebibyte),
      memory_policy: { guaranteed: String(256 * mebibyte), max: String(1024 * mebibyte), ballooning: 'false' },
      cpu: { topology: { sockets: '2', cores: '3', threads: '2' } },
      cpu_shares: '1024',
      os: {
        type: 'debian_9',
        boot: { devices: { device: ['network', 'hd'] } },
        kernel: 'iso://vmlinuz',
        initrd: 'iso://initrd.gz',
        cmdline: 'console=ttyS0',
      },
      bios: { type: 'q35_ovmf', boot_menu: { enabled: 'true' } },
      display: { type: 'spice', monitors: '2', disconnect_action: 'NONE', allow_override: 'true' },
      type: 'high_performance',
      high_availability: { enabled: 'true', priority: '50' },
      placement_policy: { affinity: 'user_migratable' },
      time_zone: { name: 'Europe/Berlin' },
      io: { threads: '1' },
      delete_protected: 'true',
      stateless: 'false',
      start_paused: 'true',
      storage_error_resume_behaviour: 'kill',
      serial_number: { policy: 'custom', value: 'abc-1' },
      custom_cpu_model: 'Nehalem',
      custom_emulated_machine: 'pc-q35-7.2',
      custom_compatibility_version: { major: '4', minor: '7' },
      multi_queues_enabled: 'false',
    };
    const machine = await add('everything', { ...given, console: { enabled: 'true' } });
    expect(machine).toMatchObject(given);
    const path = pathOf(machine);
    expect((await got(`${path}?all_content=true`))['console']).toEqual({ enabled: 'true' });
    expect((await got(`${path}/graphicsconsoles`))['graphics_console']).toMatchObject([{ id: '7370696365', protocol: 'spice' }]);
    expect((await fault(path, { method: 'DELETE' }))[0]).toBe(409);

    const changed = {
      description: '',
      os: { type: 'other', kernel: '', boot: { devices: { device: ['hd'] } } },
      display: { type: 'vnc' },
      delete_protected: 'false',
      console: { enabled: 'false' },
    };
    const after = await got(path, { method: 'PUT', body: changed });
    expect(after).toMatchObject({
      description: '',
      display: { type: 'vnc', monitors: '2' },
      memory: given.memory,
      delete_protected: 'false',
    });
    expect(after['os']).toMatchObject({ type: 'other', initrd: 'iso://initrd.gz' });
    expect(after['os']).not.toHaveProperty('kernel');
    expect((await got(`${path}?all_content=true`))['console']).toEqual({ enabled: 'false' });
    expect((await got(path, { method: 'DELETE' }))['status']).toBe('complete');
    expect((await call(path)).status).toBe(404);
    const [left] = await running.postgres.query<{ count: number }>('select count(*)::integer from vm_device where vm_id = $1', [
      machine['id'],
    ]);
    expect(left?.count).toBe(0);
  });

  it('is sent back whole by clients that changed one thing of what they were shown', async () => {
    const machine = await add('round-trip');
    const path = pathOf(machine);
    const shown = (await call(path, { headers: { accept: 'application/xml' } })).body;
    const after = await call(path, { method: 'PUT', xml: shown.replace('<comment></comment>', '<comment>changed</comment>') });
    expect(after.status, after.body).toBe(200);
    expect(JSON.parse(after.body)).toMatchObject({ ...machine, comment: 'changed' });
  });

  it('has memory that fits when only a part of it is changed', async () => {
    const path = pathOf(await add('memory', { memory: String(gibibyte) }));
    expect(await got(path, { method: 'PUT', body: { memory: String(512 * mebibyte) } })).toMatchObject({
      memory_policy: { guaranteed: String(512 * mebibyte), max: String(4 * gibibyte) },
    });
    expect(await got(path, { method: 'PUT', body: { memory: String(8 * gibibyte) } })).toMatchObject({
      memory_policy: { guaranteed: String(512 * mebibyte), max: String(32 * gibibyte) },
    });
    for (const memory_policy of [{ guaranteed: String(9 * gibibyte) }, { max: String(gibibyte) }, { max: '99999999999999' }])
      expect((await fault(path, { method: 'PUT', body: { memory_policy } }))[0]).toBe(400);
  });

  it('is sized by an instance type, unless the client says otherwise', async () => {
    const machine = await add('instance', { instance_type: { name: 'Large' }, cpu: { topology: { cores: '3' } } });
    expect(machine).toMatchObject({
      memory: String(8 * gibibyte),
      memory_policy: { guaranteed: String(8 * gibibyte) },
      cpu: { topology: { sockets: '2', cores: '3' } },
      instance_type: { id: '00000009-0009-0009-0009-0000000000f1' },
    });
    const small = await got(pathOf(machine), { method: 'PUT', body: { instance_type: { name: 'Small' } } });
    expect(small).toMatchObject({ memory: String(2 * gibibyte), cpu: { topology: { sockets: '1' } } });
  });

  it('has a name that its data center has once, however many ask at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => call('vms', { body: { name: 'same', cluster, template } })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409, 409, 409]);
    expect((await fault('vms', { body: { name: 'same', cluster, template } }))[1]).toContain('The name same is already in use.');
    const center = await got('datacenters', { body: { name: 'elsewhere', local: 'false' } });
    const other = await got('clusters', { body: { name: 'other', data_center: { id: center['id'] } } });
    expect((await call('vms', { body: { name: 'same', cluster: { id: other['id'] }, template } })).status).toBe(201);
    const here = await add('not-same');
    expect((await fault(pathOf(here), { method: 'PUT', body: { name: 'same' } }))[0]).toBe(409);
    expect((await fault(pathOf(here), { method: 'PUT', body: { cluster: { id: other['id'] } } }))[1]).toContain('another data center');
  });

  it.each([
    [400, 'Vm [name, cluster] required for add', {}],
    [400, 'letters, digits', { name: 'a b', cluster }],
    [400, 'must not be empty', { name: '', cluster }],
    [400, 'letters, digits', { name: '../x', cluster }],
    [400, '64 characters', { name: 'x'.repeat(65), cluster }],
    [404, 'clusters', { name: 'x', cluster: { name: 'nowhere' } }],
    [404, 'clusters', { name: 'x', cluster: { id: blank } }],
    [404, 'templates', { name: 'x', cluster, template: { name: 'nothing' } }],
    [404, 'instancetypes', { name: 'x', cluster, instance_type: { name: 'Huge' } }],
    [404, 'hosts', { name: 'x', cluster, placement_policy: { hosts: { host: [{ name: 'nobody' }] } } }],
    [400, 'memory must be a number', { name: 'x', cluster, memory: 'much' }],
    [400, '1048576', { name: 'x', cluster, memory: '-5' }],
    [400, 'memory', { name: 'x', cluster, memory: '999999999999999999' }],
    [400, 'os.type', { name: 'x', cluster, os: { type: 'beos' } }],
    [400, 'os.boot.devices', { name: 'x', cluster, os: { boot: { devices: { device: ['floppy'] } } } }],
    [400, 'once', { name: 'x', cluster, os: { boot: { devices: { device: ['hd', 'hd'] } } } }],
    [400, 'cpu.topology.sockets', { name: 'x', cluster, cpu: { topology: { sockets: '0' } } }],
    [400, '16 sockets', { name: 'x', cluster, cpu: { topology: { sockets: '17' } } }],
    [400, '384 virtual processors', { name: 'x', cluster, cpu: { topology: { sockets: '16', cores: '200' } } }],
    [400, 'bios.type', { name: 'x', cluster, bios: { type: 'uefi' } }],
    [400, 'display.type', { name: 'x', cluster, display: { type: 'rdp' } }],
    [400, '1, 2 or 4', { name: 'x', cluster, display: { monitors: '3' } }],
    [400, 'time zone', { name: 'x', cluster, time_zone: { name: 'Mars/Olympus' } }],
    [400, 'W. Europe Standard Time', { name: 'x', cluster, time_zone: { name: 'Mars Standard Time' } }],
    [400, 'placement_policy.affinity', { name: 'x', cluster, placement_policy: { affinity: 'loose' } }],
    [400, 'high_availability.priority', { name: 'x', cluster, high_availability: { priority: '101' } }],
    [400, 'version', { name: 'x', cluster, custom_compatibility_version: { major: '9', minor: '9' } }],
    [400, 'NUL', { name: 'x', cluster, description: 'a\0b' }],
    [409, 'stateless', { name: 'x', cluster, stateless: 'true' }],
    [400, 'delete_protected', { name: 'x', cluster, delete_protected: 'perhaps' }],
  ])('is refused with %i and %s', async (status, words, body) => {
    const [found, detail] = await fault('vms', { body });
    expect([found, detail]).toEqual([status, expect.stringContaining(words)]);
    expect((await got('vms?search=name%3Dx'))['vm']).toBeUndefined();
  });

  it('is left alone while a command works on it, and while its disks are locked', async () => {
    const machine = await add('busy');
    const path = pathOf(machine);
    await running.postgres.query('update vm_dynamic set status = 15 where vm_guid = $1', [machine['id']]);
    expect((await fault(path, { method: 'PUT', body: { comment: 'x' } }))[1]).toContain('image locked');
    expect((await fault(path, { method: 'DELETE' }))[1]).toContain('image locked');
    await running.postgres.query('update vm_dynamic set status = 0 where vm_guid = $1', [machine['id']]);
    const end = await workOn(running.postgres, String(machine['id']));
    for (const how of [{ method: 'PUT', body: { comment: 'x' } }, { method: 'DELETE' }])
      expect((await fault(path, how))[1]).toContain('A command is working on virtual machine busy');
    expect((await fault(`${path}/nics`, { body: { name: 'nic1' } }))[1]).toContain('A command is working');
    await end();
    expect((await call(path, { method: 'DELETE' })).status).toBe(200);
  });

  it('is not removed while it runs, nor changed in what can only be changed at rest', async () => {
    const machine = await add('runs');
    const path = pathOf(machine);
    await running.postgres.query(`update vm_dynamic set status = 1 where vm_guid = $1`, [machine['id']]);
    expect((await fault(path, { method: 'DELETE' }))[1]).toContain('its status is up');
    expect((await fault(`${path}?force=true`, { method: 'DELETE' }))[0]).toBe(409);
    expect((await fault(`${path}/nics`, { body: { name: 'nic1' } }))[1]).toContain('its status is up');
    expect((await call(path, { method: 'PUT', body: { comment: 'while it runs' } })).status).toBe(200);
  });

  it('keeps what two clients change of it at the same time', async () => {
    const path = pathOf(await add('two'));
    await Promise.all([
      got(path, { method: 'PUT', body: { comment: 'one' } }),
      got(path, { method: 'PUT', body: { description: 'other' } }),
    ]);
    expect(await got(path)).toMatchObject({ comment: 'one', description: 'other' });
  });
});
