import { beforeAll, describe, expect, it } from 'vitest';
import { apiCalls, type Json } from '../support/api-calls.ts';
import { addingMachines, gibibyte, pathOf } from '../support/machine-calls.ts';
import { useEngine } from '../support/running-engine.ts';

/* What virtual machines have: network interfaces, CD drives and displays, templates and sizes. */

const running = useEngine();
const { call, got, fault } = apiCalls(running);
const blank = '00000000-0000-0000-0000-000000000000';

const add = addingMachines({ got });
const profile = { id: '0000000a-000a-000a-000a-000000000398' };

describe('network interfaces', () => {
  /** A machine that nothing is added to. */
  let plain = '';
  beforeAll(async () => {
    plain = pathOf(await add('plain'));
  });

  it('get addresses of the pool of their cluster, each its own, however many ask at the same time', async () => {
    const machine = await add('nics');
    const path = `${pathOf(machine)}/nics`;
    const added = await Promise.all(
      Array.from({ length: 12 }, (_, at) => got(path, { body: { name: `nic${at}`, interface: 'virtio', vnic_profile: profile } })),
    );
    const macs = added.map((nic) => String((nic['mac'] as Json)['address']));
    expect(new Set(macs).size).toBe(12);
    for (const mac of macs) expect(mac).toMatch(/^56:6f:00:00:[0-9a-f]{2}:[0-9a-f]{2}$/);
    expect(added[0]).toMatchObject({
      ...{ name: 'nic0', interface: 'virtio', linked: 'true', plugged: 'true' },
      ...{ vnic_profile: profile, vm: { id: machine['id'] } },
    });
    expect((await got(path))['nic']).toHaveLength(12);
    const xml = await call(path, { headers: { accept: 'application/xml' } });
    expect(xml.body).toContain('<nics>');
  });

  it('can have an address that the client gives, if nobody else has it', async () => {
    const path = `${pathOf(await add('own-mac'))}/nics`;
    const nic = await got(path, { body: { name: 'nic1', mac: { address: '00-1A-4A-16-01-51' }, network: { name: 'ovirtmgmt' } } });
    expect(nic).toMatchObject({ mac: { address: '00:1a:4a:16:01:51' }, vnic_profile: profile });
    expect((await fault(path, { body: { name: 'nic2', mac: { address: '00:1a:4a:16:01:51' } } }))[1]).toContain('already in use');
    for (const address of ['00:1a:4a', '01:00:5e:00:00:01', '00:00:00:00:00:00', "'", 'x'.repeat(300)])
      expect((await fault(path, { body: { name: 'nic3', mac: { address } } }))[0], address).toBe(400);
    const at = `${path}/${String(nic['id'])}`;
    expect(await got(at, { method: 'PUT', body: { linked: 'false', interface: 'e1000', vnic_profile: {} } })).toMatchObject({
      ...{ linked: 'false', interface: 'e1000', mac: { address: '00:1a:4a:16:01:51' } },
    });
    expect(await got(at)).not.toHaveProperty('vnic_profile');
    expect((await fault(path, { body: { name: 'nic1' } }))[1]).toContain('name is already in use');
    expect((await call(at, { method: 'DELETE' })).status).toBe(200);
    expect((await call(at)).status).toBe(404);
    expect((await call(at, { method: 'DELETE' })).status).toBe(404);
  });

  it('take addresses that are free again once a pool has come to its end, and are refused when it has none', async () => {
    const pool = await got('macpools', {
      body: { name: 'small', ranges: { range: [{ from: '02:00:00:00:00:00', to: '02:00:00:00:00:03' }] } },
    });
    const small = await got('clusters', { body: { name: 'small', data_center: { name: 'Default' }, mac_pool: { id: pool['id'] } } });
    const path = `${pathOf(await add('small-pool', { cluster: { id: small['id'] } }))}/nics`;
    const nics: Json[] = [];
    for (const name of ['a', 'b', 'c', 'd']) nics.push(await got(path, { body: { name } }));
    expect(nics.map((nic) => String((nic['mac'] as Json)['address']))).toEqual(
      ['00', '01', '02', '03'].map((last) => `02:00:00:00:00:${last}`),
    );
    expect((await fault(path, { body: { name: 'e' } }))[1]).toContain('All MAC addresses');
    await got(`${path}/${String(nics[1]?.['id'])}`, { method: 'DELETE' });
    expect((await got(path, { body: { name: 'e' } }))['mac']).toEqual({ address: '02:00:00:00:00:01' });
    await got(`${path}/${String(nics[0]?.['id'])}`, { method: 'DELETE' });
    expect((await got(path, { body: { name: 'f' } }))['mac']).toEqual({ address: '02:00:00:00:00:00' });
  });

  it.each([
    [400, 'Nic [name] required', {}],
    [400, 'interface', { name: 'n', interface: 'ne2000' }],
    [409, 'pci_passthrough are not supported', { name: 'n', interface: 'pci_passthrough' }],
    [409, 'Choose one of: virtio', { name: 'n', interface: 'rtl8139_virtio' }],
    [400, 'letters', { name: 'a/b' }],
    [404, 'vnicprofiles', { name: 'n', vnic_profile: { id: blank } }],
    [404, 'network', { name: 'n', network: { name: 'nowhere' } }],
  ])('are refused with %i and %s', async (status, words, body) => {
    expect(await fault(`${plain}/nics`, { body })).toEqual([status, expect.stringContaining(words)]);
  });

  it('of one machine are not found below another', async () => {
    const [one, other] = [await add('nic-one'), await add('nic-other')];
    const nic = await got(`${pathOf(one)}/nics`, { body: { name: 'n' } });
    const wrong = `${pathOf(other)}/nics/${String(nic['id'])}`;
    for (const how of [{}, { method: 'PUT', body: { linked: 'false' } }, { method: 'DELETE' }])
      expect((await call(wrong, how)).status).toBe(404);
    expect((await call(`vms/${blank}/nics`)).status).toBe(404);
  });
});

