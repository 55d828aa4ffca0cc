import { beforeAll, describe, expect, it } from 'vitest';
import { addUser, adminPassword, giveRole, hash, ownVersion } from '../support/engine.ts';
import { type Answer, basic } from '../support/https-client.ts';
import { useEngine } from '../support/running-engine.ts';

const root = '/ovirt-engine/api';
const admin = basic('admin@internal', adminPassword);
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const running = useEngine();
let userId = '';
beforeAll(async () => {
  userId = (await running.postgres.query<{ user_id: string }>('select user_id from users'))[0]!.user_id;
});

const get = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> =>
  running.engine.client(path, { method, headers: { authorization: admin, ...headers } });
const json = { accept: 'application/json' };

describe('the root of the API', () => {
  it.each([root, `${root}/`, `${root}/v4`, `${root}/v4/`, `${root};current`])('answers at %s without redirecting', async (path) => {
    expect((await get(path)).status).toBe(200);
  });

  it('is XML unless something else is asked for', async () => {
    const { headers, body } = await get(root);
    expect(headers['content-type']).toBe('application/xml');
    expect(body).toMatch(/^<\?xml version="1\.0" encoding="UTF-8"/);
    expect(body).toContain(`<authenticated_user href="/ovirt-engine/api/users/${userId}" id="${userId}"/>`);
    expect(body).toContain(`<full_version>4.5.7-${ownVersion}</full_version>`);
    expect(body).toContain('<major>4</major>');
    expect(body).toMatch(/<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00<\/time>/);
  });

  it('is JSON with the typing of the API when asked', async () => {
    for (const answer of [
      await get(root, json),
      await get(`${root}?accept=application/json`),
      await get(`${root};accept=application%2Fjson`),
    ]) {
      expect(answer.headers['content-type']).toBe('application/json');
      const user = { id: userId, href: `/ovirt-engine/api/users/${userId}` };
      expect(JSON.parse(answer.body)).toEqual({
        authenticated_user: user,
        effective_user: user,
        engine_backup: {},
        product_info: {
          instance_id: expect.stringMatching(uuid),
          name: 'oVirt Engine',
          vendor: 'ovirt.org',
          version: { build: '7', full_version: `4.5.7-${ownVersion}`, major: '4', minor: '5', revision: '0' },
        },
        special_objects: {
          blank_template: { id: '00000000-0000-0000-0000-000000000000', href: expect.stringContaining('/templates/') },
          root_tag: { id: '00000000-0000-0000-0000-000000000000', href: expect.stringContaining('/tags/') },
        },
        link: expect.arrayContaining([{ href: `${root}/users?search={query}`, rel: 'users/search' }]),
        summary: {
          hosts: { active: '0', total: '0' },
          storage_domains: { active: '0', total: '0' },
          users: { active: expect.stringMatching(/^\d+$/), total: '1' },
          vms: { active: '0', total: '0' },
        },
        time: expect.any(Number),
      });
    }
  });

  it('refers only to what is there', async () => {
    const { body } = await get(root);
    const addresses = [...body.matchAll(/href="([^"]*)"/g)].map(([, address]) => address!);
    expect(addresses.length).toBeGreaterThan(0);
    // Templates of searches hold what a client fills in.
    for (const address of addresses.map((one) => one.replace('{query}', '').replace('{event_id}', '0')))
      expect((await get(address)).status).toBe(200);
  });

  it('leaves the summary out for filtered users', async () => {
    for (const answer of [await get(root, { filter: 'true' }), await get(`${root}?filter=1`), await get(`${root};filter`)]) {
      expect(answer.body).not.toContain('<summary>');
    }
    expect((await get(root, { filter: 'false' })).body).toContain('<summary>');
  });

  it('answers HEAD like GET, without a body', async () => {
    const answer = await get(root, {}, 'HEAD');
    expect([answer.status, answer.body, answer.headers['content-type']]).toEqual([200, '', 'application/xml']);
    expect(Number(answer.headers['content-length'])).toBeGreaterThan(500);
  });

  it('does not mind that a client expects a status', async () => {
    expect((await get(root, { expect: '201-created' })).status).toBe(200);
  });
});

