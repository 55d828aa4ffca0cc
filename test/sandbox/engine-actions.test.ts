import { beforeAll, describe, expect, it } from 'vitest';
import { apiCalls, apiRoot as root, type Json } from '../support/api-calls.ts';
import { addUser, giveRole } from '../support/engine.ts';
import { basic } from '../support/https-client.ts';
import { useEngine } from '../support/running-engine.ts';

/* Actions, jobs, events, and the words in which the API refuses something. */

const running = useEngine();
const { call, got } = apiCalls(running);
const xml = { accept: 'application/xml' };

const other = basic('other@internal', 'Other-Canary-1');
beforeAll(async () => {
  await addUser(running.postgres, 'other', 'Other-Canary-1');
  await giveRole(running.postgres, 'other', 'SuperUser');
});

const newJob = async (): Promise<string> => String((await got('jobs', { body: { description: 'Their work', auto_cleared: false } }))['id']);

describe('an action', () => {
  it('is answered with its job and with what was sent, and has no address of its own', async () => {
    const { status, body } = await call(`jobs/${await newJob()}/end`, { xml: '<action><async>false</async></action>', headers: xml });
    expect(status).toBe(200);
    expect(body).toMatch(
      /<action>\s*<async>false<\/async>\s*<job href="\/ovirt-engine\/api\/jobs\/([\w-]+)" id="\1"\/>\s*<status>complete</,
    );
    const job = /id="([\w-]+)"/.exec(body)?.[1] ?? '';
    expect((await got(`jobs/${job}`))['status']).toBe('finished');
  });

  it.each(['<action/>', ''])('takes the body %j', async (body) => {
    expect((await call(`jobs/${await newJob()}/end`, { method: 'POST', xml: body })).status).toBe(200);
  });

  it.each([
    ['', '<action><async>true</async></action>'],
    ['?async=true', '<action/>'],
  ])('that nobody waits for (%j) is accepted, and its address leads to what it was done to', async (query, body) => {
    const job = await newJob();
    const answer = await call(`jobs/${job}/end${query}`, { xml: body });
    expect(answer.status).toBe(202);
    const action = JSON.parse(answer.body) as Json;
    const href = `${root}/jobs/${job}/end/${String(action['id'])}`;
    expect(action).toMatchObject({
      href,
      async: 'true',
      status: 'in_progress',
      link: [
        { rel: 'parent', href: `${root}/jobs/${job}` },
        { rel: 'replay', href: `${root}/jobs/${job}/end` },
      ],
    });
    const there = await call(href.slice(root.length + 1));
    expect([there.status, there.headers.location]).toEqual([301, `${root}/jobs/${job}`]);
    // Actions of others, and those that never were, are not there.
    expect((await call(href.slice(root.length + 1), { as: other })).status).toBe(404);
    for (const id of [job, 'x', '%00']) expect((await call(`jobs/${job}/end/${id}`)).status).toBe(404);
  });

  it('is waited for by a client that expects it to be done', async () => {
    const headers = { expect: '201-created' };
    const { status, body } = await call(`jobs/${await newJob()}/end?async=true`, { body: {}, headers });
    expect([status, (JSON.parse(body) as Json)['status']]).toEqual([200, 'complete']);
  });

  it('that cannot be done is answered as one, with the fault in it', async () => {
    const tag = await got('tags', { body: { name: 'work' } });
    await got(`tags/${String(tag['id'])}`, { method: 'DELETE' });
    const [internal] = (await got('jobs?search=status%3Dfinished'))['job'] as readonly Json[];
    const answer = await call(`jobs/${String(internal?.['id'])}/end`, { body: { async: 'false' } });
    expect(answer.status).toBe(409);
    expect(JSON.parse(answer.body)).toEqual({
      async: 'false',
      fault: { detail: '[Only external jobs are ended and cleared by clients.]', reason: 'Operation Failed' },
      status: 'failed',
    });
  });
});

describe('what is added', () => {
  it.each([{}, { expect: '201-created' }, { expect: '202-accepted' }])('can be used at once, so it is created with %j', async (headers) => {
    const { status } = await call('tags', { body: { name: `tag-${Object.values(headers)[0] ?? 'none'}` }, headers });
    expect(status).toBe(201);
  });
});

describe('a job', () => {
  const changeAll = async (headers: Record<string, string>, as?: string) => {
    const how = { headers, ...(as === undefined ? {} : { as }) };
    const tag = await got('tags', { ...how, body: { name: `t${Math.random()}` } });
    await call('tags', { ...how, body: {} });
    await got(`tags/${String(tag['id'])}`, { ...how, method: 'DELETE' });
  };
  const jobsOf = async (id: string) => ((await got(`jobs?search=correlation_id%3D${id}`))['job'] ?? []) as readonly Json[];

  it('is one for all commands with the same correlation id, with a step for each', async () => {
    await changeAll({ 'correlation-id': 'together' });
    const [job, ...more] = await jobsOf('together');
    expect([more, job?.['status']]).toEqual([[], 'finished']);
    const { step } = await got(`jobs/${String(job?.['id'])}/steps`);
    expect((step as readonly Json[]).map(({ number, type, status }) => [number, type, status] as unknown)).toEqual([
      ['1', 'executing', 'finished'],
      ['2', 'executing', 'finished'],
    ]);
    const events = (await got('events?search=correlation_id%3Dtogether'))['event'] as readonly Json[];
    expect(events).toHaveLength(2);
  });

  it('failed if one of them did, and says so to the end', async () => {
    const headers = { 'correlation-id': 'in-vain' };
    const body = { name: 'twice' };
    await got('tags', { body, headers });
    expect((await call('tags', { body, headers })).status).toBe(409);
    await got('tags', { body: { name: 'once' }, headers });
    const [job, ...more] = await jobsOf('in-vain');
    expect([more, job?.['status']]).toEqual([[], 'failed']);
    const { step } = await got(`jobs/${String(job?.['id'])}?follow=steps`).then((one) => one['steps'] as Json);
    expect((step as readonly Json[]).map(({ status }) => String(status))).toEqual(['finished', 'failed', 'finished']);
  });

  it('is never that of somebody else', async () => {
    await changeAll({ 'correlation-id': 'shared' });
    await changeAll({ 'correlation-id': 'shared' }, other);
    expect(await jobsOf('shared')).toHaveLength(2);
  });
});

