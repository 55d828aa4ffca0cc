import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { beforeAll, describe, expect, it } from 'vitest';
import { memoryMB } from '../../bench/measure.ts';
import { admin, apiCalls, apiRoot, type Json } from '../support/api-calls.ts';
import { useEngine } from '../support/running-engine.ts';

/* Lists that are long: they are sent while they are made, as quickly as they are read. */

const running = useEngine();
const { call, got } = apiCalls(running);

const count = 2_500;
const nameOf = (at: number): string => `vm${String(at).padStart(4, '0')}`;
const names = Array.from({ length: count }, (_, at) => nameOf(at + 1));
const asXml = { accept: 'application/xml' };

beforeAll(async () => {
  // Long enough to be more than all buffers on the way to a client that does not read.
  await running.postgres.query(
    `with v as (insert into vm_static (vm_guid, vm_name, description, entity_type, cluster_id, vmt_guid, mem_size_mb, max_memory_size_mb, min_allocated_mem)
       select gen_random_uuid(), 'vm' || lpad(n::text, 4, '0'), repeat('x', 4000), 'VM', cluster_id, '00000000-0000-0000-0000-000000000000', 1024, 4096, 1024
       from generate_series(1, $1::integer) n, cluster returning vm_guid),
     d as (insert into vm_dynamic (vm_guid) select vm_guid from v)
     insert into vm_statistics (vm_guid) select vm_guid from v`,
    [count],
  );
  await running.postgres.query(
    `insert into vm_interface (id, vm_guid, name) select gen_random_uuid(), vm_guid, 'nic1' from vm_static where entity_type = 'VM'`,
  );
  await running.postgres.query('analyze');
});

/** Asks for all machines, and reads no more than the beginning. */
async function beginning(path = 'vms'): Promise<IncomingMessage> {
  const { port, ca } = running.engine;
  const asked = request({
    host: 'localhost',
    port,
    ca,
    path: `${apiRoot}/${path}`,
    headers: { authorization: admin, ...asXml },
    agent: false,
  });
  const [answer] = (await once(asked.end(), 'response')) as [IncomingMessage];
  expect(answer.statusCode).toBe(200);
  return answer;
}

const rest = async (answer: IncomingMessage): Promise<string> => Buffer.concat((await answer.toArray()) as Buffer[]).toString();

const namesIn = (xml: string): readonly string[] => [...xml.matchAll(/<name>(vm\d+)<\/name>/g)].map(([, name]) => String(name));

describe('a long list', () => {
  it('has each member once and in its place, in either format', async () => {
    expect(((await got('vms'))['vm'] as readonly Json[]).map((vm) => String(vm['name']))).toEqual(names);
    const { body } = await call('vms', { headers: asXml });
    expect(namesIn(body)).toEqual(names);
    expect(body.endsWith('</vms>\n')).toBe(true);
    const found = await call(`vms?search=${encodeURIComponent('sortby name desc')}&max=600`, { headers: asXml });
    expect(namesIn(found.body)).toEqual(names.toReversed().slice(0, 600));
  });

  it('has no length, as short ones have, and its head is answered without it', async () => {
    const [long, short] = await Promise.all([call('vms', { method: 'HEAD' }), call('vms?max=10', { method: 'HEAD' })]);
    expect(long).toMatchObject({ status: 200, body: '', headers: { 'content-type': 'application/json' } });
    expect(long.headers['content-length']).toBeUndefined();
    const { headers, body } = await call('vms?max=10');
    expect(headers['content-length']).toBe(String(Buffer.byteLength(body)));
    expect(short).toMatchObject({ status: 200, body: '', headers: { 'content-length': headers['content-length'] } });
  });

  it('has what was asked to be followed', async () => {
    const { vm } = (await got('vms?max=600&follow=nics')) as { vm: readonly Json[] };
    expect(vm).toHaveLength(600);
    for (const one of vm) expect(one['nics'].nic).toMatchObject([{ name: 'nic1', vm: { id: one['id'] } }]);
  });

  it('is refused before it begins where a link to follow does not exist, whatever its members are', async () => {
    for (const path of [
      'vms?follow=nothing',
      'vms?follow=nics.nothing',
      'vms?follow=cluster.nothing',
      'vms?search=name%3Dnone&follow=nothing',
    ]) {
      expect((await call(path)).status, path).toBe(400);
    }
    expect((await call('vms?follow=cluster.data_center,nics.vnic_profile&max=1')).status).toBe(200);
  });
});

describe('a client that reads slowly', () => {
  it('gets members as they are when it comes to them, and has no connection of the database wait', async () => {
    const answer = await beginning();
    const waiting = `select from pg_stat_activity where application_name = 'engine' and state <> 'idle' and query like '%vms%'`;
    await expect.poll(() => running.postgres.query(waiting)).toEqual([]);
    await running.postgres.query(`update vm_static set description = 'changed' where vm_name = $1`, [names.at(-1)]);
    await running.postgres.query(`delete from vm_static where vm_name = $1`, [names.at(-2)]);
    const text = await rest(answer);
    expect(namesIn(text)).toEqual([...names.slice(0, -2), names.at(-1)]);
    expect(text).toContain('<description>changed</description>');
    expect(text.endsWith('</vms>\n')).toBe(true);
  });

  it('loses its connection when the list cannot be read to its end', async () => {
    const answer = await beginning();
    await running.postgres.query('alter view vms rename to vms_away');
    try {
      await expect(rest(answer)).rejects.toThrow('aborted');
      await running.engine.sees('a list was broken off');
    } finally {
      await running.postgres.query('alter view vms_away rename to vms');
    }
    expect((await call('vms?max=1')).status).toBe(200);
  });

  it('does not have the engine hold the list', async () => {
    const before = (await memoryMB(running.engine.pid, 'VmRSS')) ?? Number.NaN;
    const answers = await Promise.all(Array.from({ length: 20 }, () => beginning()));
    const after = (await memoryMB(running.engine.pid, 'VmRSS')) ?? Number.NaN;
    for (const answer of answers) answer.destroy();
    // All of them would be more than 400 MB.
    expect(after - before).toBeLessThan(150);
  });
});