describe('credentials', () => {
  it('are a live token that carries the scope of the API', async () => {
    const grant = async (scope: string): Promise<string> => {
      const form = { grant_type: 'password', username: 'admin@internal', password: adminPassword, scope };
      const { body } = await running.engine.client('/ovirt-engine/sso/oauth/token', { form, headers: json });
      return (JSON.parse(body) as { access_token: string }).access_token;
    };
    const status = async (token: string) => (await get(root, { authorization: `Bearer ${token}` })).status;
    const token = await grant('ovirt-app-api');
    expect(await status(token)).toBe(200);
    expect(await status(await grant('ovirt-app-admin'))).toBe(200);
    expect(await status(await grant('openid'))).toBe(401);
    expect(await status(`${token}x`)).toBe(401);
    await running.engine.client('/ovirt-engine/services/sso-logout', { form: { token, scope: 'ovirt-app-api' } });
    expect(await status(token)).toBe(401);
  });

  it.each([
    basic('admin@internal', 'wrong'),
    basic('admin', adminPassword),
    basic('admin@other', adminPassword),
    basic('nobody@internal', adminPassword),
    'Basic !!!',
    'Basic',
    'Bearer',
    'Negotiate abc',
  ])('are not %j', async (authorization) => {
    const answer = await get(root, { authorization, ...json });
    expect([answer.status, answer.body, answer.headers['www-authenticate']]).toEqual([401, '', 'Basic realm="RESTAPI"']);
  });

  it('stop working at once for a user without roles, though the password is remembered', async () => {
    await addUser(running.postgres, 'temp', adminPassword);
    await giveRole(running.postgres, 'temp', 'SuperUser');
    const authorization = basic('temp@internal', adminPassword);
    expect((await get(root, { authorization })).status).toBe(200);
    await running.postgres.query(`delete from permissions where ad_element_id = (select user_id from users where username = 'temp')`);
    expect((await get(root, { authorization })).status).toBe(401);
    await running.postgres.query(`delete from users where username = 'temp'`);
  });

  it('stop working at once when the password is changed, though the old one is remembered', async () => {
    await addUser(running.postgres, 'changer', adminPassword);
    await giveRole(running.postgres, 'changer', 'SuperUser');
    const status = async (password: string) => (await get(root, { authorization: basic('changer@internal', password) })).status;
    const change = (password: string) =>
      running.postgres.query(`update aaa_jdbc.users set password = $1 where name = 'changer'`, [hash(password)]);
    expect(await status(adminPassword)).toBe(200);
    await change('Another password 2');
    expect(await status(adminPassword)).toBe(401);
    expect(await status('Another password 2')).toBe(200);
    await change(adminPassword);
    expect(await status(adminPassword)).toBe(200);
  });

  it('given with every request are one login to the audit log', async () => {
    await running.postgres.query('delete from audit_log');
    await Promise.all(Array.from({ length: 40 }, () => get(root)));
    const [{ count }] = (await running.postgres.query<{ count: string }>('select count(*) from audit_log')) as [{ count: string }];
    expect(Number(count)).toBeLessThanOrEqual(1);
  });
});

