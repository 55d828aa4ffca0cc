import { copyFile, mkdir } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { apiCalls, type Json } from './api-calls.ts';
import type { TestPostgres } from './postgres.ts';
import { type RunningEngine, useEngine } from './running-engine.ts';
import { engineSettings, makeAgentPki, type SimulatedAgents, startSimulatedAgents } from './simulated-agent.ts';
import { type AddedHost, addHost, setOptions, wellBehaved } from './simulated-host.ts';
import { there } from './there.ts';
import { eventually } from './waiting.ts';

/** Hosts that are made up, with an engine that is real, for all tests of the file. */
export interface HostTests {
  readonly running: RunningEngine;
  readonly api: ReturnType<typeof apiCalls>;
  readonly agents: SimulatedAgents;
  /** A host of its own for a test, in maintenance. */
  host(): Promise<AddedHost>;
  /** The same after it has been activated. */
  up(): Promise<AddedHost>;
  status(id: string): Promise<unknown>;
  becomes(id: string, wanted: string): Promise<void>;
  act(id: string, action: string, body?: object): Promise<Json>;
  /** Events of a host, the first one first. */
  eventsOf(name: string): Promise<readonly Json[]>;
  codesOf(name: string): Promise<readonly number[]>;
}

const addresses = ['127.0.0.1', ...Array.from({ length: 60 }, (_, at) => `127.0.1.${at + 1}`)];

/** @param prepare what is done with the database before the engine starts */
export async function useHosts(prepare: (postgres: TestPostgres) => Promise<unknown> = async () => undefined): Promise<HostTests> {
  const pki = await makeAgentPki(addresses);
  // Where a trial has the key of its authority.
  await mkdir(pki.path('private'));
  await copyFile(pki.path('ca.key'), pki.path('private/ca.pem'));
  const running = useEngine(
    async (postgres) => {
      await setOptions(postgres, { VdsStatisticsInSeconds: '1', TimeoutToResetVdsInSeconds: '2', NonOperationalRetryInSeconds: '1' });
      await prepare(postgres);
    },
    { settings: engineSettings(pki) },
  );
  const api = apiCalls(running);
  let agents: SimulatedAgents | undefined;
  let count = 0;
  beforeAll(async () => {
    agents = await startSimulatedAgents(pki, { everywhere: true });
  });
  beforeEach(() => {
    tests.agents.verbs = wellBehaved();
    tests.agents.heartbeats = true;
  });
  afterAll(async () => {
    await agents?.stop();
    await pki.remove();
  });

  const tests: HostTests = {
    running,
    api,
    get agents() {
      return there(agents);
    },
    async host() {
      const address = addresses[++count]!;
      const name = `host${count}`;
      return { id: await addHost(running.postgres, { name, address, port: tests.agents.port }), name, address };
    },
    async up() {
      const one = await tests.host();
      await tests.act(one.id, 'activate');
      await tests.becomes(one.id, 'up');
      return one;
    },
    status: async (id) => (await api.got(`hosts/${id}`))['status'] as unknown,
    becomes: (id, wanted) => eventually(async () => expect(await tests.status(id)).toBe(wanted)),
    act: (id, action, body = {}) => api.got(`hosts/${id}/${action}`, { method: 'POST', body }),
    eventsOf: async (name) =>
      (((await api.got(`events?search=${encodeURIComponent(`host.name=${name}`)}`))['event'] ?? []) as Json[]).toReversed(),
    codesOf: async (name) => (await tests.eventsOf(name)).map(({ code }) => Number(code)),
  };
  return tests;
}
