import { beforeAll, describe, expect, it } from 'vitest';
import type { Collection } from '../../src/services/engine/api/collections/collection.ts';
import { collections } from '../../src/services/engine/api/collections/index.ts';
import { addUser, giveRole } from '../support/engine.ts';
import { useEngine } from '../support/running-engine.ts';

/*
 * Every route that changes something, asked for by somebody with each role: it is refused unless the role has the permit of the
 * description, and what is asked for is looked into only behind that.
 */

const root = '/ovirt-engine/api';
const blank = '00000000-0000-0000-0000-000000000000';
const running = useEngine();

const roles = new Map<string, { readonly token: string; readonly permits: ReadonlySet<number> }>();
beforeAll(async () => {
  // What everybody may do, whatever their role: make machines from the template Blank, for one.
  const found = await running.postgres.query<{ name: string; permits: number[] }>(
    `select r.name, array_agg(g.action_group_id) || array(select e.action_group_id from permissions p join roles_groups e using (role_id)
       where p.ad_element_id = 'eee00000-0000-0000-0000-123456789eee') as permits
     from roles r join roles_groups g on g.role_id = r.id group by r.name`,
  );
  for (const { name, permits } of found) {
    const password = `Canary-${name}-1`;
    await addUser(running.postgres, name, password);
    await giveRole(running.postgres, name, name);
    const { body } = await running.engine.client('/ovirt-engine/sso/oauth/token', {
      headers: { accept: 'application/json' },
      form: { grant_type: 'password', username: `${name}@internal`, password, scope: 'ovirt-app-api' },
    });
    roles.set(name, { token: (JSON.parse(body) as { access_token: string }).access_token, permits: new Set(permits) });
  }
});

const changes = (one: Collection) =>
  (['add', 'update', 'remove'] as const).flatMap((kind) => {
    const permit = one.special?.[kind]?.permit ?? one.store?.[kind]?.permit;
    return permit === undefined ? [] : [{ kind, permit }];
  });
const methods = { add: 'POST', update: 'PUT', remove: 'DELETE' } as const;

describe.each(collections.map((one) => [`${one.below === undefined ? '' : `${one.below.rel}/*/`}${one.rel}`, one] as const))(
  '%s',
  (_name, one) => {
    const found = changes(one);
    const above = one.below?.rel.split('/') ?? [];
    const path = `${root}/${above.map((rel) => `${rel}/${blank}/`).join('')}${one.rel}`;

    // Some have nothing to change: the loop is empty for them, and their lists are walked below.
    it('is changed only by whoever has the permit', async () => {
      for (const [role, { token, permits }] of roles) {
        for (const { kind, permit } of found) {
          const { status } = await running.engine.client(kind === 'add' ? path : `${path}/${blank}`, {
            method: methods[kind],
            headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
            body: '{}',
          });
          const wanted = permits.has(permit) ? [400, 404, 409] : one.below === undefined && kind === 'add' ? [403] : [403, 404];
          expect(wanted, `${role} ${methods[kind]} ${path}`).toContain(status);
        }
      }
    });

    it('is acted on only by whoever has the permit', async () => {
      const all = [
        ...Object.entries(one.actions ?? {}).map(([name, { permit }]) => ({ url: `${path}/${blank}/${name}`, permit, allowed: [404] })),
        ...Object.entries(one.collectionActions ?? {}).map(([name, { permit }]) => ({ url: `${path}/${name}`, permit, allowed: [200] })),
      ];
      for (const [role, { token, permits }] of roles) {
        for (const { url, permit, allowed } of all) {
          const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
          const { status } = await running.engine.client(url, { method: 'POST', headers, body: '{}' });
          // Without a member there is nothing to be refused.
          expect(permits.has(permit) || allowed.includes(404) ? allowed : [403], `${role} POST ${url}`).toContain(status);
          // The address of an action shows nothing to a stranger, and what never was to nobody.
          expect((await running.engine.client(`${url}/${blank}`)).status).toBe(401);
          expect((await running.engine.client(`${url}/${blank}`, { headers })).status, `${role} GET ${url}`).toBe(404);
        }
      }
    });

    it('is listed to administrators only, or to everybody, as its description says', async () => {
      for (const [role, { token }] of roles) {
        const headers = { authorization: `Bearer ${token}` };
        const { status } = await running.engine.client(`${root}/${above[0] ?? one.rel}`, { headers });
        const { sight } = collections.find(({ rel, below }) => rel === (above[0] ?? one.rel) && below === undefined) ?? one;
        const [kind] = await running.postgres.query<{ admin: boolean }>('select role_type = 1 as admin from roles where name = $1', [role]);
        expect(status, `${role} GET ${path}`).toBe(sight === 'everybody' || kind?.admin === true ? 200 : 403);
        expect((await running.engine.client(path, { headers: { ...headers, filter: 'true' } })).status).toBeLessThan(500);
      }
    });
  },
);
