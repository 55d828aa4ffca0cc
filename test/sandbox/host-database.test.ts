import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Server, type Socket, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { database } from '../../src/setup/host/database.ts';
import { identify } from '../../src/setup/host/process-table.ts';
import { DatabaseUnavailable, SetupError } from '../../src/setup/kit/errors.ts';
import type { DatabaseAddress } from '../../src/setup/kit/host.ts';
import { freePort } from '../support/free-port.ts';
import { type TestPostgres, startPostgres } from '../support/postgres.ts';

let postgres: TestPostgres;
let at: DatabaseAddress;

beforeAll(async () => {
  postgres = await startPostgres({ schemas: false });
  at = { host: postgres.host, port: postgres.port, name: postgres.database, user: postgres.user, password: postgres.password };
  await postgres.query('create table t (n integer primary key)');
});
afterAll(() => postgres.stop());

const count = async (): Promise<number> => (await postgres.query<{ n: number }>('select count(*)::int as n from t'))[0]!.n;
const sessions = async (): Promise<number> =>
  (await postgres.query<{ n: number }>(`select count(*)::int as n from pg_stat_activity where application_name = 'engine-setup'`))[0]!.n;
async function failure(work: Promise<unknown>): Promise<SetupError> {
  const error = await work.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(SetupError);
  expect(JSON.stringify([(error as SetupError).message, (error as SetupError).stack])).not.toContain(at.password);
  return error as SetupError;
}
const why = async (address: DatabaseAddress): Promise<string> => {
  const error = await failure(database.look(address, (sql) => sql.rows('select 1')));
  return error instanceof DatabaseUnavailable ? error.why : `not unavailable: ${error.message}`;
};

describe('looking', () => {
  test('gives rows, with values', async () => {
    expect(await database.look(at, (sql) => sql.rows('select $1::int + 1 as n, $2 as t', [1, "it's"]))).toEqual([{ n: 2, t: "it's" }]);
    expect(await database.look(at, (sql) => sql.rows('select 1 where false'))).toEqual([]);
  });

  test('cannot write, however it tries: PostgreSQL itself refuses', async () => {
    const tries = [
      ['insert into t values (1)'],
      ['create table u ()'],
      ['set transaction read write', 'insert into t values (1)'],
      [`select set_config('transaction_read_only', 'off', false)`, 'insert into t values (1)'],
      ['commit', 'insert into t values (1)'],
      ['select 1; commit; begin read write; insert into t values (1)'],
      ['rollback; insert into t values (1)'],
    ];
    for (const statements of tries) {
      const error = await failure(
        database.look(at, async (sql) => {
          for (const statement of statements) await sql.rows(statement);
        }),
      );
      expect(error.message).toMatch(/SQLSTATE (25006|25001|42601)/);
    }
    expect(await count()).toBe(0);
  });

  test('has a name, a time limit, and nothing of our environment', async () => {
    process.env['PGOPTIONS'] = '-c statement_timeout=1';
    process.env['PGUSER'] = 'somebody-else';
    const [row] = await database.look(at, (sql) =>
      sql.rows(`select current_setting('application_name') as name, current_setting('statement_timeout') as limit, current_user as user`),
    );
    delete process.env['PGOPTIONS'];
    delete process.env['PGUSER'];
    expect(row).toEqual({ name: 'engine-setup', limit: '1min', user: 'engine' });
  });

  test('closes its session, also when the work fails', async () => {
    await database.look(at, (sql) => sql.rows('select 1'));
    await expect(database.look(at, () => Promise.reject(new Error('mine')))).rejects.toThrow('mine');
    await failure(database.look(at, (sql) => sql.rows('select nonsense')));
    for (let tries = 0; (await sessions()) > 0 && tries < 100; tries++) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await sessions()).toBe(0);
  });
});

