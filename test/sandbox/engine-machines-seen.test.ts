import { beforeAll, describe, expect, it } from 'vitest';
import { admin, apiCalls, type Json } from '../support/api-calls.ts';
import { addUser, giveRole } from '../support/engine.ts';
import { basic } from '../support/https-client.ts';
import { useEngine } from '../support/running-engine.ts';
import { addHost } from '../support/simulated-host.ts';

/* Virtual machines as clients find them: by searches, with what their hosts and guests have told, and as far as people may see them. */

const running = useEngine();
const { call, got, fault, idOf, list } = apiCalls(running);
const blank = '00000000-0000-0000-0000-000000000000';

const cluster = { name: 'Default' };
const add = (name: string, more: Json = {}, as = admin): Promise<Json> => got('vms', { as, body: { name, cluster, ...more } });
const pathOf = (machine: Json): string => `vms/${String(machine['id'])}`;
const found = async (search: string): Promise<readonly string[]> =>
  (await list(`vms?search=${encodeURIComponent(search)}`)).map(({ name }) => String(name));

describe('the root of the API', () => {
  it('leads to virtual machines, counts them, and names the template Blank', async () => {
    const machine = await add('counted');
    const root = await got('');
    expect(root['summary']).toMatchObject({ vms: { active: '0', total: '1' } });
    expect(root['special_objects']).toMatchObject({ blank_template: { id: blank, href: `/ovirt-engine/api/templates/${blank}` } });
    const rels = (root['link'] as readonly Json[]).map(({ rel }) => String(rel));
    for (const rel of ['vms', 'vms/search', 'templates', 'templates/search', 'instancetypes', 'instancetypes/search'])
      expect(rels).toContain(rel);
    await running.postgres.query('update vm_dynamic set status = 1 where vm_guid = $1', [machine['id']]);
    expect((await got(''))['summary']).toMatchObject({ vms: { active: '1', total: '1' } });
  });
});

