import { beforeAll, describe, expect, it } from 'vitest';
import { collections } from '../../src/services/engine/api/collections/index.ts';
import { apiCalls, apiRoot as root, type Json } from '../support/api-calls.ts';
import { addUser, giveRole } from '../support/engine.ts';
import { basic } from '../support/https-client.ts';
import { useEngine } from '../support/running-engine.ts';

/* What every collection of the API is like, and how its members are added, changed and removed. */

const running = useEngine();
const { call, got, fault } = apiCalls(running);
const blank = '00000000-0000-0000-0000-000000000000';

const guest = basic('guest@internal', 'Guest-Canary-1');
beforeAll(async () => {
  await addUser(running.postgres, 'guest', 'Guest-Canary-1');
  await giveRole(running.postgres, 'guest', 'UserRole');
});

describe('what a first installation begins with', () => {
  it('is what clients of the original look for', async () => {
    expect((await got('datacenters'))['data_center']).toMatchObject([
      { name: 'Default', status: 'uninitialized', version: { major: '4', minor: '8' } },
    ]);
    expect((await got('clusters'))['cluster']).toMatchObject([
      { name: 'Default', virt_service: 'true', mac_pool: { id: expect.anything() } },
    ]);
    expect((await got('networks/00000000-0000-0000-0000-000000000009'))['name']).toBe('ovirtmgmt');
    expect((await got(`tags/${blank}`))['name']).toBe('root');
    expect((await got('macpools/58ca604b-017d-0374-0220-00000000014e'))['ranges']).toEqual({
      range: [{ from: '56:6f:00:00:00:00', to: '56:6f:00:00:ff:ff' }],
    });
    expect((await got('clusterlevels/4.8'))['id']).toBe('4.8');
    expect(await got('options/ApplicationMode').catch(() => ({}))).toBeDefined();
    expect(JSON.stringify(await got('roles'))).toContain('SuperUser');
  });
});

describe('providers of networks', () => {
  it('are shown to administrators as setup has told the engine of them, without their passwords, and nobody changes them here', async () => {
    await running.postgres.query(
      `insert into providers (name, url, provider_type, plugin_type, auth_required, auth_username, auth_password, auth_url, tenant_name, auto_sync)
       values ('ovirt-provider-ovn', 'https://localhost:9696', 'EXTERNAL_NETWORK', 'OVIRT_PROVIDER_OVN', true, 'admin@internal', '$canary',
         'https://localhost:35357/v2.0/', 'ovirt', true), ('glance', 'https://localhost', 'OPENSTACK_IMAGE', null, false, null, null, null, null, false)`,
    );
    const list = await got('openstacknetworkproviders?search=name%3Dovirt*');
    expect(list['openstack_network_provider']).toMatchObject([
      {
        name: 'ovirt-provider-ovn',
        url: 'https://localhost:9696',
        authentication_url: 'https://localhost:35357/v2.0/',
        external_plugin_type: 'OVIRT_PROVIDER_OVN',
        requires_authentication: 'true',
        username: 'admin@internal',
        tenant_name: 'ovirt',
        type: 'external',
        auto_sync: 'true',
        unmanaged: 'false',
      },
    ]);
    expect(JSON.stringify(list)).not.toContain('canary');
    expect(JSON.stringify(await got('openstacknetworkproviders'))).not.toContain('glance');
    expect((await call('openstacknetworkproviders', { as: guest })).status).toBe(403);
    expect((await call('openstacknetworkproviders', { body: { name: 'x' } })).status).toBe(405);
  });
});

describe.each(collections.filter(({ below }) => below === undefined).map((one) => [one.rel, one] as const))(
  'the collection %s',
  (rel, one) => {
    it('is listed in both formats, and each member is at its address', async () => {
      const list = await got(rel);
      const members = (list[one.type] ?? []) as readonly Json[];
      const xml = await call(rel, { headers: { accept: 'application/xml' } });
      expect(xml.body).toContain(`<${one.list ?? `${one.type}s`}`);
      for (const member of members.slice(0, 3)) {
        expect(await got(String(member['href']).slice(root.length + 1))).toEqual(member);
        for (const { href } of (member['link'] ?? []) as readonly { href: string }[])
          expect((await call(href.slice(root.length + 1))).status).toBe(200);
      }
    });

    it('says of unknown members that there are none', async () => {
      for (const id of ['nothing', blank.replace('0', 'f'), '99999999', '%00', '..', "'"]) {
        const { status } = await call(`${rel}/${id}`);
        expect([400, 404], id).toContain(status);
      }
    });
  },
);

