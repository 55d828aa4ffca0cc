import { once as happens } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { adminPassword, type TestEngine } from '../test/support/engine.ts';
import { type Sample, sample } from './measure.ts';

/* Requests to an engine, over TLS, with kept connections. The load comes from this process, so the engine has a processor of its own. */

const connections = 16;

export interface Target {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Connections that are kept. */
export const keptConnections = (): Agent => new Agent({ keepAlive: true, maxSockets: connections });

/** What requests of a user need. */
export async function headersOf(engine: TestEngine, username = 'admin@internal', password = adminPassword): Promise<Target['headers']> {
  const { body } = await engine.client('/ovirt-engine/sso/oauth/token', {
    headers: { accept: 'application/json' },
    form: { grant_type: 'password', username, password, scope: 'ovirt-app-api' },
  });
  const { access_token: bearer } = JSON.parse(body) as { access_token: string };
  return { authorization: `Bearer ${bearer}`, accept: 'application/xml', version: '4' };
}

/** One request; how long it took, in ms. Throws unless the answer is 200. */
export const once = (agent: Agent, port: number, { path, headers }: Target): Promise<number> =>
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
export async function throughput(agent: Agent, port: number, target: Target, requests: number): Promise<number> {
  let left = requests;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (left-- > 0) await once(agent, port, target);
    }),
  );
  return (performance.now() - began) / requests;
}

/** The time to the answer that a share of the requests do not exceed (0.99 for the 99th percentile), at a steady rate, in ms. */
export async function latency(
  agent: Agent,
  port: number,
  target: Target | (() => Target),
  perSecond: number,
  seconds: number,
  share = 0.99,
): Promise<number> {
  const times: Promise<number>[] = [];
  const began = performance.now();
  for (let sent = 0; sent < perSecond * seconds;) {
    const due = Math.min(perSecond * seconds, ((performance.now() - began) / 1000) * perSecond);
    for (; sent < due; sent++) times.push(once(agent, port, typeof target === 'function' ? target() : target));
    await sleep(1);
  }
  const sorted = (await Promise.all(times)).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
}

export async function sampled(measure: () => Promise<number>, runs = 3): Promise<Sample> {
  const all: number[] = [];
  for (let run = 0; run < runs; run++) all.push(await measure());
  return sample(all);
}

/** Asks for something many times at once, and does not read the answers for a while. Throws unless each is 200. */
export async function unread(port: number, { path, headers }: Target, times: number, ms: number): Promise<void> {
  const asked = Array.from({ length: times }, () =>
    request({ host: 'localhost', port, path, headers, agent: false, rejectUnauthorized: false }).end(),
  );
  const answers = await Promise.all(asked.map(async (one) => ((await happens(one, 'response')) as [IncomingMessage])[0]));
  const refused = answers.find(({ statusCode }) => statusCode !== 200);
  await sleep(ms);
  for (const answer of answers) answer.destroy();
  if (refused !== undefined) throw new Error(`${path} was answered with ${refused.statusCode}`);
}