describe('a virtual machine that runs', () => {
  let path = '';
  beforeAll(async () => {
    const machine = await add('web', { memory: String(1024 * 1_048_576) });
    path = pathOf(machine);
    const host = await addHost(running.postgres, { name: 'host1', address: '127.0.0.2', port: 1 });
    await running.postgres.query(
      `update vm_dynamic set status = 1, run_on_vds = $2, last_start_time = now() - interval '1 hour', guest_fqdn = 'web.example.test', vm_ip = '192.0.2.7',
         guest_os = '{"type": "linux", "distribution": "Debian GNU/Linux", "version": "12", "kernel": "6.1.0-18-amd64", "codename": null, "arch": "x86_64"}',
         guest_time_zone = '{"zone": "CET", "offset": -90}', guest_applications = 'kernel-6.1,qemu-guest-agent', guest_user_name = 'alice',
         graphics = '[{"type": "vnc", "port": 5900, "tlsPort": null, "address": "192.0.2.1"}]',
         console_user_name = 'bob@internal', client_ip = '198.51.100.4', stop_reason = 'maintenance' where vm_guid = $1`,
      [machine['id'], host],
    );
    await running.postgres.query(
      `update vm_statistics set cpu_user = 12.5, cpu_sys = 1.5, usage_cpu_percent = 14, usage_mem_percent = 50, elapsed_time = 3600,
         guest_mem_free = 1024, disks_usage = '[{"path":"/","total":"100","used":"10","fs":"ext4"}]' where vm_guid = $1`,
      [machine['id']],
    );
    await running.postgres.query(
      `insert into vm_guest_agent_interfaces values ($1, 'ens3', '56:6f:00:00:00:01', '{192.0.2.7}', '{2001:db8::7,fe80::1}')`,
      [machine['id']],
    );
  });

  it('shows where, since when, and what its guest has told', async () => {
    expect(await got(path)).toMatchObject({
      ...{ status: 'up', fqdn: 'web.example.test', stop_reason: 'maintenance', run_once: 'false', start_time: expect.any(Number) },
      host: { href: expect.stringContaining('/hosts/') },
      display: { type: 'vnc', address: '192.0.2.1', port: '5900' },
      guest_operating_system: {
        ...{ architecture: 'x86_64', distribution: 'Debian GNU/Linux', family: 'Linux', version: { full_version: '12', major: '12' } },
        kernel: { version: { full_version: '6.1.0-18-amd64', major: '6', minor: '1', build: '0', revision: '18' } },
      },
      guest_time_zone: { name: 'CET', utc_offset: '-01:30' },
    });
    expect((await list(`${path}/graphicsconsoles`))[0]).toMatchObject({ address: '192.0.2.1', port: '5900' });
  });

  it('says that its next run will differ when it was changed meanwhile', async () => {
    expect((await got(path))['next_run_configuration_exists']).toBe('false');
    expect(await got(path, { method: 'PUT', body: { cpu_shares: '7' } })).toMatchObject({ next_run_configuration_exists: 'true' });
    expect(await found('next_run_config_exists=true')).toEqual(['web']);
  });

  it('has figures, addresses, programs and sessions', async () => {
    const figures = new Map((await list(`${path}/statistics`)).map((one) => [String(one['name']), one] as const));
    const datum = (name: string): unknown => ((figures.get(name)?.['values'] as Json)['value'] as readonly Json[])[0]?.['datum'];
    expect(datum('memory.installed')).toBe(1_073_741_824);
    expect(datum('memory.used')).toBe(536_870_912);
    expect(datum('memory.free')).toBe(1_048_576);
    expect([datum('cpu.current.guest'), datum('cpu.current.hypervisor'), datum('cpu.current.total')]).toEqual([12.5, 1.5, 14]);
    expect(datum('elapsed.time')).toBe(3600);
    expect(figures.get('disks.usage')).toMatchObject({ type: 'string', values: { value: [{ detail: expect.stringContaining('ext4') }] } });
    expect(figures.get('network.current.total')?.['values']).not.toHaveProperty('value');
    expect(await list(`${path}/reporteddevices`)).toMatchObject([
      {
        ...{ name: 'ens3', type: 'network', mac: { address: '56:6f:00:00:00:01' } },
        ips: { ip: [{ address: '192.0.2.7', version: 'v4' }, { address: '2001:db8::7', version: 'v6' }, { address: 'fe80::1' }] },
      },
    ]);
    expect((await list(`${path}/applications`)).map(({ name }) => String(name))).toEqual(['kernel-6.1', 'qemu-guest-agent']);
    expect(await list(`${path}/sessions`)).toMatchObject([
      { console_user: 'true', ip: { address: '198.51.100.4' }, user: { user_name: 'bob@internal' } },
      { console_user: 'false', user: { user_name: 'alice' } },
    ]);
    for (const rel of ['statistics', 'reporteddevices', 'applications', 'sessions'])
      for (const member of await list(`${path}/${rel}`)) expect(await got(`${path}/${rel}/${String(member['id'])}`)).toEqual(member);
  });

  it('has interfaces with what its guest sees of them', async () => {
    const nic = (name: string, address: string): Promise<Json> => got(`${path}/nics`, { body: { name, mac: { address } } });
    await running.postgres.query('update vm_dynamic set status = 0 where vm_guid = $1', [path.slice('vms/'.length)]);
    const [seen, unseen] = [await nic('nic1', '56:6F:00:00:00:01'), await nic('nic2', '56:6f:00:00:00:02')];
    await running.postgres.query('update vm_dynamic set status = 1 where vm_guid = $1', [path.slice('vms/'.length)]);
    const devices = await list(`${path}/reporteddevices`);
    expect(await got(`${path}/nics/${String(seen['id'])}`)).toMatchObject({ name: 'nic1', reported_devices: { reported_device: devices } });
    expect(await got(`${path}/nics/${String(unseen['id'])}`)).not.toHaveProperty('reported_devices');
    const followed = await got(`${path}?follow=nics`);
    expect(followed).toMatchObject({ nics: { nic: [{ reported_devices: { reported_device: [{ name: 'ens3' }] } }, { name: 'nic2' }] } });
    const xml = (await call(`${path}/nics/${String(seen['id'])}`, { headers: { accept: 'application/xml' } })).body;
    expect(xml).toMatch(/<reported_devices>\s*<reported_device href="[^"]*\/reporteddevices\/[^"]*" id="[^"]*">\s*<name>ens3<\/name>/);
    expect(xml).toMatch(/<ip>\s*<address>192\.0\.2\.7<\/address>\s*<version>v4<\/version>\s*<\/ip>/);
  });

  it('has interfaces with figures and devices of their own, which links lead to', async () => {
    const [first, second] = (await list(`${path}/nics`)).map(({ href }) => String(href).replace('/ovirt-engine/api/', ''));
    await running.postgres.query(
      `insert into vm_interface_statistics (id, rx_total, tx_total, rx_drop, tx_drop, rx_rate, tx_rate) values ($1, 7000, 8000, 1, 0, 12.5, 100)`,
      [first?.split('/').at(-1)],
    );
    expect((await got(first ?? ''))['link']).toEqual(
      ['reporteddevices', 'statistics'].map((rel) => ({ href: `/ovirt-engine/api/${first}/${rel}`, rel })),
    );
    const [device] = await list(`${first}/reporteddevices`);
    expect(device).toMatchObject({ name: 'ens3', ips: { ip: [{ address: '192.0.2.7' }, {}, {}] } });
    expect(await got(`${first}/reporteddevices/${String(device?.['id'])}`)).toEqual(device);
    expect(await list(`${second}/reporteddevices`)).toEqual([]);
    const figures = await list(`${first}/statistics`);
    expect(figures).toContainEqual(
      expect.objectContaining({
        ...{ name: 'data.total.rx', kind: 'counter', unit: 'bytes', values: { value: [{ datum: 7000 }] } },
        nic: { id: first?.split('/').at(-1), href: `/ovirt-engine/api/${first}` },
      }),
    );
    expect(figures).toContainEqual(
      expect.objectContaining({ name: 'data.current.rx.bps', kind: 'gauge', unit: 'bits_per_second', values: { value: [{ datum: 100 }] } }),
    );
    expect(await got(`${first}/statistics/${String(figures[0]?.['id'])}`)).toEqual(figures[0]);
    const followed = await got(`${path}?follow=nics.statistics,nics.reported_devices`);
    expect(followed).toMatchObject({
      nics: { nic: [{ statistics: { statistic: figures }, reported_devices: { reported_device: [device] } }, { reported_devices: {} }] },
    });
    expect(await got(`${path}/nics?follow=reported_devices`)).toMatchObject({
      nic: [{ reported_devices: { reported_device: [device] } }, {}],
    });
    // It is not one of another machine.
    const other = await add('without-interfaces');
    for (const rel of ['statistics', 'reporteddevices', `reporteddevices/${String(device?.['id'])}`, 'nothing'])
      for (const nics of [`${pathOf(other)}/nics/${first?.split('/').at(-1)}`, `${path}/nics/${blank}`, `${path}/nics/x`, 'vms/x/nics/x'])
        expect((await call(`${nics}/${rel}`)).status, `${nics}/${rel}`).toBe(404);
    await got(pathOf(other), { method: 'DELETE' });
  });

  it('has disks with what goes through them, as long as it runs', async () => {
    const machine = await add('with-disk');
    const [disk, image] = ['1', '2'].map((digit) => `d15c0000-0000-4000-8000-00000000000${digit}`);
    for (const [statement, values] of [
      [`insert into base_disks (disk_id, disk_alias) values ($1, 'measured')`, [disk]],
      [
        `insert into images (image_guid, image_group_id, size, volume_type, volume_format, imagestatus) values ($1, $2, 1048576, 2, 4, 1)`,
        [image, disk],
      ],
      [`insert into disk_vm_element (disk_id, vm_id, disk_interface) values ($1, $2, 'VirtIO')`, [disk, machine['id']]],
      [`insert into disk_image_dynamic (image_id, read_rate, write_rate, read_latency_seconds) values ($1, 4096, 0, 0.0025)`, [image]],
      ['update vm_dynamic set status = 1, run_on_vds = (select vds_id from vds_static) where vm_guid = $1', [machine['id']]],
    ] as const)
      await running.postgres.query(statement, [...values]);
    const figures = async (): Promise<readonly (readonly [unknown, unknown])[]> =>
      (await list(`disks/${disk}/statistics`)).map((one) => [one['name'], (one['values'] as Json)['value']?.[0]?.datum]);
    expect(await figures()).toEqual([
      ['data.current.read', 4096],
      ['data.current.write', 0],
      ['disk.read.latency', 0.0025],
      ['disk.write.latency', undefined],
      ['disk.flush.latency', undefined],
    ]);
    const followed = await got(`${pathOf(machine)}?follow=disk_attachments.disk.statistics`);
    expect(followed['disk_attachments'].disk_attachment[0].disk.statistics.statistic[0]).toMatchObject({
      ...{ name: 'data.current.read', unit: 'bytes_per_second', disk: { id: disk, href: `/ovirt-engine/api/disks/${disk}` } },
    });
    // Of a machine whose host is lost, nobody knows.
    await running.postgres.query('update vm_dynamic set status = 7 where vm_guid = $1', [machine['id']]);
    expect((await figures()).map(([, value]) => value)).toEqual(Array(5).fill(undefined));
    await running.postgres.query('update vm_dynamic set status = 0, run_on_vds = null where vm_guid = $1', [machine['id']]);
    await running.postgres.query('delete from base_disks where disk_id = $1', [disk]);
    expect((await call(`disks/${disk}/statistics`)).status).toBe(404);
    await got(pathOf(machine), { method: 'DELETE' });
  });

  it('has no figures any more once it runs nowhere', async () => {
    const { id } = await add('stopped');
    await running.postgres.query(
      'update vm_statistics set usage_cpu_percent = 87, usage_mem_percent = 50, elapsed_time = 3600 where vm_guid = $1',
      [id],
    );
    const values = (await list(`vms/${String(id)}/statistics`)).map((one): readonly [string, unknown] => [
      String(one['name']),
      (one['values'] as Json)['value'],
    ]);
    expect(values.filter(([, value]) => value !== undefined).map(([name]) => name)).toEqual(['memory.installed']);
    expect(values).toHaveLength(11);
    expect(await found('cpu_usage=87')).toEqual([]);
    await got(`vms/${String(id)}`, { method: 'DELETE' });
  });

  it('is followed along its links', async () => {
    const whole = await got(`${path}?follow=statistics,reported_devices,graphics_consoles,cluster,host,template`);
    expect(whole).toMatchObject({
      ...{ cluster: { name: 'Default' }, host: { name: 'host1' }, template: { name: 'Blank' } },
      reported_devices: { reported_device: [{ name: 'ens3' }] },
      graphics_consoles: { graphics_console: [{ protocol: 'vnc' }] },
    });
  });

  it('is found by what it has, and where it runs', async () => {
    const tag = await got('tags', { body: { name: 'red' } });
    await got('tags', { body: { name: 'green' } });
    for (const name of ['red', 'green']) await got(`${path}/tags`, { body: { name } });
    await got(`${pathOf((await list('vms?search=name%3Dcounted'))[0] ?? {})}/tags`, { body: { id: tag['id'] } });
    const profile = { id: '0000000a-000a-000a-000a-000000000398' };
    await add('other', { comment: 'the last one' }).then((machine) =>
      got(`${pathOf(machine)}/nics`, { body: { name: 'n', vnic_profile: profile } }),
    );
    for (const [search, names] of [
      ['name="web"', ['web']],
      ['name=w*', ['web']],
      ['name!=web sortby name desc', ['other', 'counted']],
      ['Vms: host=host1', ['web']],
      ['host.name=host1 and status=up', ['web']],
      ['status=down', ['other']],
      ['cluster=Default and datacenter=Default and template.name=Blank', ['counted', 'other', 'web']],
      ['tag=red', ['counted', 'web']],
      ['tag=green', ['web']],
      ['tag!=red', ['other']],
      ['networks.name=ovirtmgmt', ['other']],
      ['ip=192.0.2.7', ['web']],
      ['fqdn=*.example.test', ['web']],
      ['loggedinuser=alice', ['web']],
      ['cpu_usage>10', ['web']],
      ['memory=1024 and uptime>=3600', ['web']],
      ['os=other and type=server', ['counted', 'other', 'web']],
      ['last', ['other']],
      ['name=web or name=other sortby name', ['other', 'web']],
      ['creationdate>yesterday', ['counted', 'other', 'web']],
    ] as const)
      expect(await found(search), search).toEqual(names);
    expect((await fault('vms?search=colour%3Dred', {}))[0]).toBe(400);
    expect((await list('templates?search=childcount%3D3')).map(({ name }) => String(name))).toEqual(['Blank']);
  });
});

