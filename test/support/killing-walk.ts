import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll } from 'vitest';
import type { Json } from './api-calls.ts';
import { type FirstMachine, prepareFirstMachine } from './first-machine.ts';
import { folder as hostFolder } from './host-image.ts';
import { killerOf, type Stages, watchStages } from './stages-of-commands.ts';
import { there } from './there.ts';
import { expectCode, type WholeHost } from './whole-host.ts';

/*
 * Requests to an engine while somebody is killed in the middle of what is asked: each is made again as a person would, who looks what has become of it.
 */

/** So often a request is made until it has come to what is wanted. */
const mostTries = 6;
/** How long commands may take to come to an end, and what hosts tell to arrive, in milliseconds. */
const [settlingMs, arrivingMs] = [300_000, 40_000];

export interface Wish {
  readonly what: string;
  /** Whether it is so. An engine that does not answer has no say. */
  readonly is: () => Promise<boolean>;
  /** Asks for it, which may be refused. */
  readonly ask: () => Promise<unknown>;
}

export interface KillingWalk extends Pick<FirstMachine, 'engine' | 'nodes' | 'client' | 'rewire'> {
  readonly stages: Stages;
  readonly api: FirstMachine['client']['api'];
  /** Has something done that is not so yet. Throws where it does not come to that. */
  fulfil(wish: Wish): Promise<void>;
  /** Waits until no command is open, except transfers, which wait for their clients, and the engine answers. */
  settled(): Promise<void>;
  /** A word of an object; null where it is not there, or nobody answers. */
  wordOf(path: string, word?: string): Promise<unknown>;
  /** The first object of a collection by its name; null where there is none. Throws where nobody answers. */
  byName(collection: string, name: string): Promise<Json | null>;
  /** The path of that object. Throws where there is none. */
  pathOf(collection: string, name: string): Promise<string>;
}

function startKillingWalk({ engine, nodes, client, rewire }: FirstMachine, stages: Stages): KillingWalk {
  const { api } = client;
  const byName: KillingWalk['byName'] = async (collection, name) => {
    const [found] = Object.values(await api('GET', `${collection}?search=name%3D${name}`)) as (readonly Json[])[];
    return found?.[0] ?? null;
  };

  async function comes(is: Wish['is'], withinMs: number): Promise<boolean> {
    const began = performance.now();
    for (;;) {
      if (await is().catch(() => false)) return true;
      if (performance.now() - began > withinMs) return false;
      await sleep(200);
    }
  }

  async function settled(): Promise<void> {
    let open: readonly string[] = [];
    const none = async (): Promise<boolean> => {
      open = (await stages.open()).filter((type) => type !== 'TransferImage');
      return open.length === 0;
    };
    if (!(await comes(none, settlingMs))) throw new Error(`commands do not come to an end: ${open.join(', ')}`);
    if (!(await comes(() => api('GET', '').then(() => true), settlingMs))) throw new Error('the engine does not answer');
  }

  return {
    ...{ engine, nodes, client, rewire, stages, api, byName, settled },
    async fulfil({ what, is, ask }) {
      const refusals: string[] = [];
      if (await is().catch(() => false)) return;
      for (let tries = 0; tries < mostTries; tries++) {
        const failures = (await stages.failed()).length;
        const refusal = await ask().then(
          () => null,
          (error: unknown) => String(error),
        );
        if (refusal !== null) refusals.push(refusal.slice(0, 500));
        await settled();
        // What was refused may have been done all the same: it is the answer that was lost then. What has failed is asked for again soon.
        const hasFailed = refusal !== null || (await stages.failed()).length > failures;
        if (await comes(is, hasFailed ? 3_000 : arrivingMs)) return;
      }
      const { event = [] } = (await api('GET', 'events?max=12')) as { event?: readonly { description: string }[] };
      throw new Error([`it is never so: ${what}`, ...refusals, ...event.map(({ description }) => description)].join('\n'));
    },
    async wordOf(path, word = 'status') {
      const found: unknown = (await api('GET', path).catch((): Json => ({})))[word];
      return found ?? null;
    },
    async pathOf(collection, name) {
      const found = await byName(collection, name);
      if (found === null) throw new Error(`there is no ${name} among ${collection}`);
      return `${collection}/${found['id']}`;
    },
  };
}

/**
 * Prepares an engine and two compute hosts with storage that they share, for the tests of a file.
 * @param victims what is killed each time a stage begins that has not begun before: services and the hosts that they are on
 */
export function useKillingWalk(victims: (all: FirstMachine) => readonly (readonly [WholeHost, unit: string])[]): () => KillingWalk {
  let walk: KillingWalk | undefined;
  let all: FirstMachine | undefined;
  let shared = '';
  beforeAll(async () => {
    await mkdir(hostFolder, { recursive: true });
    shared = await mkdtemp(`${hostFolder}/shared-`);
    all = await prepareFirstMachine({ nodes: 2, shared });
    expectCode(await all.engine.setup(), 0);
    // Read by the engine when it begins.
    await all.engine.shell(
      '/usr/lib/ovirt-engine/current/bin/engine-config --set TimeoutToResetVdsInSeconds=10 && systemctl restart ovirt-engine',
    );
    const kills = await Promise.all(victims(all).map(([host, unit]) => killerOf(host, unit)));
    const stages = await watchStages(all.engine);
    stages.onBegin = async (_stage, isFirst) => (isFirst ? Promise.all(kills.map((kill) => kill())) : undefined);
    walk = startKillingWalk(all, stages);
  });
  afterAll(async () => {
    await all?.remove();
    await rm(shared, { recursive: true, force: true });
  });
  return () => there(walk);
}
