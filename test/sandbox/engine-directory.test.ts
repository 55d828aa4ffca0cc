import { describe, expect, it } from 'vitest';
import { findUsers } from '../../src/services/engine/sso/directory.ts';
import { type Database, openDatabase } from '../../src/services/frame/database.ts';
import { addClient, addUser, adminPassword, clientSecret } from '../support/engine.ts';
import { type Answer, freshSource } from '../support/https-client.ts';
import { useEngine } from '../support/running-engine.ts';

const silent = { info: () => undefined, warning: () => undefined, error: () => undefined };
const core = { client_id: 'ovirt-engine-core', client_secret: clientSecret };
const running = useEngine(async (postgres) => {
  await addClient(postgres, { id: 'modest', secret: 'secret-of-modest', scope: 'ovirt-app-api' });
  await addUser(postgres, 'adele', adminPassword);
  await postgres.query(`insert into aaa_jdbc.groups (name) values ('ops'), ('staff')`);
  await postgres.query(
    `insert into aaa_jdbc.user_groups (user_id, in_group_id) select u.id, g.id from aaa_jdbc.users u, aaa_jdbc.groups g where u.name = 'admin' and g.name = 'ops'`,
  );
  await postgres.query(
    `insert into aaa_jdbc.group_groups (group_id, in_group_id) select a.id, b.id from aaa_jdbc.groups a, aaa_jdbc.groups b where a.name <> b.name`,
  );
});

const post = (path: string, form: Record<string, string>): Promise<Answer> =>
  running.engine.client(`/ovirt-engine/sso/oauth/${path}`, { form, headers: { accept: 'application/json' }, from: freshSource() });
const parse = ({ body }: Answer): Record<string, unknown> => JSON.parse(body) as Record<string, unknown>;
const token = async (): Promise<string> =>
  String(
    parse(await post('token', { grant_type: 'password', username: 'admin@internal', password: adminPassword, scope: 'ovirt-app-api' }))[
      'access_token'
    ],
  );
const open = (query_type: string, more: Record<string, string> = {}) =>
  post('token-info', { scope: 'ovirt-ext=token-info:public-authz-search', query_type, ...core, ...more });
const search = async (query_type: string, more: Record<string, string> = {}) =>
  post('token-info', { scope: 'ovirt-ext=token-info:authz-search', token: await token(), query_type, ...core, ...more });

type Pair = readonly [string, unknown];
/** The items of a typed list of typed maps. */
const items = (answer: Answer): readonly Record<string, unknown>[] =>
  ((parse(answer)['result'] as Pair)[1] as Pair[]).map(([, entry]) => entry as Record<string, unknown>);
const field = (entry: Record<string, unknown>, name: string): unknown =>
  entry[Object.keys(entry).find((key) => key.startsWith(`AAA_AUTHZ_${name};`)) ?? ''];
const names = (answer: Answer, kind = 'PRINCIPAL'): unknown[] => items(answer).map((entry) => field(entry, `${kind}_NAME`));
const groupsIn = (entry: Record<string, unknown>): unknown[] =>
  ((field(entry, 'PRINCIPAL_GROUPS') as Pair)[1] as Pair[]).map(([, group]) => field(group as Record<string, unknown>, 'GROUP_NAME'));
const idOf = async (name: string): Promise<string> =>
  (await running.postgres.query<{ id: string }>('select uuid as id from aaa_jdbc.users where name = $1', [name]))[0]!.id;

describe('what a client may ask without a token', () => {
  it('is which profiles there are', async () => {
    expect(parse(await open('profile-list'))).toEqual({
      result: [
        'java.util.ArrayList',
        [['java.util.HashMap', { authn_name: 'internal', authz_name: 'internal-authz', capability_password_auth: true }]],
      ],
    });
  });

  it('is which tokens are alive', async () => {
    const live = await token();
    const params = JSON.stringify({ tokens: ['java.util.HashSet', [live, 'x']] });
    expect(parse(await open('session-statuses', { params }))).toEqual({ result: ['java.util.HashMap', { [live]: true, x: false }] });
  });

  it('is that without using them: who is asked about stays as idle as before', async () => {
    const live = await token();
    await running.postgres.query(`update sso_sessions set last_used_at = last_used_at - interval '10 minutes'`);
    const idle = () => running.postgres.query('select last_used_at from sso_sessions order by token_digest');
    const before = await idle();
    expect(parse(await open('session-statuses', { tokens: live }))).toEqual({ result: ['java.util.HashMap', { [live]: true }] });
    expect(await idle()).toEqual(before);
  });

  it('is nothing about others', async () => {
    for (const type of ['users', 'groups', 'domain-list', 'find-principal-by-id']) {
      expect(parse(await open(type))).toMatchObject({ error: 'invalid_scope' });
    }
  });

  it.each(['nonsense', 'constructor', '__proto__'])('is not %s', async (type) => {
    expect(parse(await open(type))).toMatchObject({ error: 'invalid_request' });
  });
});

