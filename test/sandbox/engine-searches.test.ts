import { beforeAll, describe, expect, it } from 'vitest';
import type { Collection, SearchField } from '../../src/services/engine/api/collections/collection.ts';
import { collections } from '../../src/services/engine/api/collections/index.ts';
import { apiCalls, apiRoot as root, type Json } from '../support/api-calls.ts';
import { useEngine } from '../support/running-engine.ts';
import { addHost } from '../support/simulated-host.ts';

/* What is asked of a list: searches, order, pages, all content, and links to follow. */

const running = useEngine();
const { call, got, list } = apiCalls(running);

// Something for what would be empty otherwise.
beforeAll(async () => {
  await got('jobs', { body: { description: 'There is one' } });
  await got('affinitylabels', { body: { name: 'There-is-one' } });
  const { id } = await got('vms', { body: { name: 'There-is-one', cluster: { name: 'Default' } } });
  await got(`vms/${String(id)}/nics`, { body: { name: 'There-is-one' } });
  const host = await addHost(running.postgres, { name: 'There-is-one', address: '127.0.0.2', port: 1 });
  await running.postgres.query(`insert into vds_interface (id, name, vds_id) values (gen_random_uuid(), 'eth0', $1)`, [host]);
  // A storage domain in no data center, and a disk on it.
  await running.postgres.query(
    `with c as (insert into storage_server_connections (id, connection, storage_type) values (gen_random_uuid(), '/there/is/one', 4) returning id),
       s as (insert into storage_domain_static (id, storage, storage_name, storage_type, storage_domain_type)
         select gen_random_uuid(), id, 'There-is-one', 4, 0 from c returning id),
       y as (insert into storage_domain_dynamic (id) select id from s),
       d as (insert into base_disks (disk_id, disk_alias) values (gen_random_uuid(), 'There-is-one') returning disk_id),
       i as (insert into images (image_guid, image_group_id, size, volume_type, volume_format) select gen_random_uuid(), disk_id, 1024, 2, 5 from d
         returning image_guid)
     insert into image_storage_domain_map (image_id, storage_domain_id) select i.image_guid, s.id from i, s`,
  );
});

/** The path of a collection, below some members of those above it. */
async function pathTo({ below, rel }: Collection): Promise<string> {
  let path = '';
  for (const above of below?.rel.split('/') ?? []) {
    const [member] = await list(`${path}${above}?max=1`);
    path += `${above}/${String(member?.['id'])}/`;
  }
  return `${path}${rel}`;
}

/** A value that a field can be compared with. */
function valueFor({ as }: SearchField): string {
  if (typeof as === 'object') return Object.keys(as.choices)[0] ?? '';
  return { text: 'x*', number: '1', date: '2026-01-31', boolean: 'true' }[as];
}

describe.each(collections.map((one) => [`${one.below?.rel ?? ''}/${one.rel}`, one] as const))('the collection %s', (_name, one) => {
  it('is searched and sorted by each of its fields', async () => {
    const path = await pathTo(one);
    expect(Object.keys(one.search ?? {}).length, 'fields').toBeGreaterThan(0);
    for (const [name, field] of Object.entries(one.search ?? {})) {
      for (const operator of ['=', '!=', '<', '>=']) {
        const search = `not ${name}${operator}${valueFor(field)} or ${name}${operator}${valueFor(field)} sortby ${name} desc page 1`;
        const { status, body } = await call(`${path}?search=${encodeURIComponent(search)}`);
        expect(status, `${search}: ${body}`).toBe(200);
      }
    }
  });

  it('knows all content, and a bad parameter', async () => {
    const path = await pathTo(one);
    for (const how of ['?all_content=true', ';all_content', '?max=1&filter=true'])
      expect((await call(`${path}${how}`)).status, how).toBe(200);
    expect((await call(path, { headers: { 'all-content': 'true' } })).status).toBe(200);
    for (const how of ['?all_content=some', '?max=-1', '?max=x', '?case_sensitive=2'])
      expect((await call(`${path}${how}`)).status, how).toBe(400);
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

it('searches events of a day', async () => {
  const day = new Date().toLocaleDateString('sv');
  await running.postgres.query(`update audit_log set log_time = now()`);
  expect((await list(`events?search=${encodeURIComponent(`time=${day}`)}`)).length).toBeGreaterThan(0);
  expect(await list(`events?search=${encodeURIComponent(`time>${day}`)}`)).toEqual([]);
  expect(await list(`events?search=${encodeURIComponent('time=yesterday')}`)).toEqual([]);
});

describe('all content', () => {
  it('is in an answer only when it is asked for, and gives way to what is followed', async () => {
    const role = 'roles/00000000-0000-0000-0001-000000000001';
    expect((await got(role))['permits']).toBeUndefined();
    const whole = await got(`${role};all_content=true`);
    expect(whole['permits'].permit).toContainEqual({ id: '1300', name: 'login', administrative: 'false' });
    expect(await got(role, { headers: { 'all-content': 'true' } })).toEqual(whole);
    expect((await list('roles?all_content=1'))[0]?.['permits']).toBeDefined();
    const { body } = await call(`${role}?all_content=1&follow=permits`, { headers: { accept: 'application/xml' } });
    expect(body.split('<permits>')).toHaveLength(2);
    expect(body).toContain(`<permit href="${root}/${role}/permits/1300" id="1300">`);
  });
});

describe('following links', () => {
  it('goes several levels down, under the names of the elements', async () => {
    const [profile] = await list('vnicprofiles?follow=network.data_center.clusters.networks,permissions.role');
    expect(profile?.['network'].data_center.clusters.cluster[0].networks.network[0].name).toBe('ovirtmgmt');
    expect(profile?.['permissions'].permission[0].role.name).toBe('VnicProfileUser');
    const [network] = await list('networks?follow=vnicprofiles');
    expect(network?.['vnic_profiles'].vnic_profile[0].name).toBe('ovirtmgmt');
  });

  it('reaches what lies below a member, too', async () => {
    await got('tags', { body: { name: 'nested' }, headers: { 'correlation-id': 'nested' } });
    const [job] = await list('jobs?search=correlation_id%3Dnested');
    await running.postgres.query(
      `insert into step (step_id, parent_step_id, job_id, step_type, description, step_number, status, start_time, correlation_id)
       select gen_random_uuid(), step_id, job_id, 'FINALIZING', 'inner', 2, 'STARTED', now(), correlation_id from step where job_id = $1`,
      [job?.['id']],
    );
    const { step } = await got(`jobs/${String(job?.['id'])}/steps?follow=parent_step.job`);
    expect((step as readonly Json[]).find(({ type }) => type === 'finalizing')?.['parent_step']).toMatchObject({
      type: 'executing',
      job: { correlation_id: 'nested' },
    });
  });

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

it('takes the correlation id as a matrix parameter, too', async () => {
  expect((await call('tags;correlation_id=in-the-path')).headers['correlation-id']).toBe('in-the-path');
});