describe('adding, changing and removing', () => {
  it('works with XML and JSON, and leaves an event and a job with the correlation id', async () => {
    const headers = { 'correlation-id': 'my-correlation' };
    const added = await call('tags', { xml: '<tag><name>a &amp; b</name><description>d</description><unknown>x</unknown></tag>', headers });
    expect(added.status).toBe(201);
    const tag = JSON.parse(added.body) as Json;
    expect(added.headers.location).toBe(tag['href']);
    expect(tag).toMatchObject({ name: 'a & b', description: 'd', parent: { id: blank } });
    const path = `tags/${String(tag['id'])}`;
    expect((await got(path, { method: 'PUT', body: { tag: { description: 'changed' } } }))['description']).toBe('changed');
    const removed = await call(path, { method: 'DELETE', headers: { accept: 'application/xml' } });
    expect(removed.body).toContain('<status>complete</status>');
    expect((await call(path)).status).toBe(404);
    expect((await got('events?search=correlation_id%3Dmy-correlation'))['event']).toMatchObject([
      { code: '429', description: 'Tag a & b was added by admin@internal.', correlation_id: 'my-correlation', severity: 'normal' },
    ]);
    expect((await got('jobs?search=correlation_id%3Dmy-correlation'))['job']).toMatchObject([
      { status: 'finished', description: expect.stringContaining('Tag') },
    ]);
  });

  it('takes a data center with everything in it', async () => {
    const center = String((await got('datacenters', { body: { name: 'dc1', version: { major: 4, minor: '7' }, local: 'true' } }))['id']);
    expect(await got(`datacenters/${center}`)).toMatchObject({ local: 'true', version: { minor: '7' } });
    const cluster = await got('clusters', {
      xml: `<cluster><name>c1</name><cpu><type>AMD EPYC</type></cpu><data_center id="${center}"/><memory_policy><over_commit><percent>150</percent></over_commit></memory_policy></cluster>`,
    });
    expect(cluster).toMatchObject({
      cpu: { type: 'AMD EPYC' },
      memory_policy: { over_commit: { percent: '150' } },
      data_center: { id: center },
    });
    expect(cluster['management_network']).toBeDefined();
    const network = await got('networks', {
      body: { name: 'red', vlan: { id: 12 }, data_center: { name: 'dc1' }, usages: { usage: ['vm'] } },
    });
    expect(network).toMatchObject({ vlan: { id: '12' }, usages: { usage: ['vm'] } });
    const profiles = (await got(`networks/${String(network['id'])}/vnicprofiles`))['vnic_profile'] as readonly Json[];
    expect(profiles).toMatchObject([{ name: 'red', pass_through: { mode: 'disabled' } }]);
    const attached = await got(`clusters/${String(cluster['id'])}/networks`, {
      body: { id: network['id'], required: false, usages: { usage: ['migration'] } },
    });
    expect(attached).toMatchObject({ required: 'false', usages: { usage: ['vm', 'migration'] }, cluster: { id: cluster['id'] } });
    expect(await fault(`datacenters/${center}`, { method: 'DELETE' })).toEqual([409, '[It is still in use.]']);
    expect(await fault('clusters', { body: { name: 'c1', data_center: { id: center } } })).toEqual([409, '[The name is already in use.]']);
    expect(await fault(`clusters/${String(cluster['id'])}`, { method: 'PUT', body: { data_center: { name: 'Default' } } })).toEqual([
      409,
      'data_center cannot be changed.',
    ]);
    await got(`clusters/${String(cluster['id'])}`, { method: 'PUT', body: { ...cluster, comment: 'same again' } });
    for (const path of [`clusters/${String(cluster['id'])}`, `networks/${String(network['id'])}`, `datacenters/${center}`])
      await got(path, { method: 'DELETE' });
  });

  it('keeps ranges of a MAC pool', async () => {
    const range = (from: string, to: string) => ({ range: [{ from, to }] });
    const pool = await got('macpools', { body: { name: 'p', ranges: range('02:00:00:00:00:01', '02:00:00:00:00:ff') } });
    expect(
      (await got(`macpools/${String(pool['id'])}`, { method: 'PUT', body: { ranges: range('02:00:00:00:00:01', '02:00:00:00:00:02') } }))[
        'ranges'
      ],
    ).toEqual(range('02:00:00:00:00:01', '02:00:00:00:00:02'));
    expect((await fault('macpools', { body: { name: 'q', ranges: range('02:00:00:00:00:09', '02:00:00:00:00:01') } }))[0]).toBe(400);
    expect((await fault('macpools', { body: { name: 'q', ranges: range('03:00:00:00:00:01', '03:00:00:00:00:02') } }))[0]).toBe(400);
    expect((await fault(`macpools/58ca604b-017d-0374-0220-00000000014e`, { method: 'DELETE' }))[0]).toBe(409);
    await got(`macpools/${String(pool['id'])}`, { method: 'DELETE' });
  });

  it('refuses what cannot be, all with a reason', async () => {
    expect(await fault('tags', { body: {} })).toEqual([400, 'Tag [name] required for add']);
    expect((await fault('tags', { body: { name: 'x'.repeat(51) } }))[0]).toBe(400);
    expect((await fault('tags', { xml: '<tag><name>x</name>' }))[0]).toBe(400);
    expect((await fault('tags', { xml: '<!DOCTYPE tag [<!ENTITY x SYSTEM "file:///etc/passwd">]><tag><name>&x;</name></tag>' }))[0]).toBe(
      400,
    );
    expect((await fault('tags', { xml: `<tag>${'<a>'.repeat(40)}${'</a>'.repeat(40)}</tag>` }))[0]).toBe(400);
    expect((await fault('tags', { xml: '<vm><name>x</name></vm>' }))[0]).toBe(400);
    expect((await fault(`tags/${blank}`, { method: 'DELETE' }))[0]).toBe(409);
    expect((await fault('datacenters', { body: { name: 'a b' } }))[0]).toBe(400);
    expect((await fault('datacenters', { body: { name: 'x', version: { major: 3, minor: 6 } } }))[0]).toBe(400);
    expect((await fault('clusters', { body: { name: 'x', data_center: { name: 'none' } } }))[0]).toBe(404);
    expect((await call('tags', { method: 'POST', headers: { 'content-type': 'text/plain' }, xml: 'x' })).status).toBe(415);
  });
});

