import { describe, expect, test } from 'vitest';
import { DatabaseUnavailable, inEnglish } from '#kit';
import { serversFlaw, serversOf } from '../../../../src/setup/postgres/servers.ts';
import { allAway } from '../../../../src/setup/host/database-errors.ts';

describe('the servers of a database', () => {
  test.each([
    [
      'db1, db2:5433',
      [
        ['db1', 5432],
        ['db2', 5433],
      ],
    ],
    [
      '[2001:db8::1]:5433,2001:db8::2',
      [
        ['2001:db8::1', 5433],
        ['2001:db8::2', 5432],
      ],
    ],
  ])('are read from %s', (host, wanted) => {
    expect(serversFlaw(host)).toBeUndefined();
    expect(serversOf({ host, port: 5432 }).map((server) => [server.host, server.port])).toEqual(wanted);
  });

  test.each(['', 'db1,', 'db1:', 'db1:0', 'db1:65536', 'db1:x', 'two words', 'db1,db1'])('are not read from "%s"', (host) => {
    expect(serversFlaw(host)).toBeDefined();
  });
});

describe('of several failures', () => {
  const denied = new DatabaseUnavailable('denied', 'one refuses');
  const down = new DatabaseUnavailable('down', 'one is away');
  test('a refusal counts only where no server is away, and all are told', () => {
    expect(allAway([denied])).toBe(denied);
    expect(allAway([denied, denied])).toMatchObject({ why: 'denied' });
    const both = allAway([denied, down]);
    expect([both.why, inEnglish(both.text)]).toEqual(['down', 'one refuses; one is away']);
  });
});
