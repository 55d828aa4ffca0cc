import { beforeAll, describe, expect, it } from 'vitest';
import { apiCalls, type Json } from '../support/api-calls.ts';
import { addUser, giveRole } from '../support/engine.ts';
import { basic } from '../support/https-client.ts';
import { useEngine } from '../support/running-engine.ts';
import { newSshKey } from '../support/vmconsole.ts';

/* Collections that are more than rows of a table. */

const running = useEngine();
const { call, got, fault, idOf, list } = apiCalls(running);
const blank = '00000000-0000-0000-0000-000000000000';

const guest = basic('guest@internal', 'Guest-Canary-1');
beforeAll(async () => {
  await addUser(running.postgres, 'guest', 'Guest-Canary-1');
  await giveRole(running.postgres, 'guest', 'UserRole');
});

describe('icons', () => {
  it('are pictures, and every operating system has a small and a large one', async () => {
    const systems = await list('operatingsystems');
    expect(systems.length).toBeGreaterThan(40);
    expect(systems.find(({ id }) => id === '30')).toMatchObject({ name: 'rhel_8x64', architecture: 'x86_64' });
    const icons = new Map((await list('icons')).map((one) => [String(one['id']), one]));
    for (const system of systems) {
      for (const [size, width] of [
        ['small_icon', 43],
        ['large_icon', 150],
      ] as const) {
        const icon = icons.get(String(system[size].id));
        expect(system[size].href).toBe(icon?.['href']);
        expect(icon?.['media_type']).toBe('image/svg+xml');
        expect(Buffer.from(String(icon?.['data']), 'base64').toString()).toMatch(new RegExp(`^<svg [^>]*width="${width}"[^>]*>.*</svg>$`));
      }
    }
    expect((await got(`operatingsystems/30?follow=small_icon`))['small_icon'].data).toBeDefined();
  });
});

describe('options', () => {
  it('are narrowed to a version', async () => {
    const name = 'UserSessionTimeOutInterval';
    expect((await got(`options/${name}`))['id']).toBe(name);
    expect((await got(`options/${name}?version=general`))['values'].system_option_value).toHaveLength(1);
    expect((await got(`options/${name}?version=4.5`))['values']).toEqual({});
    expect((await call('options/AsUnknownAsPossible')).status).toBe(404);
  });
});

describe('what belongs to a member is added below it', () => {
  it('without naming it, and to no other one', async () => {
    const center = String((await got('datacenters', { body: { name: 'home' } }))['id']);
    const cluster = await got(`datacenters/${center}/clusters`, { body: { name: 'inside', data_center: { name: 'Default' } } });
    expect(cluster['data_center'].id).toBe(center);
    const network = await got(`datacenters/${center}/networks`, { body: { name: 'inner' } });
    const profile = await got(`networks/${String(network['id'])}/vnicprofiles`, { body: { name: 'extra' } });
    expect(profile['network'].id).toBe(network['id']);
    const labels = `networks/${String(network['id'])}/networklabels`;
    expect(await got(labels, { body: { id: 'rack' } })).toMatchObject({ id: 'rack', network: { id: network['id'] } });
    expect((await fault(labels, { body: { id: 'second' } }))[0]).toBe(409);
    expect(await list('networks?search=label%3Drack')).toHaveLength(1);
    await got(`${labels}/rack`, { method: 'DELETE' });
    expect(await got(labels)).toEqual({});
  });
});

describe('references by name', () => {
  it('work for every collection', async () => {
    const lower = await got('tags', { body: { name: 'lower', parent: { name: 'root' } } });
    expect(lower['parent'].id).toBe(blank);
    const network = '00000000-0000-0000-0000-000000000009';
    const body = { name: 'filtered', network: { id: network }, network_filter: { name: 'clean-traffic' } };
    expect((await got('vnicprofiles', { body }))['network_filter'].id).toBe('00000014-0014-0014-0014-0000000003c1');
    const user = await idOf('users', 'guest');
    await got(`users/${user}/tags`, { body: { name: 'lower' } });
    expect((await list(`users/${user}/tags`)).map(({ name }) => String(name))).toEqual(['lower']);
  });
});

