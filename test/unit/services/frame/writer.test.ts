import { describe, expect, it } from 'vitest';
import { createDatabase, DatabaseUnavailable } from '../../../../src/services/frame/database.ts';
import { firstWriter, needWriter, type Pool, TakesNoWrites } from '../../../../src/services/frame/writer.ts';

const answer = (code: string): Error => Object.assign(new Error(code), { severity: 'ERROR', code });
const away = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });

/** A server that can be made to fail, at connecting or at statements. */
function server(name: string, asked: string[]) {
  const state: { connecting: Error | null; running: Error | null } = { connecting: null, running: null };
  const pool: Pool = {
    async connect() {
      asked.push(name);
      if (state.connecting !== null) throw state.connecting;
      return {
        async query() {
          if (state.running !== null) throw state.running;
          return { rows: [name] };
        },
        release: () => undefined,
      };
    },
    end: async () => void asked.push(`${name} ended`),
  };
  return Object.assign(state, { pool });
}

function cluster() {
  const asked: string[] = [];
  const [a, b] = [server('a', asked), server('b', asked)] as const;
  return { asked, a, b, database: createDatabase(firstWriter([a.pool, b.pool])) };
}

describe('of several servers', () => {
  it('the first one that takes writes is used, and asked first from then on', async () => {
    const { asked, a, database } = cluster();
    a.connecting = new TakesNoWrites();
    expect(await database.query('select')).toEqual(['b']);
    a.connecting = null;
    expect(await database.query('select')).toEqual(['b']);
    expect(asked).toEqual(['a', 'b', 'b']);
  });

  it('another one is asked once a connection breaks', async () => {
    const { a, database } = cluster();
    expect(await database.query('select')).toEqual(['a']);
    a.running = new Error('Connection terminated unexpectedly');
    await expect(database.query('insert')).rejects.toThrow(DatabaseUnavailable);
    expect(await database.query('insert')).toEqual(['b']);
  });

  it('a statement that one did not carry out, because it takes no writes any more, is given to another', async () => {
    const { a, database } = cluster();
    expect(await database.query('select')).toEqual(['a']);
    a.running = answer('25006');
    expect(await database.query('insert')).toEqual(['b']);
  });

  it('none is unavailable, and it is said of each why', async () => {
    const { a, b, database } = cluster();
    [a.connecting, b.connecting] = [away, new TakesNoWrites()];
    const error: unknown = await database.query('select').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DatabaseUnavailable);
    expect((error as { cause: AggregateError }).cause.errors).toEqual([away, b.connecting]);
  });

  it('a refusal is passed on only where all of them refuse', async () => {
    const { a, b, database } = cluster();
    [a.connecting, b.connecting] = [answer('28P01'), away];
    await expect(database.query('select')).rejects.toThrow(DatabaseUnavailable);
    b.connecting = answer('28P01');
    await expect(database.query('select')).rejects.toMatchObject({ code: '28P01' });
  });

  it('all connections are closed at the end', async () => {
    const { asked, database } = cluster();
    await database.close();
    expect(asked).toEqual(['a ended', 'b ended']);
  });
});

it('a single server that takes no writes any more counts as away', async () => {
  const only = server('a', []);
  only.running = answer('25006');
  await expect(createDatabase(firstWriter([only.pool])).query('insert')).rejects.toThrow(DatabaseUnavailable);
});

it.each([
  [[{ closed: true }], true],
  [[], true],
  [[{ closed: false }], false],
])('a server that answers %j takes no writes: %j', async (rows, closed) => {
  const asked = needWriter({ query: async () => ({ rows }) });
  await (closed ? expect(asked).rejects.toThrow(TakesNoWrites) : expect(asked).resolves.toBeUndefined());
});