describe('changing', () => {
  test('does all statements or none', async () => {
    await database.change(at, (sql) =>
      sql.atomically([{ text: 'insert into t values ($1)', values: [1] }, { text: 'insert into t values (2); insert into t values (3)' }]),
    );
    expect(await count()).toBe(3);
    const error = await failure(
      database.change(at, (sql) =>
        sql.atomically([{ text: 'insert into t values (4)' }, { text: 'insert into t values ($1)', values: [1] }]),
      ),
    );
    expect(error.message).toBe(
      `The database engine at 127.0.0.1:${at.port}, as user engine, refused a statement: duplicate key value violates unique constraint "t_pkey" (SQLSTATE 23505)`,
    );
    expect(await count()).toBe(3);
    const sly = database.change(at, (sql) =>
      sql.atomically([{ text: 'insert into t values (5); rollback' }, { text: 'insert into t values (6)' }]),
    );
    expect((await failure(sly)).message).toContain('ended the transaction');
    expect(await count()).toBe(3);
  });

  test('can go on in the same session after a failure', async () => {
    const rows = await database.change(at, async (sql) => {
      await failure(sql.atomically([{ text: 'insert into t values (1)' }]));
      return sql.rows('insert into t values (7) returning n');
    });
    expect(rows).toEqual([{ n: 7 }]);
  });

  test('takes statements that run outside of transactions, and gives the rows of the last one', async () => {
    expect(await database.change(at, (sql) => sql.rows('vacuum t'))).toEqual([]);
    expect(await database.change(at, (sql) => sql.rows('select 1 as a; select 2 as b'))).toEqual([{ b: 2 }]);
  });

  test('never tells a secret when a statement fails', async () => {
    const secret = 'Top-$ecret';
    const failures = [
      await failure(database.change(at, (sql) => sql.rows('select $1::int', [secret]))),
      await failure(database.change(at, (sql) => sql.rows(`create role x password '${secret}' nonsense`))),
      await failure(database.change(at, (sql) => sql.rows(`create role x password '${secret}`))),
      await failure(database.change(at, (sql) => sql.rows(`do $$ begin raise exception '%', '${secret}'; end $$`))),
      await failure(database.change(at, (sql) => sql.rows(`create role x password ${secret}`))),
    ];
    for (const { message, remedy, cause } of failures) expect(JSON.stringify([message, remedy, cause])).not.toContain('ecret');
  });
});

describe('a database that cannot be asked', () => {
  test('is down, denied or missing', async () => {
    expect(await why({ ...at, port: await freePort() })).toBe('down');
    expect(await why({ ...at, host: '/nowhere' })).toBe('down');
    expect(await why({ ...at, host: 'no-such-host.invalid' })).toBe('down');
    expect(await why({ ...at, password: 'wrong' })).toBe('denied');
    expect(await why({ ...at, password: '' })).toBe('denied');
    expect(await why({ ...at, password: '', port: await freePort() })).toBe('down');
    expect(await why({ ...at, user: 'nobody-we-know' })).toBe('denied');
    expect(await why({ ...at, name: 'no-such-database' })).toBe('no-database');
  });

  test('is down when something takes the connection and says nothing, or nonsense', async () => {
    const sockets = new Set<Socket>();
    const servers: Server[] = [];
    const serve = async (greeting: string): Promise<number> => {
      const server = createServer((socket) => {
        sockets.add(socket.on('error', () => undefined));
        if (greeting !== '') socket.end(greeting);
      }).listen(0, '127.0.0.1');
      servers.push(server);
      await once(server, 'listening');
      return (server.address() as { port: number }).port;
    };
    expect(
      await Promise.all([why({ ...at, port: await serve('') }), why({ ...at, port: await serve('HTTP/1.1 400 Bad Request\r\n\r\n') })]),
    ).toEqual(['down', 'down']);
    for (const socket of sockets) socket.destroy();
    for (const server of servers) server.close();
  });

  test('is down when it dies in the middle of the work, with or without saying so', async () => {
    const ended = await failure(database.change(at, (sql) => sql.rows('select pg_terminate_backend(pg_backend_pid())')));
    expect(ended).toMatchObject({ why: 'down' });
    const killed = await failure(
      database.change(at, async (sql) => {
        const [row] = await sql.rows<{ pid: number }>('select pg_backend_pid() as pid');
        const query = sql.rows('select pg_sleep(30)');
        query.catch(() => undefined);
        process.kill(row!.pid, 'SIGKILL');
        await query;
      }),
    );
    expect(killed).toMatchObject({ why: 'down' });
    for (let tries = 0; (await why({ ...at, password: 'wrong' })) !== 'denied' && tries < 200; tries++)
      await new Promise((resolve) => setTimeout(resolve, 20));
  });

  test('keeps nobody waiting: the process ends after its last session', async () => {
    const script = `
      import { database } from ${JSON.stringify(new URL('../../src/setup/host/database.ts', import.meta.url).href)};
      const at = JSON.parse(process.argv[1]);
      await database.look(at, (sql) => sql.rows('select 1'));
      await database.look({ ...at, port: 1 }, (sql) => sql.rows('select 1')).catch(() => undefined);
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, JSON.stringify(at)], { stdio: 'inherit' });
    const [code] = (await once(child, 'exit')) as [number | null];
    expect(code).toBe(0);
    expect(identify(child.pid!)).toBeUndefined();
  });
});
