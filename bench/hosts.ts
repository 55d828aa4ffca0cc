import { setTimeout as sleep } from 'node:timers/promises';
import { addAdmin, adminPassword, startEngine, type TestEngine } from '../test/support/engine.ts';
import { basic } from '../test/support/https-client.ts';
import { startPostgres, type TestPostgres } from '../test/support/postgres.ts';
import { makeAgentPki, startSimulatedAgents } from '../test/support/simulated-agent.ts';
import { addHost, wellBehaved } from '../test/support/simulated-host.ts';
import { memoryMB, processorMs, sample, timed } from './measure.ts';
import type { Result } from './result.ts';

/*
 * An engine with 500 hosts that tell their statistics every 15 seconds. The hosts are made up, in this process; the protocol is real. The
 * processor time and memory are those of the engine alone.
 */

const count = 500;
const addresses = Array.from({ length: count }, (_, at) => `127.1.${Math.floor(at / 250)}.${(at % 250) + 1}`);
const watchedSeconds = 60;

/** Waits until statistics of each host are newer than a moment of the database. */
async function allTold(postgres: TestPostgres, since: string): Promise<void> {
  for (;;) {
    const [row] = await postgres.query<{ told: string }>(
      'select count(*) as told from vds_statistics where _update_date > $1::timestamptz',
      [since],
    );
    if (Number(row?.told) === count) return;
    await sleep(200);
  }
}

const present = async (postgres: TestPostgres): Promise<string> =>
  (await postgres.query<{ now: string }>('select now()::text as now'))[0]?.now ?? '';

/** The list of all hosts, in ms. */
async function listing(engine: TestEngine): Promise<number> {
  return timed(async () => {
    const { status } = await engine.client('/ovirt-engine/api/hosts', {
      headers: { authorization: basic('admin@internal', adminPassword) },
    });
    if (status !== 200) throw new Error(`the list of hosts was answered with ${status}`);
  });
}

export async function hosts(): Promise<readonly Result[]> {
  const [postgres, pki] = await Promise.all([startPostgres(), makeAgentPki(addresses)]);
  const agents = await startSimulatedAgents(pki, { everywhere: true, verbs: wellBehaved() });
  const settings = {
    ENGINE_PKI_CA: pki.path('ca.pem'),
    ENGINE_PKI_ENGINE_CERT: pki.path('engine.pem'),
    ENGINE_PKI_ENGINE_KEY: pki.path('engine.key'),
  };
  let engine: TestEngine | undefined;
  try {
    await addAdmin(postgres);
    for (const [at, address] of addresses.entries()) await addHost(postgres, { name: `host${at}`, address, port: agents.port, status: 3 });
    await postgres.query('analyze');

    const first = await present(postgres);
    engine = await startEngine(postgres, { settings });
    await allTold(postgres, first);
    const [before, began] = [await processorMs(engine.pid), performance.now()];
    await sleep(watchedSeconds * 1_000);
    const busy = ((await processorMs(engine.pid)) - before) / ((performance.now() - began) / 1_000);
    const lists: number[] = [];
    for (let run = 0; run < 6; run++) lists.push(await listing(engine));
    const memory = (await memoryMB(engine.pid, 'VmHWM')) ?? Number.NaN;

    await engine.end('SIGKILL');
    const again = await present(postgres);
    const control = await timed(async () => {
      engine = await startEngine(postgres, { settings });
      await allTold(postgres, again);
    });
    return [
      { name: `${count} hosts, processor in a second`, unit: 'ms', ours: sample([busy]), target: { limit: 1_000 } },
      { name: `${count} hosts, memory at most`, unit: 'MB', ours: sample([memory]), target: { limit: 500 } },
      { name: `${count} hosts, list of all`, unit: 'ms', ours: sample(lists.slice(1)), target: { limit: 500 } },
      { name: `${count} hosts, each heard of after a kill`, unit: 'ms', ours: sample([control]), target: { limit: 20_000 } },
    ];
  } finally {
    await engine?.stop();
    await agents.stop();
    await pki.remove();
    await postgres.stop();
  }
}
