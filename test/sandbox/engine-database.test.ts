import { once } from 'node:events';
import { open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { healthAt } from '../support/health.ts';
import { addAdmin, adminPassword, clientSecret, ownVersion, startEngine, type TestEngine } from '../support/engine.ts';
import { basic } from '../support/https-client.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { until } from '../support/waiting.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
  await addAdmin(postgres);
});
afterAll(async () => postgres.stop());

/** Uses an engine and ends it whatever happens. */
async function withEngine(use: (engine: TestEngine) => Promise<void>, options?: Parameters<typeof startEngine>[1]): Promise<void> {
  const engine = await startEngine(postgres, options);
  try {
    await use(engine);
  } finally {
    await engine.stop();
  }
}

/** What the health socket says. */
async function health({ healthSocket }: TestEngine): Promise<unknown> {
  const folder = await open(dirname(healthSocket));
  // The address of a socket may not be as long as this one.
  return healthAt(`/proc/self/fd/${folder.fd}/engine-health.sock`).finally(() => folder.close());
}

const probe = (engine: TestEngine) => engine.client('/ovirt-engine/services/health');
const root = (engine: TestEngine, headers: Record<string, string> = {}) =>
  engine.client('/ovirt-engine/api', { headers: { authorization: basic('admin@internal', adminPassword), ...headers } });

describe('when PostgreSQL is killed and comes back', () => {
  it('the engine says so and recovers by itself', async () => {
    await withEngine(async (engine) => {
      const version = ownVersion;
      expect([(await probe(engine)).status, (await probe(engine)).body]).toEqual([200, 'DB Up!Welcome to Health Status!']);
      expect(await health(engine)).toEqual({ service: 'engine', version, state: 'ready', checks: { database: 'up' } });
      // Several connections, so that more than one of them is found dead.
      await Promise.all(Array.from({ length: 20 }, () => root(engine)));

      await postgres.kill();
      await until(async () => (await probe(engine)).status === 500);
      expect((await probe(engine)).body).toBe('Unable to contact Database!');
      expect(await health(engine)).toEqual({ service: 'engine', version, state: 'degraded', checks: { database: 'down' } });
      const refused = await root(engine, { accept: 'application/json' });
      expect([refused.status, refused.headers['retry-after']]).toEqual([503, '5']);
      expect(JSON.parse(refused.body)).toMatchObject({ reason: 'Operation Failed' });
      expect((await engine.client('/ovirt-engine/')).body).toContain('The database cannot be reached.');

      await postgres.start();
      await until(async () => (await probe(engine)).status === 200);
      const answers = await Promise.all(Array.from({ length: 20 }, () => root(engine)));
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    });
  });

  it('an engine that was started meanwhile waits for it', async () => {
    await postgres.kill();
    await withEngine(
      async (engine) => {
        expect((await probe(engine)).status).toBe(500);
        expect((await root(engine)).status).toBe(503);
        expect((await engine.client('/ovirt-engine/')).status).toBe(200);
        expect((await engine.client('/ovirt-engine/services/pki-resource?resource=ca-certificate')).status).toBe(200);
        await postgres.start();
        await engine.sees('ready');
        expect((await root(engine)).status).toBe(200);
      },
      { until: 'waiting for the database' },
    );
  });

  it('an engine that waits can be stopped', async () => {
    await postgres.kill();
    await withEngine(async (engine) => expect(await engine.end()).toBe(0), { until: 'waiting for the database' });
    await postgres.start();
  });
});

describe('the engine refuses to start', () => {
  it.each([
    [
      'older',
      `update schema_version set version = '04040999' where current`,
      /schema public has version 04040999, but this release needs 0405\d{4}: run engine-setup/,
    ],
    [
      'newer',
      `update schema_version set version = '04990001' where current`,
      /schema public has version 04990001, .* made by a newer release/,
    ],
    ['missing', `alter schema aaa_jdbc rename to away`, /schema aaa_jdbc is not installed, .*: run engine-setup/],
  ])('with a schema that is %s', async (_kind, statement, message) => {
    const [installed] = await postgres.query<{ version: string }>('select version from schema_version where current');
    await postgres.query(statement);
    await withEngine(
      async (engine) => {
        expect(await engine.ended()).toBe(1);
        expect(engine.log()).toMatch(message);
      },
      { until: 'cannot start' },
    );
    await postgres.query('update schema_version set version = $1 where current', [installed!.version]);
    await postgres.query('alter schema away rename to aaa_jdbc').catch(() => undefined);
  });

  it('with a wrong database password, without naming it', async () => {
    await withEngine(
      async (engine) => {
        expect(await engine.ended()).toBe(1);
        expect(engine.log()).toContain('password authentication failed');
        expect(engine.log()).not.toContain('Wrong-Canary');
      },
      { settings: { ENGINE_DB_PASSWORD: 'Wrong-Canary' }, until: 'cannot start' },
    );
  });

  it('with a setting that makes no sense, naming key and line', async () => {
    await withEngine(
      async (engine) => {
        expect(await engine.ended()).toBe(1);
        expect(engine.log()).toMatch(/10-setup-other\.conf:\d+: ENGINE_HTTPS_PORT must be a whole number/);
      },
      { settings: { ENGINE_HTTPS_PORT: 'None' }, until: 'cannot start' },
    );
  });
});