describe('a session that is kept', () => {
  const keep = { prefer: 'persistent-auth' };
  const bare = (headers: Record<string, string>) => running.engine.client(root, { headers });

  it('lasts as long as its client asks for it with each request', async () => {
    const first = await get(root, keep);
    const cookie = `JSESSIONID=${first.headers['set-cookie']?.[0]?.split(/[=;]/)[1] ?? ''}`;
    expect(first.headers['set-cookie']?.[0]).toMatch(/; Path=\/ovirt-engine\/api; Secure; HttpOnly; SameSite=Strict$/);
    expect((await bare({ cookie, ...keep })).status).toBe(200);
    expect((await bare({ ...keep })).status).toBe(401);
    expect((await bare({ cookie })).status).toBe(401);
    expect((await bare({ cookie, ...keep })).status).toBe(401);
  });

  it('is not begun by what has not asked for it, and never by a stranger', async () => {
    expect((await get(root)).headers['set-cookie']).toBeUndefined();
    expect((await bare({ ...keep })).headers['set-cookie']).toBeUndefined();
    expect((await bare({ ...keep, cookie: `JSESSIONID=${'A'.repeat(86)}` })).status).toBe(401);
  });
});

describe('the version of the API', () => {
  it.each([
    [root, '4', 200],
    [`${root}/v4`, '4', 200],
    [root, '3', 400],
    [root, '5', 400],
    [root, '4, 4', 400],
    [root, 'x', 400],
    [`${root}/v3`, '4', 400],
    [`${root}/v5`, '4', 400],
  ])('%s with the header %s is answered with %i', async (path, version, status) => {
    expect((await get(path, { version })).status).toBe(status);
  });

  it('that is not supported is a fault in the format asked for', async () => {
    const xml = await get(root, { version: '3' });
    expect(xml.headers['content-type']).toBe('application/xml');
    expect(xml.body).toMatch(/<fault>\n {4}<detail>\[.*\]<\/detail>\n {4}<reason>.*<\/reason>\n<\/fault>/);
    const asJson = await get(root, { version: '3', ...json });
    expect(JSON.parse(asJson.body)).toEqual({ detail: expect.stringMatching(/^\[.*\]$/), reason: 'Request syntactically incorrect.' });
  });
});

describe('malformed parameters', () => {
  it.each([`${root}?filter=perhaps`, `${root}?filter=1&filter=0`, `${root}?filter=%00`, `${root};filter=maybe`])(
    'are faults: %s',
    async (path) => {
      const answer = await get(path, json);
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.body)).toMatchObject({ reason: 'Request syntactically incorrect.' });
    },
  );
});

describe('the correlation id', () => {
  it.each([
    ['abc-123_X', 'abc-123_X'],
    ['a b<c>;\u00e9', 'abc'],
    ['x'.repeat(50), 'x'.repeat(36)],
  ])('%j comes back as %j', async (given, returned) => {
    expect((await get(root, { 'correlation-id': given })).headers['correlation-id']).toBe(returned);
    expect((await get(`${root}?correlation_id=${encodeURIComponent(given)}`)).headers['correlation-id']).toBe(returned);
  });

  it('is made up when the client sends none, also for refusals', async () => {
    expect((await get(root)).headers['correlation-id']).toMatch(uuid);
    expect((await running.engine.client(root)).headers['correlation-id']).toMatch(uuid);
    expect((await get(`${root}/nothing`)).headers['correlation-id']).toMatch(uuid);
  });
});

describe('a user', () => {
  it('is shown with names and directory', async () => {
    expect(JSON.parse((await get(`${root}/users/${userId}`, json)).body)).toEqual({
      id: userId,
      href: `${root}/users/${userId}`,
      name: 'admin',
      department: '',
      domain: { id: expect.anything(), href: expect.anything(), name: 'internal-authz' },
      email: '',
      last_name: '',
      link: expect.arrayContaining([{ href: `${root}/users/${userId}/permissions`, rel: 'permissions' }]),
      logged_in: expect.anything(),
      domain_entry_id: expect.stringMatching(uuid),
      namespace: '*',
      principal: 'admin',
      user_name: 'admin@internal-authz',
    });
  });

  it.each(['00000000-0000-0000-0000-000000000000', 'x', '%00', "'--", '%2e%2e'])('%s is not found', async (id) => {
    const answer = await get(`${root}/users/${id}`, json);
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.body)).toMatchObject({ reason: 'Operation Failed' });
  });
});
