import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { adminPassword, hash } from '../support/engine.ts';
import { type Answer, basic, freshSource } from '../support/https-client.ts';
import { logIn } from '../support/login-form.ts';
import { useEngine } from '../support/running-engine.ts';

// As much work as setup asks for.
const running = useEngine((postgres) => postgres.query('update aaa_jdbc.users set password = $1', [hash(adminPassword, 15)]));

let from = '';
beforeEach(() => {
  from = freshSource();
});

const byBasic = (user: string, password: string, headers: Record<string, string> = {}): Promise<Answer> =>
  running.engine.client('/ovirt-engine/api', { headers: { authorization: basic(user, password), ...headers }, from });
const byToken = (password: string): Promise<Answer> =>
  running.engine.client('/ovirt-engine/sso/oauth/token', {
    form: { grant_type: 'password', username: 'admin@internal', password, scope: 'openid' },
    headers: { accept: 'application/json' },
    from,
  });
const failures = () =>
  running.postgres.query<{ user_name: string | null; message: string }>(
    'select user_name, message from audit_log where log_type = 114 order by audit_log_id',
  );

describe.each([
  ['the name of the administrator', () => 'admin@internal'],
  ['a name each', (n: number) => `nobody${n}@internal`],
])('while sixty logins with %s fail at the same time', (_kind, name) => {
  it('the right password from the same address gets in within seconds', async () => {
    let settled = 0;
    const flood = Array.from({ length: 60 }, (_, n) => byBasic(name(n), `wrong ${n}`).finally(() => settled++));
    await sleep(100);
    const begun = performance.now();
    expect((await byToken(adminPassword)).status).toBe(200);
    expect(performance.now() - begun).toBeLessThan(8_000);
    expect(settled).toBeLessThan(60);
    const refused = new Set((await Promise.all(flood)).map(({ status }) => status));
    expect(refused).toEqual(new Set([401, 429]));
  });
});

describe('too many logins from one address', () => {
  it('are refused in the form that goes with the address, with a time to come back', async () => {
    const busyAnswer = async (attempt: (n: number) => Promise<Answer>): Promise<Answer> => {
      from = freshSource();
      const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => attempt(n)));
      const busy = answers.find(({ status }) => status === 429);
      expect(busy?.headers['retry-after']).toMatch(/^\d+$/);
      return busy!;
    };
    const [api, token, form] = await Promise.all([
      busyAnswer((n) => byBasic('nobody@internal', `wrong ${n}`, { accept: 'application/json' })),
      busyAnswer((n) => byToken(`wrong ${n}`)),
      busyAnswer((n) => logIn(running.engine, { username: 'admin', password: `wrong ${n}` }, { from })),
    ]);
    expect(JSON.parse(api.body)).toEqual({
      reason: 'Operation Failed',
      detail: '[Too many logins from your address at the same time.]',
    });
    expect(JSON.parse(token.body)).toMatchObject({ error: 'temporarily_unavailable' });
    expect(form.body).toContain('Too many logins from your address at the same time. Please try again.');
    expect(form.body).toContain('value="admin"');
  });
});

describe('failed logins', () => {
  beforeEach(() => running.postgres.query('delete from audit_log'));

  it('of one name from one address share a row that counts them', async () => {
    for (let n = 0; n < 4; n++) await byBasic('somebody@internal', `wrong ${n}`);
    expect(await failures()).toEqual([
      { user_name: 'somebody@internal', message: `User somebody@internal failed to log in 4 times from ${from}.` },
    ]);
  });

  it('of many names leave a few rows', async () => {
    await Promise.all(Array.from({ length: 16 }, (_, n) => byBasic(`nobody${n}@internal`, 'wrong')));
    const rows = await failures();
    expect(rows).toHaveLength(11);
    expect(rows.find(({ user_name }) => user_name === null)!.message).toBe(
      `Users with many other names failed to log in 6 times from ${from}.`,
    );
  });

  it('are answered later and later, and success at once', async () => {
    const timed = async (password: string): Promise<number> => {
      const begun = performance.now();
      await byToken(password);
      return performance.now() - begun;
    };
    for (let n = 0; n < 7; n++) await timed(`wrong ${n}`);
    expect(await timed('wrong again')).toBeGreaterThan(1_999);
    expect(await timed(adminPassword)).toBeLessThan(1_900);
  });
});
