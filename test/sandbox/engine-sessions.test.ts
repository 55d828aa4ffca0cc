import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { houseKeep } from '../../src/services/engine/housekeeping.ts';
import { createSessions, type Sessions } from '../../src/services/engine/sso/sessions.ts';
import { type Database, openDatabase } from '../../src/services/frame/database.ts';
import type { Log } from '../../src/services/frame/log.ts';
import { addAdmin } from '../support/engine.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';

const log: Log = { info: () => undefined, warning: () => undefined, error: () => undefined };
const minute = 60_000;
const day = 24 * 60 * minute;

let postgres: TestPostgres;
let database: Database;
let sessions: Sessions;
let userId = '';
let time = 0;
beforeAll(async () => {
  postgres = await startPostgres();
  await addAdmin(postgres);
  userId = (await postgres.query<{ user_id: string }>('select user_id from users'))[0]!.user_id;
  database = openDatabase({ ...postgres, secured: false, securedValidation: false }, log);
  sessions = createSessions(database, () => time);
});
afterEach(async () => {
  await postgres.query('delete from sso_sessions');
  time = 0;
});
afterAll(async () => {
  await database.close();
  await postgres.stop();
});

const start = async (idleSeconds: number): Promise<string> =>
  (await sessions.create({ kind: 'token', userId, scope: 'ovirt-app-api', idleSeconds })).token;
const isLive = async (token: string): Promise<boolean> => (await sessions.use(token, 'token')) !== null;

describe('a token', () => {
  it('lives while it is used and ends when it is idle', async () => {
    const token = await start(600);
    for (time = 0; time <= 60 * minute; time += 9 * minute) expect(await isLive(token)).toBe(true);
    time += 11 * minute;
    expect(await isLive(token)).toBe(false);
  });

  it('ends after a week however busy it is', async () => {
    const token = await start(2 * 86_400);
    for (time = 0; time < 7 * day; time += day) expect(await isLive(token)).toBe(true);
    expect(await isLive(token)).toBe(false);
  });

  it('is told when that will be', async () => {
    const { validTo } = await sessions.create({ kind: 'token', userId, scope: '', idleSeconds: 1 });
    expect(validTo.getTime()).toBe(7 * day);
  });
});

describe('housekeeping', () => {
  it('removes sessions that ended and keeps the others', async () => {
    await start(60);
    const kept = await start(86_400);
    time = 2 * minute;
    await houseKeep({ database, sessions, log, now: () => time });
    expect(await postgres.query('select idle_seconds from sso_sessions')).toEqual([{ idle_seconds: 86_400 }]);
    expect(await isLive(kept)).toBe(true);
  });

  it('removes events that are older than the installation keeps them', async () => {
    const write = (at: number, message: string) =>
      postgres.query(`insert into audit_log (log_time, log_type, log_type_name, severity, message) values ($1, 30, 'x', 0, $2)`, [
        new Date(at),
        message,
      ]);
    time = 100 * day;
    await write(time - 31 * day, 'old');
    await write(time - 29 * day, 'young');
    await houseKeep({ database, sessions, log, now: () => time });
    expect(await postgres.query('select message from audit_log')).toEqual([{ message: 'young' }]);
  });
});
