import { beforeAll, describe, expect, it } from 'vitest';
import { collections } from '../../src/services/engine/api/collections/index.ts';
import { apiCalls, apiRoot as root, type Json } from '../support/api-calls.ts';
import { addUser, giveRole } from '../support/engine.ts';
import { basic } from '../support/https-client.ts';
import { useEngine } from '../support/running-engine.ts';

/* Who may do what, by which roles, and that somebody always may do everything. */

const running = useEngine();
const { call, got, fault, idOf, list } = apiCalls(running);
const superUser = '00000000-0000-0000-0000-000000000001';
const blank = '00000000-0000-0000-0000-000000000000';

/* Whoever may log in and do nothing, by a role that reaches the Default cluster only. */
const guest = basic('guest@internal', 'Guest-Canary-1');
beforeAll(async () => {
  await addUser(running.postgres, 'guest', 'Guest-Canary-1');
  const [cluster] = await running.postgres.query<{ id: string }>('select cluster_id as id from cluster');
  await giveRole(running.postgres, 'guest', 'UserRole', { kind: 'cluster', id: cluster?.id ?? '' });
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
});

it('shows no figures of the whole system to whoever may not see them', async () => {
  const root = await got('', { as: guest });
  expect([root['summary'], root['engine_backup']]).toEqual([undefined, undefined]);
  expect((await got(''))['engine_backup']).toEqual({});
});

describe('a permission', () => {
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
});

describe('super users', () => {
  it('keeps the last super user', async () => {
    const permission = ((await got('permissions'))['permission'] as readonly Json[]).find(({ role }) => role.id === superUser);
    expect((await fault(`permissions/${String(permission?.['id'])}`, { method: 'DELETE' }))[0]).toBe(409);
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

describe('a role', () => {
  it('begins with the permits that it is given', async () => {
    const body = { name: 'Starter', administrative: true, permits: { permit: [{ id: '1301' }, { name: 'bookmark_management' }] } };
    const role = String((await got('roles', { body }))['id']);
    expect((await list(`roles/${role}/permits`)).map(({ name }) => String(name))).toEqual([
      'login',
      'tag_management',
      'bookmark_management',
    ]);
    expect(await fault('roles', { body: { ...body, name: 'Never', permits: { permit: [{ name: 'everything' }] } } })).toEqual([
      400,
      expect.stringContaining('permit must be one of: '),
    ]);
    await got(`roles/${role}`, { method: 'DELETE' });
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
});

it('has the roles that clients look for', async () => {
  const names = new Set((await list('roles')).map(({ name }) => String(name)));
  for (const name of 'VmPoolAdmin TemplateAdmin TemplateCreator TemplateOwner VmCreator DiskCreator DiskOperator QuotaConsumer CpuProfileOperator DiskProfileUser GlusterAdmin InstanceCreator UserInstanceManager UserVmRunTimeManager UserProfileEditor VmImporterExporter'.split(
    ' ',
  ))
    expect(names).toContain(name);
});