describe('events of others', () => {
  const event = { description: 'Backup done', severity: 'alert', origin: 'Backup', custom_id: 7 };

  it('say who sent them, how grave they are, and what they are about', async () => {
    const sent = { ...event, cluster: { name: 'Default' }, custom_data: 'more', flood_rate: 60 };
    const added = await got('events', { body: sent, headers: { 'correlation-id': 'from-outside' } });
    expect(added).toMatchObject({
      code: '9804',
      severity: 'alert',
      correlation_id: 'from-outside',
      flood_rate: '60',
      custom_data: 'more',
      user: { id: expect.any(String) },
      cluster: { id: expect.any(String) },
    });
    const [row] = await running.postgres.query<Json>('select severity, log_type_name, user_name from audit_log where audit_log_id = $1', [
      added['id'],
    ]);
    expect(row).toEqual({ severity: 10, log_type_name: 'EXTERNAL_ALERT', user_name: 'admin@internal' });
    expect((await got('events?search=severity%3Dalert'))['event']).toHaveLength(1);
  });

  it('are gone from the list when they are removed, and come back together', async () => {
    const id = String((await got('events', { body: { ...event, origin: 'Removed' } }))['id']);
    const listed = async (search: string) =>
      (((await got(`events?search=${encodeURIComponent(search)}`))['event'] ?? []) as readonly Json[]).map((one) => String(one['id']));
    const done = async () =>
      (await running.postgres.query<{ processed: boolean }>('select processed from audit_log where audit_log_id = $1', [id]))[0]?.processed;
    // Whatever the notifier has done with it, or has not, stays as it is.
    const before = await done();
    await got(`events/${id}`, { method: 'DELETE' });
    expect((await call(`events/${id}`)).status).toBe(404);
    expect((await call(`events/${id}`, { method: 'DELETE' })).status).toBe(404);
    expect(await listed('origin=Removed')).toEqual([]);
    expect(await listed('origin=Removed and deleted=true')).toEqual([id]);
    await running.postgres.query('update audit_log set processed = true where audit_log_id = $1', [id]);
    expect((await got('events/undelete', { body: {} }))['status']).toBe('complete');
    expect(await listed('origin=Removed')).toEqual([id]);
    expect([before, await done()]).toEqual([false, true]);
  });
});

describe('a fault', () => {
  it.each([
    ['tags', {}, 400, 'Incomplete parameters', 'Tag [name] required for add'],
    ['datacenters', { name: '' }, 400, 'Operation Failed', '[name must not be empty.]'],
    ['datacenters', { name: 'd', quota_mode: 'always' }, 400, 'Invalid value', 'quota_mode must be one of: disabled, audit, enabled.'],
    ['networks', { name: 'n', data_center: { name: 'Default' }, mtu: 70_000 }, 400, 'Value out of range', /^mtu must be a number from 0/],
    ['datacenters', { name: 'a b' }, 400, 'Operation Failed', /^\[A name may hold/],
    ['events', { origin: 'x' }, 400, 'Incomplete parameters', 'Event [description, severity, custom_id] required for add'],
    ['datacenters', { name: 'Default' }, 409, 'Operation Failed', '[The name is already in use.]'],
    ['datacenters', { local: 'perhaps' }, 400, 'Request syntactically incorrect.', /^\[local/],
  ])('of POST %s %j', async (path, body, status, reason, detail) => {
    const answer = await call(path, { body });
    expect([answer.status, JSON.parse(answer.body)]).toEqual([
      status,
      { reason, detail: typeof detail === 'string' ? detail : expect.stringMatching(detail) },
    ]);
  });

  it('of what cannot be changed any more', async () => {
    const answer = await call('vnicprofiles/0000000a-000a-000a-000a-000000000398', {
      method: 'PUT',
      xml: '<vnic_profile><network><name>none</name></network></vnic_profile>',
      headers: xml,
    });
    expect(answer.status).toBe(404);
    const center = await got('datacenters', { body: { name: 'fixed' } });
    const cluster = ((await got('clusters'))['cluster'] as readonly Json[])[0];
    const broken = await call(`clusters/${String(cluster?.['id'])}`, { method: 'PUT', body: { data_center: { id: center['id'] } } });
    expect([broken.status, JSON.parse(broken.body)]).toEqual([
      409,
      { reason: 'Broken immutability constraint', detail: 'data_center cannot be changed.' },
    ]);
  });
});
