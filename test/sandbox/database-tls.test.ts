import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../src/services/frame/database.ts';
import { database } from '../../src/setup/host/database.ts';
import { DatabaseUnavailable } from '../../src/setup/kit/errors.ts';
import { makeCertificate } from '../support/certificates.ts';
import { type TestPostgres, startPostgres } from '../support/postgres.ts';

/* A server with a certificate for its name, which does not hold for its address. */

let server: TestPostgres;
let authority: string;

beforeAll(async () => {
  server = await startPostgres({ schemas: false });
  const superuser = { host: server.host, port: server.port, name: 'postgres', user: 'postgres', password: server.superPassword };
  await database.change(superuser, async (sql) => {
    const [row] = await sql.rows<{ folder: string }>("select current_setting('data_directory') as folder");
    const folder = row?.folder ?? '';
    authority = join(folder, 'server.crt');
    await rename((await makeCertificate(folder, 'server', { subject: '/CN=localhost', names: 'DNS:localhost' })).certificate, authority);
    await sql.rows('alter system set ssl = on');
    await sql.rows('select pg_reload_conf()');
  });
});
afterAll(() => server.stop());

/** What a process that trusts the certificate finds out: the authorities that Node trusts are read when it starts. */
async function reached(hosts: string, by: 'setup' | 'a service', store = 'NODE_EXTRA_CA_CERTS'): Promise<string> {
  const file = (path: string): string => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href);
  const script = `
    import { database } from ${file('setup/host/database.ts')};
    import { openDatabase } from ${file('services/frame/database.ts')};
    const { host, user, password, by } = JSON.parse(process.argv[1]);
    const query = 'select ssl from pg_stat_ssl where pid = pg_backend_pid()';
    const at = { host, port: 1, user, password };
    const log = { info() {}, warning() {}, error() {} };
    async function ask() {
      if (by === 'setup') return database.look({ ...at, name: 'engine', tls: 'verified' }, (sql) => sql.rows(query));
      const pool = openDatabase({ ...at, database: 'engine', secured: true, securedValidation: true }, log);
      return pool.query(query).finally(() => pool.close());
    }
    console.log(await ask().then(([row]) => 'encrypted: ' + row.ssl, (error) => String(error.cause?.message ?? error.message)));
  `;
  const { user, password } = server;
  const argument = JSON.stringify({ host: hosts, user, password, by });
  // SSL_CERT_FILE stands for the store of the system.
  const env = store === 'none' ? {} : { [store]: authority };
  return (await execa(process.execPath, ['--input-type=module', '-e', script, argument], { env, extendEnv: false })).stdout;
}

test.each(['setup', 'a service'] as const)('%s compares a certificate with the host of a list that it belongs to', async (by) => {
  const [name, address] = [`localhost:${server.port}`, `127.0.0.1:${server.port}`];
  expect(await reached(name, by)).toBe('encrypted: true');
  expect(await reached(address, by)).not.toContain('encrypted');
  expect(await reached(`${address},${name}`, by)).toBe('encrypted: true');
});

test.each(['setup', 'a service'] as const)('%s trusts an authority that the system trusts, and no other', async (by) => {
  const name = `localhost:${server.port}`;
  expect(await reached(name, by, 'SSL_CERT_FILE')).toBe('encrypted: true');
  expect(await reached(name, by, 'none')).not.toContain('encrypted');
});

test('an authority that is named for a database is trusted there, and nowhere else', async () => {
  const { user, password, port } = server;
  const query = 'select ssl from pg_stat_ssl where pid = pg_backend_pid()';
  const at = { host: 'localhost', port, name: 'engine', user, password, tls: 'verified' } as const;
  const pem = await readFile(authority, 'utf8');
  expect(await database.look({ ...at, authority: pem }, (sql) => sql.rows(query))).toEqual([{ ssl: true }]);
  // The name still has to fit.
  await expect(database.look({ ...at, host: '127.0.0.1', authority: pem }, (sql) => sql.rows(query))).rejects.toThrow(DatabaseUnavailable);
  await expect(database.look(at, (sql) => sql.rows(query))).rejects.toMatchObject({ why: 'untrusted' });
  const settings = { host: 'localhost', port, user, password, database: 'engine', secured: true, securedValidation: true };
  const asked = async (named: { readonly authority?: string }): Promise<unknown> => {
    const pool = openDatabase({ ...settings, ...named }, { info: () => undefined, warning: () => undefined, error: () => undefined });
    return pool.query(query).finally(() => pool.close());
  };
  expect(await asked({ authority })).toEqual([{ ssl: true }]);
  await expect(asked({})).rejects.toThrow();
});
