import { describe, expect, it } from 'vitest';
import {
  connectionTo,
  createDatabase,
  DatabaseUnavailable,
  type DatabaseSettings,
  type Pool,
} from '../../../../src/services/frame/database.ts';

type Reply = unknown[] | Error;

/** A pool whose clients answer, or fail, as scripted. */
function pool(connects: (Error | 'ok')[], replies: Reply[]): Pool & { released: boolean[] } {
  const released: boolean[] = [];
  return {
    released,
    async connect() {
      const outcome = connects.shift() ?? 'ok';
      if (outcome !== 'ok') throw outcome;
      return {
        async query() {
          const reply = replies.shift() ?? [];
          if (reply instanceof Error) throw reply;
          return { rows: reply };
        },
        release: (destroy) => void released.push(destroy),
      };
    },
    async end() {},
  };
}

const serverError = (code: string): Error => Object.assign(new Error(code), { severity: 'ERROR', code });
const gone = new Error('Client has encountered a connection error and is not queryable');

describe('a statement', () => {
  it('is tried again when the connection was dead before it was sent', async () => {
    const connections = pool([], [gone, [{ a: 1 }]]);
    expect(await createDatabase(connections).query('select')).toEqual([{ a: 1 }]);
    expect(connections.released).toEqual([true, false]);
  });

  it('is tried again only once', async () => {
    await expect(createDatabase(pool([], [gone, gone, [1]])).query('select')).rejects.toThrow(DatabaseUnavailable);
  });

  it('is not tried again when it may have been carried out', async () => {
    const connections = pool([], [new Error('Connection terminated unexpectedly'), [{ a: 1 }]]);
    await expect(createDatabase(connections).query('insert')).rejects.toThrow(DatabaseUnavailable);
    expect(connections.released).toEqual([true]);
  });

  it.each(['57P01', '57P03', '08006'])('counts the answer %s of a server that goes away as unavailable', async (code) => {
    await expect(createDatabase(pool([], [serverError(code)])).query('select')).rejects.toThrow(DatabaseUnavailable);
  });

  it('passes on what the server says about the statement and keeps the connection', async () => {
    const connections = pool([], [serverError('23505')]);
    await expect(createDatabase(connections).query('insert')).rejects.toMatchObject({ code: '23505' });
    expect(connections.released).toEqual([false]);
  });
});

describe('connecting', () => {
  it('is unavailable when the server cannot be reached', async () => {
    const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    await expect(createDatabase(pool([refused], [])).query('select')).rejects.toThrow(DatabaseUnavailable);
  });

  it.each(['28P01', '28000', '3D000'])('passes on the refusal %s, which waiting does not cure', async (code) => {
    await expect(createDatabase(pool([serverError(code)], [])).query('select')).rejects.toMatchObject({ code });
  });
});

describe('an encrypted connection', () => {
  const tlsOf = (of: DatabaseSettings) => connectionTo({ host: of.host, port: of.port }, of, 'a service').ssl;
  const settings = { host: 'db', port: 5432, user: 'engine', password: 'x', database: 'engine', secured: true, securedValidation: true };

  it('shares what it trusts with all others: each attempt to connect would hold it anew', () => {
    const [first, second] = [tlsOf(settings), tlsOf({ ...settings, host: 'another' })] as { secureContext?: unknown }[];
    expect(first?.secureContext).toBeDefined();
    expect(second?.secureContext).toBe(first?.secureContext);
  });

  it('does without where nothing is compared, or nothing is encrypted', () => {
    expect(tlsOf({ ...settings, securedValidation: false })).toEqual({ rejectUnauthorized: false });
    expect(tlsOf({ ...settings, secured: false })).toBe(false);
  });
});
