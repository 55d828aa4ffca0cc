import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyRequest } from 'fastify';
import type { Database } from '../../frame/database.ts';
import { Refusal } from '../http/refusal.ts';
import type { Done } from './work.ts';

/** Nobody is kept waiting for longer; the command goes on all the same, and its job tells what becomes of it. */
const mostMs = 150_000;
const everyMs = 100;

/**
 * Waits until the command that a change has begun has ended. Throws a refusal (409) with the reason where it failed. One that takes too long is left at
 * work.
 */
export async function settled(database: Database, request: FastifyRequest, done: Pick<Done, 'job' | 'step'>): Promise<void> {
  const { socket } = request.raw;
  const before = socket.timeout ?? 0;
  // Otherwise a connection on which nothing is said is closed before that.
  socket.setTimeout(mostMs + 10_000);
  try {
    await itsEnd(database, done);
  } finally {
    socket.setTimeout(before);
  }
}

async function itsEnd(database: Database, { job, step }: Pick<Done, 'job' | 'step'>): Promise<void> {
  for (const until = performance.now() + mostMs; ; await sleep(everyMs)) {
    const [found] = await database.query<{ status: string }>(
      `select status from step where step_id = $1 and not exists (select from command_entities where step_id = $1)`,
      [step],
    );
    if (found?.status === 'FINISHED') return;
    if (found !== undefined) {
      const [told] = await database.query<{ message: string }>(
        'select message from audit_log where job_id = $1 and severity > 0 order by audit_log_id desc limit 1',
        [job],
      );
      throw new Refusal(409, told?.message ?? 'It could not be done; the events say more.');
    }
    if (performance.now() > until) return;
  }
}
