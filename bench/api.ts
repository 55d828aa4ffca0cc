import { Agent, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { addAdmin, adminPassword, startEngine } from '../test/support/engine.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { type Sample, sample } from './measure.ts';
import type { Result } from './result.ts';

/*
 * What the engine can answer: over TLS, with kept connections, with its database. The load comes from this process, so the engine
 * has a processor of its own. Throughput is told as time for each request, and latency at half of the load that is asked for.
 */

const connections = 16;

interface Target {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** One request; how long it took, in ms. Throws unless the answer is 200. */
const once = (agent: Agent, port: number, { path, headers }: Target): Promise<number> =>
  new Promise((resolve, reject) => {
    const began = performance.now();
    request({ host: 'localhost', port, path, headers, agent, rejectUnauthorized: false }, (response) => {
      response.resume();
      response.once('end', () => {
        if (response.statusCode === 200) resolve(performance.now() - began);
        else reject(new Error(`${path} was answered with ${response.statusCode}`));
      });
    })
      .once('error', reject)
      .end();
  });

/** Time for each request when as many as possible are sent, in ms. */
async function throughput(agent: Agent, port: number, target: Target, requests: number): Promise<number> {
  let left = requests;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (left-- > 0) await once(agent, port, target);
    }),
  );
  return (performance.now() - began) / requests;
}

/** The 99th percentile of the time to the answer at a steady rate, in ms. */
async function latency(agent: Agent, port: number, target: Target, perSecond: number, seconds: number): Promise<number> {
  const times: Promise<number>[] = [];
  const began = performance.now();
  for (let sent = 0; sent < perSecond * seconds;) {
    const due = Math.min(perSecond * seconds, ((performance.now() - began) / 1000) * perSecond);
    for (; sent < due; sent++) times.push(once(agent, port, target));
    await sleep(1);
  }
  const sorted = (await Promise.all(times)).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
}

async function sampled(measure: () => Promise<number>, runs = 3): Promise<Sample> {
  const all: number[] = [];
  for (let run = 0; run < runs; run++) all.push(await measure());
  return sample(all);
}

export async function api(): Promise<readonly Result[]> {
  const postgres = await startPostgres();
  try {
    await addAdmin(postgres);
    await postgres.query(`insert into users (user_id, external_id, name, domain, username)
      select gen_random_uuid(), 'u' || n, 'Name ' || n, 'internal-authz', 'user' || n from generate_series(1, 999) n`);
    // As autovacuum does within a minute: without it, the database plans for tables that are empty.
    await postgres.query('analyze');
    const engine = await startEngine(postgres);
    const agent = new Agent({ keepAlive: true, maxSockets: connections });
    try {
      const token = await engine.client('/ovirt-engine/sso/oauth/token', {
        headers: { accept: 'application/json' },
        form: { grant_type: 'password', username: 'admin@internal', password: adminPassword, scope: 'ovirt-app-api' },
      });
      const { access_token: bearer } = JSON.parse(token.body) as { access_token: string };
      const headers = { authorization: `Bearer ${bearer}`, accept: 'application/xml', version: '4' };
      const root = { path: '/ovirt-engine/api', headers };
      const users = { path: '/ovirt-engine/api/users', headers };
      const welcome = { path: '/ovirt-engine/', headers: {} };
      const login = { path: '/ovirt-engine/sso/login.html', headers: {} };
      for (const target of [root, users, welcome, login]) await throughput(agent, engine.port, target, 200);
      const line = async (name: string, limit: number, measure: () => Promise<number>): Promise<Result> => ({
        name,
        unit: 'ms',
        ours: await sampled(measure),
        target: { limit },
      });
      return [
        await line('api root, for each request', 1, () => throughput(agent, engine.port, root, 3000)),
        await line('api root, p99 at 500 a second', 25, () => latency(agent, engine.port, root, 500, 3)),
        await line('1,000 users, for each request', 10, () => throughput(agent, engine.port, users, 300)),
        await line('1,000 users, p99 at 50 a second', 25, () => latency(agent, engine.port, users, 50, 3)),
        await line('welcome page, for each request', 1000 / 1500, () => throughput(agent, engine.port, welcome, 3000)),
        await line('login page, for each request', 1000 / 1500, () => throughput(agent, engine.port, login, 3000)),
      ];
    } finally {
      agent.destroy();
      await engine.stop();
    }
  } finally {
    await postgres.stop();
  }
}