describe('CD drives and displays', () => {
  it('hold a disc that is there when the machine is started', async () => {
    const path = `${pathOf(await add('cd'))}/cdroms/${blank}`;
    expect(await got(path)).not.toHaveProperty('file');
    expect(await got(path, { method: 'PUT', body: { file: { id: 'debian-12.iso' } } })).toMatchObject({ file: { id: 'debian-12.iso' } });
    const xml = await call(path, { headers: { accept: 'application/xml' } });
    expect(xml.body).toContain('<file id="debian-12.iso"');
    const emptied = await call(path, { method: 'PUT', xml: '<cdrom><file id=""/></cdrom>' });
    expect(JSON.parse(emptied.body)).not.toHaveProperty('file');
    for (const id of ['../../etc/passwd', 'a/b', '.', 'a\nb', 'x'.repeat(256)])
      expect((await fault(path, { method: 'PUT', body: { file: { id } } }))[0], id).toBe(400);
    expect((await fault(path, { method: 'PUT', body: {} }))[1]).toContain('file.id');
    expect((await fault(`${path}?current=true`, { method: 'PUT', body: { file: { id: 'x.iso' } } }))[0]).toBe(409);
  });

  it('are added and removed by their protocols', async () => {
    const machine = await add('displays');
    const path = `${pathOf(machine)}/graphicsconsoles`;
    const spice = await got(path, { body: { protocol: 'spice' } });
    expect(spice).toMatchObject({ id: '7370696365', protocol: 'spice' });
    expect((await fault(path, { body: { protocol: 'spice' } }))[0]).toBe(409);
    expect((await fault(path, { body: { protocol: 'rdp' } }))[0]).toBe(400);
    expect((await got(pathOf(machine)))['display']).toMatchObject({ type: 'spice' });
    const card = async (): Promise<unknown> =>
      (await running.postgres.query<Json>(`select device from vm_device where vm_id = $1 and type = 'video'`, [machine['id']]))[0]?.[
        'device'
      ];
    expect(await card()).toBe('qxl');
    for (const id of ['7370696365', '766e63']) expect((await call(`${path}/${id}`, { method: 'DELETE' })).status).toBe(200);
    expect(await card()).toBe('vga');
    expect(await got(pathOf(machine))).not.toHaveProperty('display');
    expect((await call(`${path}/766e63`)).status).toBe(404);
  });
});

describe('templates and instance types', () => {
  it('begin with Blank, which stays as it is', async () => {
    expect((await got('templates'))['template']).toMatchObject([
      { id: blank, name: 'Blank', status: 'ok', version: { version_number: '1', base_template: { id: blank } } },
    ]);
    expect((await fault(`templates/${blank}`, { method: 'PUT', body: { comment: 'x' } }))[0]).toBe(409);
    expect((await fault(`templates/${blank}`, { method: 'DELETE' }))[0]).toBe(409);
    expect(await got(`templates/${blank}/nics`)).toEqual({});
    expect((await got(`templates/${blank}/graphicsconsoles`))['graphics_console']).toMatchObject([{ template: { id: blank } }]);
  });

  it('have sizes that machines can be given', async () => {
    expect(((await got('instancetypes'))['instance_type'] as readonly Json[]).map(({ name }) => String(name))).toEqual([
      'Tiny',
      'Small',
      'Medium',
      'Large',
      'XLarge',
    ]);
    const own = await got('instancetypes', { body: { name: 'Own', memory: String(3 * gibibyte), cpu: { topology: { sockets: '3' } } } });
    const path = `instancetypes/${String(own['id'])}`;
    expect(await got(path, { method: 'PUT', body: { memory: String(gibibyte) } })).toMatchObject({ memory: String(gibibyte) });
    const machine = await add('of-own-type', { instance_type: { id: own['id'] } });
    expect(machine).toMatchObject({ memory: String(gibibyte), cpu: { topology: { sockets: '3' } } });
    expect((await fault(path, { method: 'DELETE' }))[1]).toContain('in use');
    await got(pathOf(machine), { method: 'DELETE' });
    expect((await call(path, { method: 'DELETE' })).status).toBe(200);
  });
});
