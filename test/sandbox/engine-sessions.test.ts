import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createHousekeeper } from '../../src/services/engine/housekeeping.ts';
import { createCodes } from '../../src/services/engine/sso/codes.ts';
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

describe('the state of tokens', () => {
  it('can be asked for without making them live longer', async () => {
    const [token, ended] = [await start(600), await start(60)];
    const session = (await sessions.create({ kind: 'session', userId, scope: '', idleSeconds: 600 })).token;
    time = 9 * minute;
    expect(await sessions.liveTokens([token, ended, session, 'x', 'A'.repeat(86)])).toEqual(new Set([token]));
    time = 11 * minute;
    expect(await sessions.liveTokens([token])).toEqual(new Set());
    expect(await isLive(token)).toBe(false);
  });
});

describe('the number of sessions of a user', () => {
  const limited = () => createSessions(database, () => time, 2);
  const begin = (kind: 'session' | 'token' = 'token') => limited().create({ kind, userId, scope: 'ovirt-app-api', idleSeconds: 600 });

  it('may be limited: one too many is refused and leaves nothing behind', async () => {
    await begin();
    const { token } = await begin('session');
    await expect(begin()).rejects.toThrow('The user has 2 sessions already');
    expect(await postgres.query('select 1 from sso_sessions')).toHaveLength(2);
    await limited().end(token, 'session');
    await begin();
  });

  it('does not count those that ended, though nobody has swept yet', async () => {
    await begin();
    await begin();
    time = 11 * minute;
    await begin();
  });

  it('is kept to when logins come at the same time', async () => {
    await Promise.allSettled(Array.from({ length: 8 }, () => begin()));
    expect((await postgres.query('select 1 from sso_sessions')).length).toBeLessThanOrEqual(2);
  });

  it('does not count what programs have for the user', async () => {
    for (let n = 0; n < 3; n++) {
      await limited().create({ kind: 'token', userId, scope: '', idleSeconds: 600, clientId: 'ovirt-engine-core' });
      await limited().createService({ clientId: 'ovirt-engine-core', scope: '', idleSeconds: 600 });
    }
    await begin();
  });
});

describe('a token made from the session of a browser', () => {
  const redirectUri = 'https://localhost/back';
  const codes = () => createCodes(database, 86_400, () => time);
  const browser = async (): Promise<string> => (await sessions.create({ kind: 'session', userId, scope: '', idleSeconds: 1800 })).token;
  const issue = (sessionToken: string): Promise<string> =>
    codes().issue({ sessionToken, userId, clientId: 'ovirt-engine-core', scope: 'openid', redirectUri, challenge: null, nonce: null });
  const exchange = async (code: string): Promise<string> =>
    (await codes().exchange({ code, clientId: 'ovirt-engine-core', redirectUri, verifier: null })).token;

  it('keeps that session from being idle, and knows when its user logged in', async () => {
    const session = await browser();
    time = 10 * minute;
    // As the end point that issues codes does.
    await sessions.use(session, 'session');
    const token = await exchange(await issue(session));
    for (; time <= 120 * minute; time += 20 * minute) {
      expect((await sessions.use(token, 'token'))?.createdAt.getTime()).toBe(0);
    }
    expect(await sessions.use(session, 'session')).not.toBeNull();
  });

  it('ends with that session, also before anybody sweeps', async () => {
    const session = await browser();
    const token = await exchange(await issue(session));
    time = 31 * minute;
    expect(await sessions.use(token, 'token')).toBeNull();
    expect(await sessions.use(session, 'session')).toBeNull();
  });

  it('is forgotten when nobody exchanges its code, and its session is not', async () => {
    const session = await browser();
    const code = await issue(session);
    time = 6 * minute;
    await sessions.sweep();
    expect(await postgres.query('select kind from sso_sessions')).toEqual([{ kind: 'session' }]);
    expect(await postgres.query('select 1 from sso_codes')).toEqual([]);
    await expect(exchange(code)).rejects.toThrow('The code is unknown');
  });

  it('is named when the login ends, to whoever brings the session or one of its tokens', async () => {
    for (const by of ['session', 'token'] as const) {
      const session = await browser();
      const tokens = [await exchange(await issue(session)), await exchange(await issue(session))];
      const ended = await sessions.endAll(by === 'session' ? session : tokens[0]!, by);
      expect([...ended!.tokens].sort()).toEqual([...tokens].sort());
      expect(await postgres.query('select 1 from sso_sessions')).toEqual([]);
    }
  });
});

describe('housekeeping', () => {
  it('removes sessions that ended and keeps the others', async () => {
    await start(60);
    const kept = await start(86_400);
    time = 2 * minute;
    await createHousekeeper({ database, sessions, log, now: () => time })();
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
    await createHousekeeper({ database, sessions, log, now: () => time })();
    expect(await postgres.query('select message from audit_log')).toEqual([{ message: 'young' }]);
  });
});