describe('with a token', () => {
  it('the directory tells its names', async () => {
    expect(parse(await search('domain-list'))).toEqual({ result: ['java.util.ArrayList', ['internal-authz']] });
    expect(parse(await search('available-namespaces'))).toEqual({
      result: ['java.util.HashMap', { 'internal-authz': ['java.util.ArrayList', ['*']] }],
    });
  });

  it('users are found by name, with upstream\u2019s keys', async () => {
    const answer = await search('users', { query: 'name=ad*' });
    expect(names(answer)).toEqual(['adele', 'admin']);
    expect(items(answer)[0]).toMatchObject({
      'AAA_AUTHZ_PRINCIPAL_NAME;java.lang.String;a0df5bcc-6ead-40a2-8565-2f5cc8773bdd': 'adele',
      'AAA_AUTHZ_PRINCIPAL_ID;java.lang.String;4f9440bc-9303-4d95-b317-b827515c782f': await idOf('adele'),
      'AAA_AUTHZ_PRINCIPAL_NAMESPACE;java.lang.String;79703b8c-1e50-462f-9491-f5cf446f49de': '*',
    });
    expect(((parse(answer)['result'] as Pair)[1] as Pair[])[0]![0]).toBe('org.ovirt.engine.api.extensions.ExtMap');
    expect(names(await search('users', { query: "name=%' or 1=1 --" }))).toEqual([]);
    expect(answer.body).not.toContain('scrypt');
  });

  it('groups are found, and followed as far as asked', async () => {
    expect(names(await search('groups', { query: '*' }), 'GROUP')).toEqual(['ops', 'staff']);
    const of = async (more: Record<string, unknown>) =>
      groupsIn(
        items(
          await search('fetch-principal-record', { params: JSON.stringify({ principal: 'admin', domain: 'internal-authz', ...more }) }),
        )[0]!,
      );
    expect(await of({})).toEqual([]);
    expect(await of({ groups_resolving: true })).toEqual(['ops']);
    expect(await of({ groups_resolving: true, groups_resolving_recursive: true })).toEqual(['ops', 'staff']);
  });

  it('users and groups are found by id, in both forms of parameters', async () => {
    const [id, other] = [await idOf('admin'), await idOf('adele')];
    expect(names(await search('find-principal-by-id', { id, domain: 'internal-authz' }))).toEqual(['admin']);
    const params = JSON.stringify([
      'java.util.HashMap',
      { ids: ['java.util.LinkedList', [id, other, 'x']], domain: 'internal-authz', namespace: '*' },
    ]);
    expect(names(await search('find-principals-by-ids', { params }))).toEqual(['adele', 'admin']);
    expect(names(await search('find-principals-by-ids', { ids: id, domain: 'elsewhere' }))).toEqual([]);
    const [group] = await running.postgres.query<{ id: string }>(`select uuid as id from aaa_jdbc.groups where name = 'ops'`);
    expect(names(await search('find-directory-group-by-id', { id: group!.id }), 'GROUP')).toEqual(['ops']);
  });

  it('nothing is told when the token or the client is not right', async () => {
    expect(parse(await search('users', { token: 'A'.repeat(86) }))).toMatchObject({ error: 'invalid_grant' });
    expect(parse(await search('users', { client_secret: 'wrong' }))).toMatchObject({ error: 'unauthorized_client' });
    expect(parse(await search('users', { client_id: 'modest', client_secret: 'secret-of-modest' }))).toMatchObject({
      error: 'invalid_scope',
    });
  });

  it.each(['{', '[]', '1', '[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]', 'null'])('parameters that are no map are refused: %s', async (params) => {
    expect(parse(await search('users', { params }))).toMatchObject({ error: 'invalid_request' });
  });
});

