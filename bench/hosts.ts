import { setTimeout as sleep } from 'node:timers/promises';
import type { TestEngine } from '../test/support/engine.ts';
import { forAdministrator } from './machines-api.ts';
import { count, listing, startManyMachines, starting } from './many-machines.ts';
import { memoryMB, processorMs, sample, timed } from './measure.ts';
import { headersOf, keptConnections, unread } from './requests.ts';
import type { Result } from './result.ts';

/* An engine with 500 hosts and 10,000 virtual machines. The processor time and memory are those of the engine alone. */

const watchedSeconds = 60;
/** Clients that ask for the list of all machines and do not read it. */
const slowReaders = 20;

export async function hosts(): Promise<readonly Result[]> {
  const many = await startManyMachines();
  const { postgres } = many;
  let engine: TestEngine | undefined;
  try {
    const first = await many.now();
    engine = await many.start();
    await many.allTold(first);
    const [before, began] = [await processorMs(engine.pid), performance.now()];
    await sleep(watchedSeconds * 1_000);
    const busy = ((await processorMs(engine.pid)) - before) / ((performance.now() - began) / 1_000);
    const lists: number[] = [];
    for (let run = 0; run < 6; run++) lists.push(await listing(engine));
    const { port } = engine;
    const [headers, connections] = [await headersOf(engine), keptConnections()];
    const figures = await forAdministrator(postgres, port, connections, headers, `, while ${count} hosts tell`).finally(() =>
      connections.destroy(),
    );
    await unread(port, { path: '/ovirt-engine/api/vms', headers }, slowReaders, 2_000);
    const starts = await starting(engine, postgres, 'started');
    const memory = (await memoryMB(engine.pid, 'VmHWM')) ?? Number.NaN;

    await engine.end('SIGKILL');
    const again = await many.now();
    const control = await timed(async () => {
      engine = await many.start();
      await many.allTold(again);
    });
    return [
      { name: `${count} hosts, 10,000 machines, processor in a second`, unit: 'ms', ours: sample([busy]), target: { limit: 1_000 } },
      {
        name: `${count} hosts, 10,000 machines, lists of them, memory at most`,
        unit: 'MB',
        ours: sample([memory]),
        target: { limit: 500 },
      },
      ...figures,
      { name: `${count} hosts, list of all`, unit: 'ms', ours: sample(lists.slice(1)), target: { limit: 500 } },
      {
        name: `${count} hosts, 10,000 machines, each heard of after a kill`,
        unit: 'ms',
        ours: sample([control]),
        target: { limit: 20_000 },
      },
      { name: 'start of a machine among 10,000, without its host', unit: 'ms', ours: sample(starts), target: { limit: 150 } },
    ];
  } finally {
    await engine?.stop();
    await many.stop();
  }
}
