import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EngineDoor, engineDoor } from '../src/services/vmconsole-proxy/engine-door.ts';
import { addAdmin, startEngine, type TestEngine } from '../test/support/engine.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { addConsole, asking, giveKey, issueFor, newSshKey, partsOf, proxyUsage } from '../test/support/vmconsole.ts';
import { memoryMB, sample, timed } from './measure.ts';
import type { Result } from './result.ts';

/*
 * What the VM console proxy costs the engine: ten thousand questions, each over a connection of its own with a signed envelope, as the proxy
 * asks them. Afterwards the engine has no more descriptors than before, but for the pool of its database, and hardly more memory. Questions are compared with health probes,
 * which take a connection with TLS and a look into the database as well.
 */

const questions = 10_000;
const atOnce = 8;
/** Rounds, after one that warms the engine up. */
const rounds = 5;

const descriptors = async ({ pid }: TestEngine): Promise<number> => (await readdir(`/proc/${pid}/fd`)).length;

/** Asks so many times, several at once. Returns milliseconds for each. */
async function load(times: number, ask: () => Promise<unknown>): Promise<number> {
  let left = times;
  const ms = await timed(() =>
    Promise.all(
      Array.from({ length: atOnce }, async () => {
        while (left-- > 0) await ask();
      }),
    ),
  );
  return ms / times;
}

/** The engine, asked about keys and consoles of users. */
export async function serialConsoles(): Promise<readonly Result[]> {
  const postgres = await startPostgres();
  await addAdmin(postgres);
  const engine = await startEngine(postgres);
  try {
    await issueFor(engine.folder, 'helper', proxyUsage);
    const key = newSshKey();
    const user = await giveKey(postgres, 'admin', key);
    for (let number = 0; number < 20; number++) await addConsole(postgres, `vm${number}`);
    const door: EngineDoor = await engineDoor(asking({ engine, postgres }, 'helper'), Date.now);
    const shown = { ...partsOf(key), fingerprint: 'SHA256:x' };
    let turn = 0;
    const ask = (): Promise<unknown> => (turn++ % 2 === 0 ? door.owners(shown) : door.consoles(user));
    const probe = (): Promise<unknown> => engine.client('/ovirt-engine/services/health');

    const times = { ours: [] as number[], probes: [] as number[] };
    let before = { descriptors: 0, megabytes: 0 };
    for (let round = 0; round <= rounds; round++) {
      const probes = await load(questions / rounds, probe);
      const ours = await load(questions / rounds, ask);
      if (round > 0) {
        times.ours.push(ours);
        times.probes.push(probes);
        continue;
      }
      await sleep(2_000);
      before = { descriptors: await descriptors(engine), megabytes: (await memoryMB(engine.pid, 'VmRSS')) ?? NaN };
    }
    // Connections that were kept for a moment are over.
    await sleep(20_000);
    const left = (await descriptors(engine)) - before.descriptors;
    // The pool of the database may have grown a little.
    if (left > 4) throw new Error(`${questions} questions have left ${left} descriptors behind`);
    const megabytes = (await memoryMB(engine.pid, 'VmRSS')) ?? NaN;
    return [
      {
        name: 'question of the VM console proxy: time',
        unit: 'ms',
        ours: sample(times.ours),
        peer: { name: 'health probe', sample: sample(times.probes) },
        target: { ratio: 3 },
      },
      {
        name: `${questions} questions of the VM console proxy: memory left behind`,
        unit: 'MB',
        ours: sample([megabytes - before.megabytes]),
        target: { limit: 64 },
      },
    ];
  } finally {
    await engine.stop();
    await postgres.stop();
  }
}
