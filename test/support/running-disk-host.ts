import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import type { apiCalls } from './api-calls.ts';
import { type DiskHost, startDiskHost } from './disk-host.ts';
import type { TestEngine } from './engine.ts';
import { addMachine } from './simulated-machines.ts';
import { there } from './there.ts';
import { eventually } from './waiting.ts';

/** A host with disks and an engine, for all tests of the file. */
export interface DiskHostTests {
  readonly host: DiskHost;
  /** The engine that is at work. */
  readonly engine: TestEngine;
  api(): ReturnType<typeof apiCalls>;
  /**
   * From now on the host does what a verb wants, and the engine never hears so.
   * @param isMeant which of the calls, by their parameters and their number from 1 on; all of them unless given
   * @returns what waits until it has come to that
   */
  hanging(verb: string, isMeant?: (params: Readonly<Record<string, unknown>>, call: number) => boolean): () => Promise<void>;
  /** Kills the engine, and starts another one, for which nothing is wrong with the host any more unless something else is done meanwhile. */
  killEngine(meanwhile?: () => Promise<void>): Promise<void>;
}

export function useDiskHost(): DiskHostTests {
  let [host, engine]: [DiskHost | undefined, TestEngine | undefined] = [undefined, undefined];
  const isWell = (): void => void (tests.host.agents.verbs = tests.host.verbs());
  beforeAll(async () => {
    host = await startDiskHost();
    engine = await host.engine();
  });
  beforeEach(isWell);
  afterAll(() => host?.stop());

  const tests: DiskHostTests = {
    get host() {
      return there(host);
    },
    get engine() {
      return there(engine);
    },
    api: () => tests.host.calls(tests.engine),
    hanging(verb, isMeant = () => true) {
      const well = tests.host.verbs()[verb]!;
      let [calls, hangs] = [0, false];
      tests.host.agents.verbs[verb] = async (params, of) => {
        const [isThis, done] = [isMeant(params, ++calls), await well(params, of)];
        if (!isThis) return done;
        hangs = true;
        return new Promise(() => undefined);
      };
      return () => eventually(() => expect(hangs, verb).toBe(true));
    },
    async killEngine(meanwhile = async () => isWell()) {
      await tests.engine.end('SIGKILL');
      await meanwhile();
      engine = await tests.host.engine();
    },
  };
  return tests;
}

/** What tests of disks do, and look at. */
export function diskCalls(tests: DiskHostTests) {
  const { api } = tests;
  let machines = 0;
  /** The folder of the image of a disk. */
  const imageOf = (id: string): string => join(tests.host.pool.path, tests.host.pool.storagedomainID, 'images', id);
  /** What a new disk is described with. */
  const disk = (more: object = {}): object => ({
    ...{ name: `disk-${randomUUID()}`, provisioned_size: 10 * 2 ** 20, format: 'raw', sparse: true },
    storage_domains: { storage_domain: [{ name: 'data' }] },
    ...more,
  });
  const settled = (id: string, status = 'ok'): Promise<void> =>
    eventually(async () => expect((await api().got(`disks/${id}`))['status']).toBe(status));
  /** Makes a disk and returns its id. */
  const add = async (more: object = {}): Promise<string> => {
    const added = await api().got('disks', { body: disk(more) });
    expect(['locked', 'ok']).toContain(added['status']);
    const id = String(added['id']);
    await settled(id);
    return id;
  };
  return {
    imageOf,
    has: (id: string): boolean => existsSync(imageOf(id)),
    disk,
    add,
    settled,
    gone: (id: string): Promise<void> => eventually(async () => expect((await api().call(`disks/${id}`)).status).toBe(404)),
    /** Codes of the events that have this in their text, in their order. */
    codesOf: async (text: string): Promise<readonly number[]> => {
      const events = await tests.host.postgres.query<{ code: number }>(
        'select log_type as code from audit_log where message like $1 order by audit_log_id',
        [`%${text}%`],
      );
      return events.map(({ code }) => code);
    },
    machine: async (status = 0): Promise<{ readonly id: string; readonly name: string }> => {
      const name = `machine${++machines}`;
      return { id: await addMachine(tests.host.postgres, { name, memoryMb: 512, status }), name };
    },
  };
}