describe('somebody who is no administrator', () => {
  const [maker, stranger] = [basic('maker@internal', 'Maker-Canary-1'), basic('stranger@internal', 'Stranger-Canary-1')];
  const permit = (user: string, role: string, object: unknown, kind: number): Promise<unknown> =>
    running.postgres.query(
      `insert into permissions (role_id, ad_element_id, object_id, object_type_id)
       select r.id, u.user_id, $3, $4 from roles r, users u where r.name = $2 and u.username = $1`,
      [user, role, object, kind],
    );
  beforeAll(async () => {
    const home = await idOf('clusters', 'Default');
    for (const [name, password, role] of [
      ['maker', 'Maker-Canary-1', 'VmCreator'],
      ['stranger', 'Stranger-Canary-1', 'UserRole'],
    ] as const) {
      await addUser(running.postgres, name, password);
      await giveRole(running.postgres, name, role);
    }
    await running.postgres.query(
      `update permissions set object_id = $1, object_type_id = 9 where ad_element_id = (select user_id from users where username = 'maker')`,
      [home],
    );
    await permit('maker', 'TemplateCreator', await idOf('datacenters', 'Default'), 14);
    // Somewhere that no machine is.
    const elsewhere = await got('datacenters', { body: { name: 'elsewhere', local: 'false' } });
    await running.postgres.query(
      `update permissions set object_id = $1, object_type_id = 14 where ad_element_id = (select user_id from users where username = 'stranger')`,
      [elsewhere['id']],
    );
  });

  it('manages the machines that are their own, and sees no others', async () => {
    expect(await list('vms')).not.toEqual([]);
    const machine = await add('mine', {}, maker);
    const path = pathOf(machine);
    expect((await list('vms?filter=true', { as: maker })).map(({ name }) => String(name))).toEqual(['mine']);
    expect((await call('vms', { as: maker })).status).toBe(403);
    expect((await got(path, { as: maker, method: 'PUT', body: { comment: 'my own' } }))['comment']).toBe('my own');
    const profile = { id: '0000000a-000a-000a-000a-000000000398' };
    expect((await got(`${path}/nics`, { as: maker, body: { name: 'n', vnic_profile: profile } }))['name']).toBe('n');
    const roles = await list(`${path}/permissions`);
    expect(roles).toMatchObject([{ role: { id: 'def00006-0000-0000-0000-def000000006' }, vm: { id: machine['id'] } }]);

    const [other] = await list('vms?search=name%3Dweb');
    for (const [as, of] of [
      [maker, pathOf(other ?? {})],
      [stranger, path],
    ] as const) {
      for (const below of ['', '/nics', `/nics/${blank}/statistics`, '/cdroms', '/statistics', '/permissions', '/graphicsconsoles/766e63'])
        expect((await call(`${of}${below}`, { as, headers: { filter: 'true' } })).status, below).toBe(404);
      for (const method of ['PUT', 'DELETE'])
        expect([403, 404], method).toContain((await call(of, { as, method, ...(method === 'PUT' ? { body: {} } : {}) })).status);
      expect([403, 404]).toContain((await call(`${of}/nics`, { as, body: { name: 'x' } })).status);
    }
    expect((await fault('vms', { as: stranger, body: { name: 'x', cluster } }))[0]).toBe(404);

    expect((await call(path, { as: maker, method: 'DELETE' })).status).toBe(200);
    const [left] = await running.postgres.query<{ count: number }>('select count(*)::integer from permissions where object_id = $1', [
      machine['id'],
    ]);
    expect(left?.count).toBe(0);
  });

  it('chooses no host and no hardware, and may send back what was chosen', async () => {
    const { postgres } = running;
    const host = { id: await addHost(postgres, { name: 'chosen', address: '127.0.9.1', port: 54_321 }) };
    await permit('maker', 'UserRole', host.id, 3);
    const hosts = { host: [host] };
    const chosen = { custom_emulated_machine: 'pc-q35-7.2', custom_cpu_model: 'Nehalem', placement_policy: { hosts } };
    const refusal = [403, expect.stringContaining('of choice')];
    for (const [name, value] of Object.entries(chosen))
      expect(await fault('vms', { as: maker, body: { name: 'tied', cluster, [name]: value } }), name).toEqual(refusal);
    const plain = pathOf(await add('plain', {}, maker));
    const start = await call(`${plain}/start`, { as: maker, body: { vm: { placement_policy: { hosts } } } });
    expect([start.status, start.body]).toEqual(refusal);

    const tied = await add('tied', { placement_policy: { hosts: { host: [] } } }, maker);
    const path = pathOf(tied);
    await got(path, { method: 'PUT', body: chosen });
    const again = { ...chosen, placement_policy: { hosts: { host: [{ id: host.id.toUpperCase() }] } }, comment: 'the same' };
    expect(await got(path, { as: maker, method: 'PUT', body: again })).toMatchObject({ ...chosen, comment: 'the same' });
    for (const other of [
      { placement_policy: { hosts: { host: [] } } },
      { custom_emulated_machine: '' },
      { custom_emulated_machine: 'pc-i440fx-7.2' },
      { custom_cpu_model: 'Westmere' },
    ])
      expect(await fault(path, { as: maker, method: 'PUT', body: other }), JSON.stringify(other)).toEqual(refusal);
    await got(path, { method: 'DELETE' });
    await postgres.query('delete from vds_static where vds_id = $1', [host.id]);
  });

  it('chooses no hardware by way of a template either', async () => {
    const vm = { id: (await add('pattern', {}, maker))['id'] };
    const hardware = { custom_emulated_machine: 'pc-q35-7.2' };
    const refusal = [403, expect.stringContaining('of choice')];
    expect(await fault('templates', { as: maker, body: { name: 'chosen', vm, ...hardware } })).toEqual(refusal);
    const template = await got('templates', { as: maker, body: { name: 'own', vm } });
    await permit('maker', 'TemplateOwner', template['id'], 4);
    const path = `templates/${String(template['id'])}`;
    expect(await fault(path, { as: maker, method: 'PUT', body: hardware })).toEqual(refusal);
    expect(await got(path, { as: maker, method: 'PUT', body: { comment: 'my own' } })).toMatchObject({ comment: 'my own' });
    expect(await got(path, { method: 'PUT', body: hardware })).toMatchObject(hardware);
  });

  it('makes templates of machines that they may change, and of no others that they see', async () => {
    const vm = { id: (await add('of-another'))['id'] };
    await permit('maker', 'UserRole', vm.id, 2);
    const body = { name: 'taken-away', vm };
    expect(await fault('templates', { as: maker, body })).toEqual([403, expect.stringContaining('of-another')]);
    await permit('maker', 'UserVmManager', vm.id, 2);
    expect((await call('templates', { as: maker, body })).status).toBe(201);
  });

  it('uses what is open to everybody: Blank, and instance types', async () => {
    expect((await list('templates?filter=true', { as: stranger })).map(({ name }) => String(name))).toEqual(['Blank']);
    expect(await list('instancetypes', { as: stranger })).toHaveLength(5);
  });
});
