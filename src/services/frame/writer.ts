import { refusedByServer } from './sql-state.ts';

/*
 * Of several servers with the same data one takes writes, and which one can change at any time. Whoever connects asks for that one;
 * whose connection breaks asks again.
 */

/** The part of a pool that is needed here. */
export interface Pool {
  connect(): Promise<PoolClient>;
  end(): Promise<void>;
}
export interface PoolClient {
  query(text: string, values: unknown[]): Promise<{ rows: unknown[] }>;
  release(destroy: boolean): void;
}

/** The server answers, but is a standby, or was made read-only. */
export class TakesNoWrites extends Error {
  constructor() {
    super('the server takes no writes: it is a standby, or read-only');
    this.name = 'TakesNoWrites';
  }
}

/** Asks a server that was just connected to whether it takes writes. Throws TakesNoWrites. */
export async function needWriter(client: { query(text: string): Promise<{ rows: unknown[] }> }): Promise<void> {
  const { rows } = await client.query(`select pg_is_in_recovery() or current_setting('default_transaction_read_only')::boolean as closed`);
  if ((rows as { closed: boolean }[])[0]?.closed !== false) throw new TakesNoWrites();
}

/** All failures as one. It is a refusal only if every server refuses: one that is away may be the one that lets us in. */
function together(failures: readonly unknown[]): unknown {
  if (failures.length === 1 || failures.every(refusedByServer)) return failures[0];
  return new AggregateError(failures, 'no server of the database takes writes');
}

/** The first attempt that succeeds, one after the other. Throws all failures as one. */
export async function firstOf<T>(attempts: readonly (() => Promise<T>)[]): Promise<T> {
  const failures: unknown[] = [];
  for (const attempt of attempts) {
    try {
      return await attempt();
    } catch (error) {
      failures.push(error);
    }
  }
  throw together(failures);
}

/** One pool made of those of several servers, each of which hands out connections only while its server takes writes. */
export function firstWriter(pools: readonly Pool[]): Pool {
  // The one that took writes the last time is asked first: one that is down may keep us waiting.
  let first = 0;
  const after = (place: number): number => (place + 1) % pools.length;
  const take = async (pool: Pool, place: number): Promise<PoolClient> => {
    const client = await pool.connect();
    first = place;
    return {
      query: (text, values) => client.query(text, values),
      release(destroy) {
        // Its other connections may look fine, and be as useless.
        if (destroy && first === place) first = after(place);
        client.release(destroy);
      },
    };
  };
  return {
    connect() {
      const attempts = pools.map((pool, place) => () => take(pool, place));
      return firstOf([...attempts.slice(first), ...attempts.slice(0, first)]);
    },
    async end() {
      await Promise.all(pools.map((pool) => pool.end()));
    },
  };
}
