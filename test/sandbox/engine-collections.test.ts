import { beforeAll, describe, expect, it } from 'vitest';
import { collections } from '../../src/services/engine/api/collections/index.ts';
import { apiCalls, apiRoot as root, type Json } from '../support/api-calls.ts';
import { addUser, giveRole } from '../support/engine.ts';
import { basic } from '../support/https-client.ts';
import { useEngine } from '../support/running-engine.ts';

const running = useEngine();
const { call, got, fault, idOf } = apiCalls(running);
const superUser = '00000000-0000-0000-0000-000000000001';
const blank = '00000000-0000-0000-0000-000000000000';

/* Whoever may log in and do nothing, by a role that reaches the Default cluster only. */
const guest = basic('guest@internal', 'Guest-Canary-1');
beforeAll(async () => {
  await addUser(running.postgres, 'guest', 'Guest-Canary-1');
  const [cluster] = await running.postgres.query<{ id: string }>('select cluster_id as id from cluster');
  await giveRole(running.postgres, 'guest', 'UserRole', { kind: 'cluster', id: cluster?.id ?? '' });
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

describe('searching', () => {
  beforeAll(async () => {
    for (const name of ['alpha', 'beta', 'Alphabet'])
      await got('datacenters', { body: { name, description: name === 'beta' ? 'the alpha of all' : '' } });
  });

  const names = async (search: string, more = ''): Promise<readonly string[]> =>
    (((await got(`datacenters?search=${encodeURIComponent(search)}${more}`))['data_center'] ?? []) as readonly Json[]).map(({ name }) =>
      String(name),
    );

  it.each([
    ['name=alpha', ['alpha']],
    ['name=ALPHA*', ['alpha', 'Alphabet']],
    ['name!=alpha* and not name=Default and not name=dc*', ['beta']],
    ['alpha', ['alpha', 'Alphabet', 'beta']],
    ['name="alpha" or name=beta sortby name desc', ['beta', 'alpha']],
    ['(name=alpha or name=beta) and description=*all', ['beta']],
    ['status=uninitialized and name=beta', ['beta']],
    ['DataCenter: name=beta', ['beta']],
    ['local=true and name=beta', []],
    ['sortby name asc page 2', []],
    [`name="' or 1=1 --"`, []],
  ])('%s', async (search, wanted) => {
    expect(await names(search)).toEqual(wanted);
  });

  it('minds case only if asked to, and a limit', async () => {
    expect(await names('name=alpha*', '&case_sensitive=true')).toEqual(['alpha']);
    expect(await names('name=alpha*', '&max=1')).toHaveLength(1);
    expect((await got('datacenters;max=1'))['data_center']).toHaveLength(1);
  });

  it.each(['nosuch=1', 'name=', 'name=x and', '(name=x', 'name=x)', 'name="x', 'status=flying', 'page x', '='])(
    '%s is refused',
    async (search) => {
      expect((await call(`datacenters?search=${encodeURIComponent(search)}`)).status).toBe(400);
    },
  );

  it('finds events behind an index', async () => {
    const all = (await got('events'))['event'] as readonly Json[];
    const newest = Number(all[0]?.['index']);
    expect(await got(`events?from=${newest}`)).toEqual({});
    expect((await got(`events;from=${newest - 1}`))['event']).toHaveLength(1);
  });
});

describe('following links', () => {
  it('puts members and lists in the place of links', async () => {
    const role = await got('roles/00000000-0000-0000-0000-000000000001?follow=permits');
    expect(role['permits'].permit.length).toBeGreaterThan(20);
    expect(JSON.stringify(role['link'] ?? [])).not.toContain('permits');
    const cluster = ((await got('clusters?search=name%3DDefault&follow=data_center,networks'))['cluster'] as readonly Json[])[0] as Json;
    expect(cluster['data_center'].name).toBe('Default');
    expect(cluster['networks'].network[0].name).toBe('ovirtmgmt');
    const xml = await call(`clusters/${String(cluster['id'])}?follow=networks`, { headers: { accept: 'application/xml' } });
    expect(xml.body).toMatch(/<networks>\s*<network [^>]*>\s*<name>ovirtmgmt/);
    expect((await call('clusters?follow=nothing')).status).toBe(400);
  });
});

describe('who may do what', () => {
  it.each(collections.map((one) => [`${one.below === undefined ? '' : `${one.below.rel}/${blank}/`}${one.rel}`]))(
    '%s is closed to strangers',
    async (path) => {
      for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
        const { status } = await running.engine.client(`${root}/${path}`, { method });
        expect([401, 404, 405], method).toContain(status);
      }
    },
  );

  it('shows an ordinary user only what a permission reaches', async () => {
    const filter = { as: guest, headers: { filter: 'true' } };
    expect((await call('clusters', { as: guest })).status).toBe(403);
    expect((await got('clusters', filter))['cluster']).toMatchObject([{ name: 'Default' }]);
    expect(((await got('datacenters', filter))['data_center'] as readonly Json[]).map(({ name }) => String(name))).toEqual(['Default']);
    expect((await got('users', filter))['user']).toHaveLength(1);
    expect(await got('macpools', filter)).toEqual({});
    expect((await call(`macpools/58ca604b-017d-0374-0220-00000000014e`, { as: guest })).status).toBe(404);
    expect((await call(`users/${await idOf('users', 'admin')}`, { as: guest })).status).toBe(404);
  });

  it('lets nobody change anything without the permit, and writes that down', async () => {
    const cluster = await idOf('clusters', 'Default');
    expect((await call('tags', { as: guest, body: { name: 'mine' } })).status).toBe(403);
    expect((await call('datacenters', { as: guest, body: { name: 'mine' } })).status).toBe(403);
    expect((await call(`clusters/${cluster}`, { as: guest, method: 'PUT', body: { comment: 'mine' } })).status).toBe(403);
    expect((await call(`clusters/${cluster}`, { as: guest, method: 'DELETE' })).status).toBe(403);
    const role = await idOf('roles', 'SuperUser');
    const user = await idOf('users', 'guest');
    expect((await call(`clusters/${cluster}/permissions`, { as: guest, body: { role: { id: role }, user: { id: user } } })).status).toBe(
      403,
    );
    expect(JSON.stringify(await got('events?search=severity%3Derror'))).toContain('guest@internal');
  });

  it('gives what a permission gives, on what it is given, and takes it away again', async () => {
    const cluster = await idOf('clusters', 'Default');
    const user = await idOf('users', 'guest');
    const permission = await got(`clusters/${cluster}/permissions`, { body: { role: { name: 'ClusterAdmin' }, user: { id: user } } });
    expect((await got(`clusters/${cluster}`, { as: guest, method: 'PUT', body: { comment: 'mine' } }))['comment']).toBe('mine');
    expect((await call('datacenters', { as: guest, body: { name: 'mine' } })).status).toBe(403);
    // Whoever manages a cluster may not make a super user of themselves.
    const more = { role: { name: 'SuperUser' }, user: { id: user } };
    expect((await call(`clusters/${cluster}/permissions`, { as: guest, body: more })).status).toBe(403);
    await got(`clusters/${cluster}/permissions/${String(permission['id'])}`, { method: 'DELETE' });
    expect((await call(`clusters/${cluster}`, { as: guest, method: 'PUT', body: { comment: 'mine' } })).status).toBe(403);
  });

  it('keeps the last super user', async () => {
    const permission = ((await got('permissions'))['permission'] as readonly Json[]).find(({ role }) => role.id === superUser);
    expect((await fault(`permissions/${String(permission?.['id'])}`, { method: 'DELETE' }))[0]).toBe(409);
  });

  it('has roles that people make', async () => {
    const role = await got('roles', { body: { name: 'Tagger', administrative: true } });
    await got(`roles/${String(role['id'])}/permits`, { body: { name: 'tag_management' } });
    const { permit } = await got(`roles/${String(role['id'])}/permits`);
    expect((permit as readonly Json[]).map(({ name }) => String(name))).toEqual(['login', 'tag_management']);
    await got(`roles/${String(role['id'])}/permits/1301`, { method: 'DELETE' });
    expect((await fault('roles/00000000-0000-0000-0000-000000000001', { method: 'DELETE' }))[0]).toBe(409);
    await got(`roles/${String(role['id'])}`, { method: 'DELETE' });
  });

  it('takes users of the directory in, tags them, and lets them go', async () => {
    await addUser(running.postgres, 'newcomer', 'Newcomer-1');
    const user = await got('users', { body: { user_name: 'newcomer@internal-authz', domain: { name: 'internal-authz' } } });
    const tag = await got('tags', { body: { name: 'team' } });
    await got(`users/${String(user['id'])}/tags`, { body: { id: tag['id'] } });
    expect((await got('users?search=tag%3Dteam'))['user']).toMatchObject([{ principal: 'newcomer' }]);
    await got(`users/${String(user['id'])}/tags/${String(tag['id'])}`, { method: 'DELETE' });
    await got(`users/${String(user['id'])}`, { method: 'DELETE' });
    expect((await fault('users', { body: { user_name: 'nobody@internal' } }))[0]).toBe(400);
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
    ['vnicprofiles', { name: 'v1', network: { id: '00000000-0000-0000-0000-000000000009' } }, { port_mirroring: true }],
    ['datacenters', { name: 'hang' }, { description: 'changed' }],
  ])('is added to %s, changed and removed', async (rel, first, change) => {
    const path = `${rel}/${String((await got(rel, { body: first }))['id'])}`;
    expect(await got(path, { method: 'PUT', body: change })).toMatchObject(
      'port_mirroring' in change ? { port_mirroring: 'true' } : (change as Json),
    );
    await got(path, { method: 'DELETE' });
    expect((await call(path)).status).toBe(404);
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

  it('takes the permissions along with what they are on, and with whom they were given to', async () => {
    const count = async () => Number((await running.postgres.query<{ n: string }>('select count(*) as n from permissions'))[0]?.n);
    const before = await count();
    await addUser(running.postgres, 'leaver', 'Leaver-1');
    const user = String((await got('users', { body: { user_name: 'leaver@internal' } }))['id']);
    const center = String((await got('datacenters', { body: { name: 'left' } }))['id']);
    await got(`datacenters/${center}/permissions`, { body: { role: { name: 'UserRole' }, user: { id: user } } });
    await got(`datacenters/${center}`, { method: 'DELETE' });
    expect(await count()).toBe(before);
    await got('permissions', { body: { role: { name: 'SuperUser' }, user: { id: user } } });
    await got(`users/${user}`, { method: 'DELETE' });
    expect(await count()).toBe(before);
  });

  it('never leaves the system without a super user', async () => {
    await addUser(running.postgres, 'heir', 'Heir-Canary-1');
    const user = String((await got('users', { body: { user_name: 'heir@internal' } }))['id']);
    await got('permissions', { body: { role: { name: 'SuperUser' }, user: { id: user } } });
    const own = ((await got('permissions'))['permission'] as readonly Json[]).find(
      ({ role, user: who }) => role.id === superUser && who.id !== user,
    );
    const heir = basic('heir@internal', 'Heir-Canary-1');
    await got(`permissions/${String(own?.['id'])}`, { as: heir, method: 'DELETE' });
    const [admin] = await running.postgres.query<{ id: string }>(`select user_id as id from users where username = 'admin'`);
    await running.postgres.query(
      `insert into permissions (role_id, ad_element_id, object_id, object_type_id) select id, $1, 'aaa00000-0000-0000-0000-123456789aaa', 1
       from roles where name = 'ReadOnlyAdmin'`,
      [admin?.id],
    );
    expect((await fault(`users/${user}`, { as: heir, method: 'DELETE' }))[0]).toBe(409);
    await got('permissions', { as: heir, body: { role: { name: 'SuperUser' }, user: { id: admin?.id } } });
    await got(`users/${user}`, { method: 'DELETE' });
  });
});

describe('a session that is kept', () => {
  const keep = { prefer: 'persistent-auth' };
  const bare = (headers: Record<string, string>) => running.engine.client(root, { headers });

  it('lasts as long as its client asks for it with each request', async () => {
    const first = await call('', { headers: keep });
    const cookie = `JSESSIONID=${first.headers['set-cookie']?.[0]?.split(/[=;]/)[1] ?? ''}`;
    expect(first.headers['set-cookie']?.[0]).toMatch(/; Path=\/ovirt-engine\/api; Secure; HttpOnly; SameSite=Strict$/);
    expect((await bare({ cookie, ...keep })).status).toBe(200);
    expect((await bare({ ...keep })).status).toBe(401);
    expect((await bare({ cookie })).status).toBe(401);
    expect((await bare({ cookie, ...keep })).status).toBe(401);
  });

  it('is not begun by what has not asked for it, and never by a stranger', async () => {
    expect((await call('')).headers['set-cookie']).toBeUndefined();
    expect((await bare({ ...keep })).headers['set-cookie']).toBeUndefined();
    expect((await bare({ ...keep, cookie: `JSESSIONID=${'A'.repeat(86)}` })).status).toBe(401);
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
