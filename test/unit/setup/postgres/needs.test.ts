import { describe, expect, test } from 'vitest';
import { DatabaseUnavailable, inEnglish } from '#kit';
import { configuredAddress } from '../../../../src/setup/postgres/configured.ts';
import { judgeFailure } from '../../../../src/setup/postgres/judge.ts';
import { snippet } from '../../../../src/setup/postgres/mend.ts';
import { misfitsAmong, suits } from '../../../../src/setup/postgres/needs.ts';

const at = { host: 'db1', port: 5432, name: 'engine', user: 'engine', password: 'x' };

describe('settings are compared in their units', () => {
  test.each([
    ['work_mem', '8192', 'kB', true],
    ['work_mem', '8191', 'kB', false],
    ['work_mem', '1024', '8kB', true],
    ['work_mem', '1023', '8kB', false],
    ['work_mem', '8', 'MB', true],
    ['work_mem', '8388608', 'B', true],
    ['work_mem', '8192', null, true],
    ['max_connections', '150', null, true],
    ['max_connections', '149', null, false],
    ['autovacuum_vacuum_scale_factor', '0.01', null, true],
    ['autovacuum_vacuum_scale_factor', '0.02', null, false],
    ['server_encoding', 'utf-8', null, true],
    ['shared_buffers', '0', '8kB', true],
  ])('%s = %s (%s): %j', (name, value, unit, fits) => {
    expect(suits(name, value, unit)).toBe(fits);
  });

  test('and told in the largest one', () => {
    const [misfit] = misfitsAmong([{ name: 'maintenance_work_mem', setting: '2048', unit: '8kB', context: 'user' }]);
    expect([inEnglish(misfit?.text ?? ''), misfit?.wanted, misfit?.restart]).toEqual([
      'maintenance_work_mem is 16MB, needed is at least 64MB',
      '64MB',
      false,
    ]);
  });
});

describe('the snippet', () => {
  const subject = { database: 'it"s', user: "o'b", port: 5433, tls: true, cluster: '15/other' };

  test('keeps strange names together, through the shell, SQL and the access rules', () => {
    const lines = snippet({ createRole: true, createDatabase: true, letIn: ['192.0.2.1/32'], setPassword: true }, subject);
    expect(lines).toEqual([
      "printf '%s\\n' \\",
      `  'CREATE ROLE "o'\\''b" LOGIN;' \\`,
      `  'CREATE DATABASE "it""s" OWNER "o'\\''b" TEMPLATE template0 ENCODING UTF8 LC_COLLATE "C" LC_CTYPE "C";' \\`,
      `  'REVOKE ALL ON DATABASE "it""s" FROM PUBLIC;' \\`,
      '  | sudo -u postgres psql -p 5433',
      `sudo sed -i -e '1i hostssl "it""s" "o'\\''b" 192.0.2.1/32 scram-sha-256' "$(sudo -u postgres psql -p 5433 -Atc 'SHOW hba_file')"`,
      'sudo systemctl reload postgresql@15-other',
      `sudo -u postgres psql -p 5433 -c '\\password "o'\\''b"'`,
    ]);
  });

  test('is empty where nothing has to be done', () => {
    expect(snippet({}, subject)).toEqual([]);
  });

  test('opens the way only for whom no rule has let in', () => {
    const here = { from: ['192.0.2.1/32'], seen: false, family: 'debian' } as const;
    const mend = (state: string) => judgeFailure(new DatabaseUnavailable('denied', 'x', state), at, here).mending;
    expect([mend('28000').letIn, mend('28P01').letIn]).toEqual([['192.0.2.1/32'], undefined]);
  });
});

describe('a server that this host does not trust', () => {
  test.each([
    ['debian', '/usr/local/share/ca-certificates/NAME.crt, and run update-ca-certificates.'],
    ['enterprise-linux', '/etc/pki/ca-trust/source/anchors/NAME.crt, and run update-ca-trust.'],
  ] as const)('says where a host of the family %s takes in the authority of a server', (family, words) => {
    const failure = new DatabaseUnavailable('untrusted', 'x');
    const [problem] = judgeFailure(failure, at, { from: [], seen: false, family }).problems;
    expect(inEnglish(problem?.remedy ?? '')).toContain(words);
  });
});

describe('a database that services are configured for', () => {
  test('is read as they read it: the later assignment counts', () => {
    const text = [
      '# The server of this database is run by somebody else.',
      'ENGINE_DB_HOST="db1.example.org"',
      'ENGINE_DB_PORT="5433"',
      'ENGINE_DB_USER="me"',
      'ENGINE_DB_PASSWORD="a\\"b\\\\c"',
      'ENGINE_DB_DATABASE="db"',
      'ENGINE_DB_SECURED="True"',
      'ENGINE_DB_SECURED_VALIDATION="True"',
      'ENGINE_DB_HOST=db1.example.org,db2.example.org # later',
    ].join('\n');
    expect(configuredAddress(text, 'engine')).toEqual({
      ...{ host: 'db1.example.org,db2.example.org', port: 5433, name: 'db', user: 'me', password: 'a"b\\c', tls: 'verified' },
    });
    expect(configuredAddress(text, 'dwh')).toBeUndefined();
  });
});
