import { describe, expect, it } from 'vitest';
import { createConfig } from '../../../../src/services/frame/config.ts';
import { readDatabase } from '../../../../src/services/frame/database-settings.ts';
import { serversFlaw, serversOf } from '../../../../src/services/frame/servers.ts';

describe('the servers of a database', () => {
  it.each([
    ['localhost', [['localhost', 5432]]],
    [
      'db1.example.org, db2.example.org:5433',
      [
        ['db1.example.org', 5432],
        ['db2.example.org', 5433],
      ],
    ],
    [
      '192.0.2.1:6000,[2001:db8::1]:5433,2001:db8::2,[::1]',
      [
        ['192.0.2.1', 6000],
        ['2001:db8::1', 5433],
        ['2001:db8::2', 5432],
        ['::1', 5432],
      ],
    ],
    ['/run/postgresql', [['/run/postgresql', 5432]]],
  ])('are read from %s', (text, wanted) => {
    expect(serversOf(text, 5432).map(({ host, port }) => [host, port])).toEqual(wanted);
    expect(serversFlaw(text)).toBeNull();
  });

  it.each(['', 'db1,', ',db1', 'db1:', 'db1:0', 'db1:65536', 'db1:x', 'db1:1:2:x', '[db1]:5432', '[::1', 'two words'])(
    'are not read from "%s"',
    (text) => {
      expect(serversFlaw(text)).toContain('db1,db2:5433');
      expect(() => serversOf(text, 5432)).toThrow('must be hosts');
    },
  );

  it('are refused in a configuration with the key and the line', () => {
    const values = new Map([['DWH_DB_HOST', { value: 'db1,db2:x', place: '10-setup.conf:3' }]]);
    expect(() => readDatabase(createConfig(values, 'main.conf'), 'DWH_DB')).toThrow(
      '10-setup.conf:3: DWH_DB_HOST must be hosts with commas between them, as in db1,db2:5433; "db2:x" is none',
    );
  });
});