describe('SIGTERM', () => {
  it('lets the engine finish what it does, then ends it with 0 and removes its socket', async () => {
    await withEngine(async (engine) => {
      // Checking a password takes long enough to be interrupted.
      const login = engine.client('/ovirt-engine/sso/oauth/token', {
        form: { grant_type: 'password', username: 'nobody@internal', password: 'x', scope: 'openid' },
        headers: { accept: 'application/json' },
      });
      await until(
        async () =>
          (await postgres.query(`select 1 from pg_stat_activity where application_name = 'engine' and query like '%from aaa_jdbc.users%'`))
            .length > 0,
      );
      expect(await engine.end('SIGTERM')).toBe(0);
      expect((await login).status).toBe(400);
      expect(engine.log()).toContain('"message":"stopped"');
      await expect(stat(engine.healthSocket)).rejects.toThrow('ENOENT');
    });
  });

  it('ends a connection with its last answer, so that a client that keeps it keeps nobody waiting', async () => {
    await withEngine(async (engine) => {
      const socket = connect({ port: engine.port, host: '127.0.0.1', servername: 'localhost', ca: engine.ca });
      await once(socket, 'secureConnect');
      let answer = '';
      socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
      socket.write(
        'POST /ovirt-engine/sso/oauth/token HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n' +
          'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\n',
      );
      await until(async () => answer.includes('100 Continue'));
      const ended = engine.end('SIGTERM');
      await engine.sees('stopping');
      socket.write('a=b');
      await once(socket, 'end');
      expect(answer).toMatch(/400 Bad Request[^]*\r\nconnection: close\r\n/i);
      socket.destroy();
      expect(await ended).toBe(0);
      expect(engine.log()).not.toContain('did not end in time');
    });
  });
});

describe('the log', () => {
  it('never holds a password, a token or a secret of the engine', async () => {
    await withEngine(async (engine) => {
      const fields = { grant_type: 'password', username: 'admin@internal', password: adminPassword, scope: 'ovirt-app-api' };
      const query = new URLSearchParams(fields).toString();
      const headers = { accept: 'application/json' };
      const granted = await engine.client(`/ovirt-engine/sso/oauth/token?${query}`, { headers });
      const { access_token: token } = JSON.parse(granted.body) as { access_token: string };
      await engine.client('/ovirt-engine/api', { headers: { authorization: `Bearer ${token}` } });
      await engine.client(`/ovirt-engine/sso/oauth/token?${query}&password=again&x=%zz`, { headers });
      await engine.client(`/ovirt-engine/api/${encodeURIComponent(adminPassword)}/%zz?token=${token}`);
      await root(engine, { authorization: basic(adminPassword, adminPassword) });
      const core = { client_id: 'ovirt-engine-core', client_secret: clientSecret };
      await engine.client('/ovirt-engine/sso/oauth/token-info', { form: { token, ...core }, headers });
      // An internal error in the middle of all that.
      await postgres.query('alter table sso_sessions rename to away');
      const broken = await engine.client(`/ovirt-engine/sso/oauth/token?${query}`, { headers });
      await engine.client('/ovirt-engine/api', { headers: { authorization: `Bearer ${token}` } });
      await postgres.query('alter table away rename to sso_sessions');
      expect(broken.status).toBe(500);
      const id = /Internal error ([0-9a-f-]{36})/.exec(broken.body)?.[1];
      expect(engine.log()).toContain(`"id":"${id ?? 'none'}"`);
      expect(broken.body).not.toMatch(/sso_sessions|relation|\.ts/);

      // The name somebody logged in with is logged on purpose, and here it was a password; so look at everything else.
      const log = engine.log().replaceAll(JSON.stringify(adminPassword), '""');
      expect(log).not.toContain(basic(adminPassword, adminPassword));
      for (const secret of [adminPassword, token, clientSecret, postgres.password]) {
        const formEncoded = new URLSearchParams([['', secret]]).toString().slice(1);
        for (const form of [secret, encodeURIComponent(secret), formEncoded, JSON.stringify(secret).slice(1, -1)]) {
          expect(log).not.toContain(form);
        }
      }
    });
  });
});