describe('events and jobs of others', () => {
  it('are added, ended and removed by clients', async () => {
    const event = await got('events', { body: { description: 'Backup done', severity: 'warning', origin: 'Backup', custom_id: 7 } });
    expect(event).toMatchObject({ code: '9802', origin: 'Backup', custom_id: '7', severity: 'warning' });
    await got(`events/${String(event['id'])}`, { method: 'DELETE' });
    expect((await call(`events/${String(event['id'])}`)).status).toBe(404);
    const job = await got('jobs', { body: { description: 'Their work', auto_cleared: false } });
    expect(job).toMatchObject({ status: 'started', external: 'true', auto_cleared: 'false' });
    expect((await got(`jobs/${String(job['id'])}/end`, { body: {} }))['status']).toBe('complete');
    expect((await got(`jobs/${String(job['id'])}`))['status']).toBe('finished');
  });
});

describe('what is small, and what hangs on something', () => {
  it.each([
    ['affinitylabels', { name: 'l1' }, { name: 'l2' }],
    ['bookmarks', { name: 'b1', value: 'Vms: status=up' }, { value: 'Hosts:' }],
    ['roles', { name: 'r1', administrative: false }, { description: 'changed' }],
    ['vnicprofiles', { name: 'v1', network: { id: '00000000-0000-0000-0000-000000000009' } }, { description: 'changed' }],
    ['datacenters', { name: 'hang' }, { description: 'changed' }],
  ])('is added to %s, changed and removed', async (rel, first, change) => {
    const path = `${rel}/${String((await got(rel, { body: first }))['id'])}`;
    expect(await got(path, { method: 'PUT', body: change })).toMatchObject(change as Json);
    await got(path, { method: 'DELETE' });
    expect((await call(path)).status).toBe(404);
  });

  it.each([{ port_mirroring: 'true' }, { pass_through: { mode: 'enabled' } }])(
    'has no vNIC profile with %o, which nothing would carry out',
    async (wanted) => {
      const network = { id: '00000000-0000-0000-0000-000000000009' };
      expect(await fault('vnicprofiles', { body: { name: 'v2', network, ...wanted } })).toEqual([
        409,
        expect.stringMatching(/^\[?(port_mirroring|pass_through) is not supported/),
      ]);
      const [profile] = (await got('vnicprofiles'))['vnic_profile'] as readonly Json[];
      const same = { port_mirroring: 'false', pass_through: { mode: 'disabled' } };
      expect(await got(`vnicprofiles/${String(profile?.['id'])}`, { method: 'PUT', body: same })).toMatchObject(same);
    },
  );

  it('lets guests send with the addresses of their interfaces alone, unless a vNIC profile says otherwise', async () => {
    const network = { id: '00000000-0000-0000-0000-000000000009' };
    const made = async (name: string, more: object): Promise<Json> => await got('vnicprofiles', { body: { name, network, ...more } });
    const usual = await made('filtered', {});
    const { network_filter: filter } = await got(`vnicprofiles/${String(usual['id'])}?follow=network_filter`);
    expect(filter).toMatchObject({ name: 'vdsm-no-mac-spoofing' });
    expect(await made('open', { network_filter: {} })).not.toHaveProperty('network_filter');
    const added = await got('networks', { body: { name: 'guarded', data_center: { name: 'Default' } } });
    const { vnic_profile: profiles } = await got(`networks/${String(added['id'])}/vnicprofiles`);
    expect(profiles).toMatchObject([{ name: 'guarded', network_filter: { id: (filter as Json)['id'] } }]);
    await got(`networks/${String(added['id'])}`, { method: 'DELETE' });
  });

  it('keeps tags a tree', async () => {
    const upper = String((await got('tags', { body: { name: 'upper' } }))['id']);
    const lower = String((await got('tags', { body: { name: 'lower', parent: { id: upper } } }))['id']);
    for (const parent of [lower, upper]) {
      expect(await fault(`tags/${upper}`, { method: 'PUT', body: { parent: { id: parent } } })).toEqual([
        409,
        '[A tag cannot lie below itself.]',
      ]);
    }
    for (const id of [lower, upper]) await got(`tags/${id}`, { method: 'DELETE' });
  });
});

it('names the collections in a header of the root, for whoever reads no document', async () => {
  const { headers } = await call('', { method: 'HEAD' });
  expect(headers['link']).toMatch(/<https:\/\/localhost:\d+\/ovirt-engine\/api\/clusters>; rel=clusters,/);
});

it('describes itself: every address that it names is one, and every type is in the schema', async () => {
  const schema = await call('?schema');
  expect(schema.headers['content-disposition']).toBe('attachment; filename="ovirt-engine-api-schema.xsd"');
  for (const { type } of collections) expect(schema.body).toContain(`<xs:element name="${type}" `);
  const { body } = await call('?rsdl');
  const links = [...body.matchAll(/href="([^"{]*\{?[^"]*)" rel="(\w+)"/g)].map(([, href = '']) => href);
  expect(links.length).toBeGreaterThan(100);
  for (const href of links.filter((one) => one.includes('{'))) {
    const { status } = await call(href.slice(root.length + 1).replace(/\{[^}]*\}/g, blank), { method: 'OPTIONS' });
    expect(status, href).toBe(405);
  }
});