describe('a user', () => {
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

describe('a group', () => {
  it('of the directory is taken in, gives its members what it is given, and goes', async () => {
    await addUser(running.postgres, 'member', 'Member-Canary-1');
    await running.postgres.query(
      `with g as (insert into aaa_jdbc.groups (name) values ('staff'), ('all') returning id, name)
       , a as (insert into aaa_jdbc.user_groups (user_id, in_group_id) select u.id, g.id from aaa_jdbc.users u, g where u.name = 'member' and g.name = 'staff')
       insert into aaa_jdbc.group_groups (group_id, in_group_id) select s.id, w.id from g s, g w where s.name = 'staff' and w.name = 'all'`,
    );
    const [domain] = await list('domains');
    expect((await list(`domains/${String(domain?.['id'])}/groups?search=name%3Dst*`)).map(({ name }) => String(name))).toEqual(['staff']);
    const user = await got('users', { body: { user_name: 'member@internal-authz' } });
    const member = basic('member@internal', 'Member-Canary-1');
    expect((await call('', { as: member })).status).toBe(401);

    const group = await got('groups', { body: { name: 'all', domain: { name: 'internal-authz' } } });
    expect(group).toMatchObject({ name: 'all', namespace: '*', domain: { name: 'internal-authz' } });
    expect((await got('groups', { body: { name: 'all' } }))['id']).toBe(group['id']);
    expect((await list(`users/${String(user['id'])}/groups`)).map(({ name }) => String(name))).toEqual(['all']);
    await got('permissions', { body: { role: { name: 'TagManager' }, group: { name: 'all' } } });
    expect((await list(`groups/${String(group['id'])}/roles`)).map(({ name }) => String(name))).toEqual(['TagManager']);
    expect((await call('tags', { as: member, body: { name: 'by-the-group' } })).status).toBe(201);

    await got(`groups/${String(group['id'])}`, { method: 'DELETE' });
    expect((await call('', { as: member })).status).toBe(401);
    expect(await list(`users/${String(user['id'])}/groups`)).toEqual([]);
  });

  it('is refused where there is none, and the last with all power stays', async () => {
    expect(await fault('groups', { body: {} })).toEqual([400, 'Group [name|domain_entry_id] required for add']);
    expect((await fault('groups', { body: { name: 'nobody' } }))[0]).toBe(400);
    expect((await fault('groups', { body: { name: 'staff', domain: { name: 'elsewhere' } } }))[0]).toBe(400);
    expect((await fault('groups/eee00000-0000-0000-0000-123456789eee', { method: 'DELETE' }))[0]).toBe(409);
    expect((await call('groups', { as: guest, body: { name: 'staff' } })).status).toBe(403);
  });
});

describe('subscriptions of events', () => {
  it('are added, seen by their owner, and removed', async () => {
    const user = await idOf('users', 'guest');
    const path = `users/${user}/eventsubscriptions`;
    const added = await got(path, { body: { event: 'user_add_tag', address: 'guest@example.org' } });
    expect(added).toMatchObject({ id: 'user_add_tag', notification_method: 'smtp', address: 'guest@example.org', user: { id: user } });
    const rows = await running.postgres.query('select event_up_name, method_address from event_subscriber');
    expect(rows).toEqual([{ event_up_name: 'USER_ADD_TAG', method_address: 'guest@example.org' }]);
    expect((await got(path, { as: guest, headers: { filter: 'true' } }))['event_subscription']).toHaveLength(1);
    expect((await call(path, { as: guest, body: { event: 'user_add_tag' } })).status).toBe(403);
    expect((await fault(path, { body: {} }))[0]).toBe(400);
    expect((await fault(path, { body: { event: 'a', address: 'a\r\nBcc: b' } }))[0]).toBe(400);
    expect((await fault(path, { body: { event: 'a', notification_method: 'pigeon' } }))[1]).toContain('smtp, snmp');
    await got(`${path}/user_add_tag`, { method: 'DELETE' });
    expect(await got(path)).toEqual({});
  });
});

describe('what users keep for themselves', () => {
  const key = newSshKey('ed25519', 0, 'guest@home');

  it('is changed by them, seen by nobody else of their kind, and managed by whoever manages users', async () => {
    const user = await idOf('users', 'guest');
    const keys = `users/${user}/sshpublickeys`;
    const mine = { as: guest, headers: { filter: 'true' } };
    const added = await got(keys, { ...mine, body: { content: key } });
    expect(added).toMatchObject({ content: key, user: { id: user } });
    expect((await fault(keys, { ...mine, body: { content: 'no key' } }))[0]).toBe(400);
    expect((await fault(keys, { ...mine, body: { content: `${key}\nssh-rsa ${'B'.repeat(40)}` } }))[0]).toBe(400);
    const changed = await got(`${keys}/${String(added['id'])}`, { ...mine, method: 'PUT', body: { content: `${key}-2` } });
    expect(changed['content']).toBe(`${key}-2`);
    expect((await got(keys))['ssh_public_key']).toHaveLength(1);
    await got(`${keys}/${String(added['id'])}`, { method: 'DELETE' });

    const options = `users/${user}/options`;
    const option = await got(options, { ...mine, body: { name: 'language', content: '"de"' } });
    expect(option).toMatchObject({ name: 'language', content: '"de"' });
    expect((await fault(options, { ...mine, body: { name: 'language', content: '"en"' } }))[0]).toBe(409);
    expect((await fault(options, { ...mine, body: { name: 'broken', content: '{' } }))[0]).toBe(400);
    await got(`${options}/${String(option['id'])}`, { ...mine, method: 'DELETE' });
    expect(await got(options, mine)).toEqual({});
  });

  it('is set in one go by changing the user, of whom nothing else can be changed', async () => {
    const user = `users/${await idOf('users', 'guest')}`;
    const mine = { as: guest, headers: { filter: 'true' }, method: 'PUT' };
    const set = (...pairs: readonly (readonly [string, string])[]) => ({
      user_options: { property: pairs.map(([name, value]) => ({ name, value })) },
    });
    await got(user, { ...mine, body: set(['a', '1'], ['b', '"x"']) });
    await got(user, { ...mine, body: set(['b', '"y"']) });
    const kept = (await got(`${user}/options`))['user_option'] as readonly Json[];
    expect(kept.map(({ name, content }) => `${String(name)}=${String(content)}`)).toEqual(['a=1', 'b="y"']);
    expect((await fault(user, { ...mine, body: set(['c', '{']) }))[0]).toBe(400);
    expect((await fault(user, { ...mine, body: set(['a', '1'], ['a', '2']) }))[1]).toContain('named twice');
    expect((await fault(user, { ...mine, body: { name: 'other' } }))[1]).toContain('user_options');
    expect((await fault(user, { ...mine, body: {} }))[0]).toBe(400);
    expect((await call(`users/${await idOf('users', 'admin')}`, { ...mine, body: set(['a', '1']) })).status).toBe(404);
  });

  it('is out of reach of administrators who manage no users', async () => {
    await addUser(running.postgres, 'looker', 'Looker-Canary-1');
    await giveRole(running.postgres, 'looker', 'ReadOnlyAdmin');
    const path = `users/${await idOf('users', 'guest')}/sshpublickeys`;
    expect((await call(path, { as: basic('looker@internal', 'Looker-Canary-1'), body: { content: key } })).status).toBe(403);
    expect((await call(`users/${await idOf('users', 'looker')}/sshpublickeys`, { as: guest, body: { content: key } })).status).toBe(404);
  });
});

describe('attributes of clusters and networks', () => {
  it('are set and shown', async () => {
    const cluster = `clusters/${await idOf('clusters', 'Default')}`;
    expect(await got(cluster)).toMatchObject({
      fencing_policy: { enabled: 'true', skip_if_connectivity_broken: { enabled: 'false', threshold: '50' } },
      migration: { auto_converge: 'inherit', compressed: 'inherit' },
      required_rng_sources: { required_rng_source: ['urandom'] },
    });
    const set = {
      bios_type: 'q35_ovmf',
      fips_mode: 'enabled',
      fencing_policy: {
        enabled: 'false',
        skip_if_connectivity_broken: { enabled: 'true', threshold: '20' },
        skip_if_sd_active: { enabled: 'true' },
      },
      migration: { auto_converge: 'true', compressed: 'false', encrypted: 'inherit' },
      required_rng_sources: { required_rng_source: ['urandom', 'hwrng'] },
    };
    expect(await got(cluster, { method: 'PUT', body: set })).toMatchObject(set);
    expect(await got(cluster, { method: 'PUT', body: { migration: { auto_converge: 'inherit' } } })).toMatchObject({
      migration: { auto_converge: 'inherit', compressed: 'false' },
    });
    for (const wrong of [
      { bios_type: 'floppy' },
      { fencing_policy: { skip_if_connectivity_broken: { threshold: 101 } } },
      { required_rng_sources: { required_rng_source: ['dice'] } },
    ])
      expect((await fault(cluster, { method: 'PUT', body: wrong }))[0]).toBe(400);

    const network = 'networks/00000000-0000-0000-0000-000000000009';
    const resolver = (servers: readonly string[]) => ({ dns_resolver_configuration: { name_servers: { name_server: servers } } });
    expect((await got(network))['dns_resolver_configuration']).toBeUndefined();
    expect(await got(network, { method: 'PUT', body: resolver(['10.0.0.1', 'fd00::1']) })).toMatchObject(resolver(['10.0.0.1', 'fd00::1']));
    expect((await fault(network, { method: 'PUT', body: resolver(['dns.example.org']) }))[0]).toBe(400);
  });
});

describe('labels', () => {
  it('have lists of what they tie, to which nothing can be added that is not there', async () => {
    const label = await got('affinitylabels', { body: { name: 'rack' } });
    for (const rel of ['hosts', 'vms']) {
      const path = `affinitylabels/${String(label['id'])}/${rel}`;
      expect(await got(path)).toEqual({});
      expect((await call(path, { headers: { accept: 'application/xml' } })).body).toContain(`<${rel}/>`);
      expect((await fault(path, { body: {} }))[0]).toBe(400);
      expect((await fault(path, { body: { id: blank } }))[0]).toBe(404);
    }
    expect(JSON.stringify(label['link'])).toContain('/vms');
  });
});
