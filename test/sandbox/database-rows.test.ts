import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, DatabaseUnavailable, openDatabase } from '../../src/services/frame/database.ts';
import type { Log } from '../../src/services/frame/log.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';

const silent: Log = { info: () => undefined, warning: () => undefined, error: () => undefined };

let postgres: TestPostgres;
let database: Database;
beforeAll(async () => {
  postgres = await startPostgres();
  database = openDatabase({ ...postgres, secured: false, securedValidation: false }, silent, { connections: 1, prepared: true });
});
afterAll(async () => {
  await database.close();
  await postgres.stop();
});

interface Numbered {
  readonly n: number;
}

async function taken(text: string, values: readonly unknown[] = [], take?: (n: number) => void): Promise<readonly number[]> {
  const numbers: number[] = [];
  await database.each(text, values, (row) => (take ?? ((one) => numbers.push(one)))((row as Numbered).n));
  return numbers;
}

describe('rows that are handed on one by one', () => {
  const many = 'select n from generate_series(1, $1::int) n';
  const all = Array.from({ length: 20_000 }, (_, at) => at + 1);

  it('are all of them in their order, as often as they are asked for', async () => {
    expect(await taken(many, [20_000])).toEqual(all);
    expect(await taken(many, [20_000])).toEqual(all);
    expect(await taken(many, [0])).toEqual([]);
  });

  it('end with the failure of the statement, and the connection goes on', async () => {
    const [{ pid } = { pid: 0 }] = await database.query<{ pid: number }>('select pg_backend_pid() as pid');
    await expect(taken('select 1 / (15000 - n) as n from generate_series(1, 20000) n')).rejects.toMatchObject({ code: '22012' });
    expect(await database.query('select pg_backend_pid() as pid')).toEqual([{ pid }]);
  });

  it('end with what is thrown for one of them, and the connection goes on', async () => {
    const [{ pid } = { pid: 0 }] = await database.query<{ pid: number }>('select pg_backend_pid() as pid');
    const refuse = (n: number): void => {
      if (n === 10_000) throw new RangeError('no further');
    };
    await expect(taken(many, [20_000], refuse)).rejects.toThrow(new RangeError('no further'));
    expect(await database.query('select pg_backend_pid() as pid')).toEqual([{ pid }]);
  });

  it('end when the connection breaks among them, and are not asked for again', async () => {
    const seen: number[] = [];
    const broken = database.each(
      'select n, repeat($1, 1000), case when n = 5000 then pg_terminate_backend(pg_backend_pid()) end from generate_series(1, 9000) n',
      ['x'],
      (row) => seen.push((row as Numbered).n),
    );
    await expect(broken).rejects.toThrow(DatabaseUnavailable);
    expect(seen).toEqual(all.slice(0, seen.length));
    expect(seen.length).toBeGreaterThan(0);
    expect(await taken(many, [3])).toEqual([1, 2, 3]);
  });
});
