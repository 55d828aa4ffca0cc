import { describe, expect, test } from 'vitest';
import { connectionFailure, statementFailure } from '../../../../src/setup/host/database-errors.ts';

const at = { host: 'localhost', port: 5432, name: 'engine', user: 'engine', password: 'Pass-w0rd' };
const fromServer = (code: string, message: string): Error =>
  Object.assign(new Error(message), { code, severity: 'ERROR', detail: 'Failing row contains (Pass-w0rd)' });

describe('a database that could not be asked', () => {
  test.each([
    ['ECONNREFUSED', 'down'],
    ['ENOENT', 'down'],
    ['ETIMEDOUT', 'down'],
    ['ENOTFOUND', 'down'],
    ['57P03', 'down'],
    ['57P01', 'down'],
    ['28P01', 'denied'],
    ['28000', 'denied'],
    ['3D000', 'no-database'],
  ])('%s means %s, whatever the message says', (code, why) => {
    const failure = connectionFailure(at, fromServer(code, 'Pass-w0rd is wrong'), false);
    expect(failure).toMatchObject({ why, code: 'failed' });
    expect(failure?.message).toMatch(new RegExp(`^The database engine at localhost:5432, as user engine, .*\\(${code}\\)$`));
    expect(JSON.stringify([failure?.message, failure?.remedy, failure?.cause, failure?.stack])).not.toContain(at.password);
  });

  test('is down when the connection broke without any code, but not when a statement was refused', () => {
    expect(connectionFailure(at, new Error('Connection terminated unexpectedly'), true)).toMatchObject({ why: 'down' });
    expect(connectionFailure(at, new Error('Connection terminated unexpectedly'), false)).toBeUndefined();
    expect(connectionFailure(at, fromServer('23505', 'duplicate key'), true)).toBeUndefined();
  });
});

describe('a statement that was refused', () => {
  const said = (error: unknown, text = '', values: readonly unknown[] = []): string => {
    const failure = statementFailure(at, error, text, values);
    expect(failure.code).toBe('failed');
    expect(failure.cause).toBeUndefined();
    return failure.message.replace('The database engine at localhost:5432, as user engine, refused a statement: ', '');
  };

  test('is told with SQLSTATE and names, but without details', () => {
    expect(said(fromServer('23505', 'duplicate key value violates unique constraint "roles_pkey"'))).toBe(
      'duplicate key value violates unique constraint "roles_pkey" (SQLSTATE 23505)',
    );
  });

  test('never repeats a value, a literal or the password', () => {
    expect(said(fromServer('22P02', 'invalid input syntax for type integer: "s3cret"'))).toBe(
      'invalid input syntax for type integer: "..." (SQLSTATE 22P02)',
    );
    expect(said(fromServer('42601', 'syntax error at or near "s3cret"'), "alter role x password 'it's3cret")).toBe(
      'syntax error at or near "..." (SQLSTATE 42601)',
    );
    expect(
      said(fromServer('P0001', 'no: s3cret, deep-one, it\'s, Pass-w0rd, "abc"'), "select 'it''s'", [
        's3cret',
        { a: ['deep-one'] },
        'abc',
        7,
        null,
      ]),
    ).toBe('no: ..., ..., ..., ..., "..." (SQLSTATE P0001)');
  });

  test('may also have failed before it was sent', () => {
    expect(said(new TypeError('Converting circular structure to JSON'))).toBe('Converting circular structure to JSON');
  });
});