it('introspection names all groups of a user', async () => {
  const { ovirt } = parse(await post('token-info', { token: await token(), ...core })) as {
    ovirt: [string, { group_ids: [string, [string, Record<string, unknown>][]] }];
  };
  expect(ovirt[1].group_ids[1].map(([, group]) => field(group, 'GROUP_NAME'))).toEqual(['ops', 'staff']);
});

describe('a role by way of a group', () => {
  const logIn = () =>
    post('token', { grant_type: 'password', username: 'adele@internal', password: adminPassword, scope: 'ovirt-app-api' });
  const member = (of: string) =>
    running.postgres.query(
      `insert into aaa_jdbc.user_groups (user_id, in_group_id) select u.id, g.id from aaa_jdbc.users u, aaa_jdbc.groups g where u.name = 'adele' and g.name = $1`,
      [of],
    );

  it('lets a user in who has no other, as soon as the directory says so, and no longer', async () => {
    await running.postgres.query(
      `with known as (insert into ad_groups (id, name, domain, external_id)
         select gen_random_uuid(), name, 'internal-authz', uuid::text from aaa_jdbc.groups where name = 'staff' returning id)
       insert into permissions (role_id, ad_element_id, object_id, object_type_id)
       select r.id, known.id, 'aaa00000-0000-0000-0000-123456789aaa', 1 from known, roles r where r.name = 'SuperUser'`,
    );
    expect(parse(await logIn())).toMatchObject({ error_code: 'access_denied' });
    // Staff contains ops.
    await member('ops');
    await running.postgres.query(
      `insert into aaa_jdbc.user_attributes (user_id, name, value) select id, 'lastName', 'Lovelace' from aaa_jdbc.users where name = 'adele'`,
    );
    const granted = await logIn();
    expect(granted.status).toBe(200);
    expect(await running.postgres.query(`select name, surname from users where username = 'adele'`)).toEqual([
      { name: 'adele', surname: 'Lovelace' },
    ]);
    const { access_token } = parse(granted) as { access_token: string };
    expect((await running.engine.client('/ovirt-engine/api', { headers: { authorization: `Bearer ${access_token}` } })).status).toBe(200);
    await running.postgres.query(`delete from aaa_jdbc.user_groups where user_id = (select id from aaa_jdbc.users where name = 'adele')`);
    expect(parse(await logIn())).toMatchObject({ error_code: 'access_denied', error: expect.stringContaining('no role') });
    // What the engine learnt at that login holds for what began before it as well.
    expect((await running.engine.client('/ovirt-engine/api', { headers: { authorization: `Bearer ${access_token}` } })).status).toBe(401);
  });
});

it('scopes depend on each other as the database says', async () => {
  const scopeOf = async () =>
    parse(await post('token', { grant_type: 'password', username: 'admin@internal', password: adminPassword, scope: 'ovirt-app-admin' }))[
      'scope'
    ];
  expect(await scopeOf()).toBe(
    'ovirt-app-admin ovirt-app-api ovirt-ext=revoke:revoke-all ovirt-ext=token-info:authz-search ' +
      'ovirt-ext=token-info:public-authz-search ovirt-ext=token-info:validate',
  );
  await running.postgres.query(`update sso_scope_dependency set dependencies = 'ovirt-app-api' where scope = 'ovirt-app-admin'`);
  expect(await scopeOf()).toBe('ovirt-app-admin ovirt-app-api');
});

it('the groups of all users that were found are asked for at once', async () => {
  const { postgres } = running;
  const pool = openDatabase({ ...postgres, secured: false, securedValidation: false }, silent);
  const asked: string[] = [];
  const database: Database = {
    query: async (text, values) => {
      asked.push(text);
      return pool.query(text, values);
    },
    close: () => pool.close(),
  };
  const found = await findUsers(database, { pattern: '*', field: 'name' }, 'nested');
  await database.close();
  expect(found.map((each) => field((each as unknown as Pair)[1] as Record<string, unknown>, 'PRINCIPAL_NAME'))).toEqual(['adele', 'admin']);
  expect(found.map((each) => groupsIn((each as unknown as Pair)[1] as Record<string, unknown>))).toEqual([[], ['ops', 'staff']]);
  expect(asked).toHaveLength(2);
});
