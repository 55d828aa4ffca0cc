import { describe, expect, it } from 'vitest';
import { addUser, adminPassword, giveRole, type TestEngine } from '../support/engine.ts';
import { type Answer, cookieValue, freshSource } from '../support/https-client.ts';
import { formCookie, logIn, tokenIn } from '../support/login-form.ts';
import { useEngine } from '../support/running-engine.ts';

const wrong = 'The user name or the password is wrong.';
const people = ['expired', 'early', 'late', 'locked', 'hours', 'changing', 'guessed', 'stuck'];

const running = useEngine(async (postgres) => {
  for (const name of people) {
    await addUser(postgres, name, adminPassword);
    await giveRole(postgres, name, 'SuperUser');
  }
});

const set = (name: string, assignment: string) => running.postgres.query(`update aaa_jdbc.users set ${assignment} where name = $1`, [name]);
const setting = (name: string, value: string) =>
  running.postgres.query('update aaa_jdbc.settings set value = $2 where name = $1', [name, value]);
const form = (username: string, password: string): Promise<Answer> =>
  logIn(running.engine, { username, password }, { from: freshSource() });
const page = '/ovirt-engine/sso/credentials-change.html';
const target = '/ovirt-engine/sso/interactive-change-passwd';

/** Opens the form that changes a password and sends it. */
async function change({ client }: TestEngine, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> {
  const shown = await client(page);
  return client(target, {
    form: { form_token: tokenIn(shown), profile: 'internal', ...fields },
    headers: { cookie: `${formCookie}=${cookieValue(shown, formCookie)}`, ...headers },
    from: freshSource(),
  });
}
const wanted = (username: string, credentials: string, password: string, again = password) => ({
  username,
  credentials,
  credentialsNew1: password,
  credentialsNew2: again,
});

describe('an account', () => {
  it.each([
    ['early', `valid_from = now() + interval '1 day'`, 'The account is not valid yet.'],
    ['late', `valid_to = now() - interval '1 day'`, 'The account has expired.'],
    ['locked', `unlock_time = now() + interval '1 hour'`, 'The account is locked'],
    ['hours', `login_allowed = repeat('0', 336)`, 'may not be used at this time of the week'],
  ])('%s tells why it is barred to whoever knows the password, and to nobody else', async (name, assignment, reason) => {
    await set(name, assignment);
    expect((await form(name, adminPassword)).body).toContain(reason);
    const guess = await form(name, 'wrong');
    expect(guess.body).toContain(wrong);
    expect(guess.body).not.toContain(reason);
  });

  it('ends its sessions when it expires', async () => {
    await set('late', `valid_to = now() + interval '1 hour'`);
    const cookie = `__Secure-engine-session=${cookieValue(await form('late', adminPassword), '__Secure-engine-session')}`;
    const welcome = async () => (await running.engine.client('/ovirt-engine/', { headers: { cookie } })).body;
    expect(await welcome()).toContain('late@internal');
    const [session] = await running.postgres.query<{ ends: boolean }>(
      `select valid_to <= now() + interval '1 hour' as ends from sso_sessions order by created_at desc limit 1`,
    );
    expect(session).toEqual({ ends: true });
    await set('late', `valid_to = now() - interval '1 second'`);
    expect(await welcome()).not.toContain('late@internal');
    await set('late', `valid_to = now() + interval '1 hour'`);
  });

  it('is locked after failures in a row only where an administrator wants that', async () => {
    for (let n = 0; n < 8; n++) await form('guessed', `wrong ${n}`);
    expect((await form('guessed', adminPassword)).status).toBe(303);
    await setting('MAX_FAILURES_SINCE_SUCCESS', '3');
    for (let n = 0; n < 2; n++) await form('guessed', `wrong ${n}`);
    expect((await form('guessed', adminPassword)).status).toBe(303);
    for (let n = 0; n < 3; n++) await form('guessed', `wrong ${n}`);
    expect((await form('guessed', adminPassword)).body).toContain('The account is locked');
    expect((await form('guessed', 'wrong')).body).toContain(wrong);
    await set('guessed', `unlock_time = now() - interval '1 second'`);
    expect((await form('guessed', adminPassword)).status).toBe(303);
    await setting('MAX_FAILURES_SINCE_SUCCESS', '-1');
  });

  it('is locked after failures within an interval', async () => {
    await running.postgres.query('delete from aaa_jdbc.failed_logins');
    await setting('MAX_FAILURES_PER_INTERVAL', '3');
    for (let n = 0; n < 2; n++) await form('stuck', `wrong ${n}`);
    expect((await form('stuck', adminPassword)).status).toBe(303);
    await form('stuck', 'wrong');
    expect((await form('stuck', adminPassword)).body).toContain('The account is locked');
    await setting('MAX_FAILURES_PER_INTERVAL', '-1');
  });
});

describe('a password that has expired', () => {
  it('leads to the page where it is changed, and then to a login with the new one', async () => {
    await set('expired', `password_valid_to = now() - interval '1 day'`);
    const { body, status } = await form('expired', adminPassword);
    expect(status).toBe(200);
    expect(body).toContain('The password has expired.');
    expect(body).toContain(`action="${target}"`);
    expect(body).toContain('value="expired"');

    const done = await change(running.engine, wanted('expired', adminPassword, 'Another-Canary 1'));
    expect(done.body).toContain('The password was changed.');
    expect(done.body).toContain('action="/ovirt-engine/sso/interactive-login"');
    expect((await form('expired', adminPassword)).body).toContain(wrong);
    expect((await form('expired', 'Another-Canary 1')).status).toBe(303);
    const [account] = await running.postgres.query<{ days: number }>(
      `select round(extract(epoch from password_valid_to - now()) / 86400)::integer as days from aaa_jdbc.users where name = 'expired'`,
    );
    expect(account).toEqual({ days: 180 });
  });

  it('stays where only an administrator may set another', async () => {
    await set('expired', `password_valid_to = now() - interval '1 day'`);
    await setting('ALLOW_EXPIRED_PASSWORD_CHANGE', 'false');
    expect((await form('expired', 'Another-Canary 1')).body).toContain('action="/ovirt-engine/sso/interactive-login"');
    const refused = await change(running.engine, wanted('expired', 'Another-Canary 1', 'Third-Canary 1'));
    expect(refused.body).toContain('only an administrator');
    await setting('ALLOW_EXPIRED_PASSWORD_CHANGE', 'true');
  });
});

describe('changing a password', () => {
  it('is refused with one and the same answer for a wrong password and a wrong user', async () => {
    const strip = ({ body }: Answer): string => body.replace(/(form_token" value|username" type="text" value)="[^"]*"/g, '$1=""');
    const answers = await Promise.all(
      ['changing', 'nobody', 'locked', 'changing@other'].map((name) => change(running.engine, wanted(name, 'wrong', 'New-Canary 1'))),
    );
    expect(answers[0]!.body).toContain(wrong);
    expect(new Set(answers.map(strip)).size).toBe(1);
  });

  it('obeys the rules, and says all that is wrong at once', async () => {
    await setting('PASSWORD_COMPLEXITY', 'UPPERCASE:chars=ABCDEFGHIJKLMNOPQRSTUVWXYZ::min=1::');
    const { body } = await change(running.engine, wanted('changing', adminPassword, 'abc'));
    expect(body).toContain('at least 6 characters');
    expect(body).toContain('characters UPPERCASE');
    await setting('PASSWORD_COMPLEXITY', '');
    expect((await change(running.engine, wanted('changing', adminPassword, 'First one', 'Second one'))).body).toContain('are not the same');
  });

  it('takes none of the last ones again, and forgets older ones', async () => {
    await setting('PASSWORD_HISTORY_LIMIT', '1');
    const to = async (from: string, password: string) => (await change(running.engine, wanted('changing', from, password))).body;
    expect(await to(adminPassword, adminPassword)).toContain('was used before');
    expect(await to(adminPassword, 'Canary number one')).toContain('was changed');
    expect(await to('Canary number one', adminPassword)).toContain('was used before');
    expect(await to('Canary number one', 'Canary number two')).toContain('was changed');
    expect(await to('Canary number two', adminPassword)).toContain('was changed');
    const rows = await running.postgres.query(
      `select 1 from aaa_jdbc.user_password_history h join aaa_jdbc.users u on u.id = h.user_id where u.name = 'changing'`,
    );
    expect(rows).toHaveLength(1);
    await setting('PASSWORD_HISTORY_LIMIT', '3');
  });

  it('ends all sessions of the user', async () => {
    const cookie = `__Secure-engine-session=${cookieValue(await form('changing', adminPassword), '__Secure-engine-session')}`;
    expect((await change(running.engine, wanted('changing', adminPassword, 'Canary number nine'))).body).toContain('was changed');
    expect((await running.engine.client('/ovirt-engine/', { headers: { cookie } })).body).not.toContain('changing@internal');
  });

  it('ends the sessions of a user without any role, who may get one again', async () => {
    const cookie = `__Secure-engine-session=${cookieValue(await form('late', adminPassword), '__Secure-engine-session')}`;
    const welcome = async () => (await running.engine.client('/ovirt-engine/', { headers: { cookie } })).body;
    expect(await welcome()).toContain('late@internal');
    const kept = await running.postgres.query<{ role: string; user: string }>(
      `delete from permissions p using users u where u.user_id = p.ad_element_id and u.username = 'late'
       returning p.role_id as role, u.user_id as user`,
    );
    expect((await change(running.engine, wanted('late', adminPassword, 'Canary of late 1'))).body).toContain('was changed');
    await running.postgres.query(
      `insert into permissions (role_id, ad_element_id, object_id, object_type_id) values ($1, $2, 'aaa00000-0000-0000-0000-123456789aaa', 1)`,
      [kept[0]!.role, kept[0]!.user],
    );
    expect((await form('late', 'Canary of late 1')).status).toBe(303);
    expect(await welcome()).not.toContain('late@internal');
  });

  it.each([
    ['without the token of the form', { form_token: '' }, {}],
    ['from another site', {}, { origin: 'https://evil.example' }],
    ['without the cookie of the form', {}, { cookie: '' }],
  ])('is refused %s', async (_what, fields, headers) => {
    const answer = await change(running.engine, { ...wanted('changing', 'Canary number nine', 'Canary number ten'), ...fields }, headers);
    expect(answer.status).toBe(403);
    expect((await form('changing', 'Canary number nine')).status).toBe(303);
  });

  it('shows a name as text, and no password ever', async () => {
    const { body } = await change(running.engine, wanted('"><script>alert(1)</script>', 'Old-Canary 1', 'New-Canary 1'));
    expect(body).not.toMatch(/<script|Old-Canary|New-Canary/);
    expect(running.engine.log()).not.toMatch(/Canary number|New-Canary|Old-Canary/);
  });

  it('goes on to where the login was to lead', async () => {
    const shown = await running.engine.client(`${page}?continue=${encodeURIComponent('oauth?client_id=a&state=b')}`);
    expect(shown.body).toContain('name="continue" value="oauth?client_id&#x3D;a&amp;state&#x3D;b"');
    expect(shown.body).toContain('login.html?continue=oauth%3Fclient_id%3Da%26state%3Db"');
  });
});

describe('the time a refusal takes', () => {
  it('does not depend on writing: as many rows for a name that does not exist, and no waiting for the disk', async () => {
    const [known] = await running.postgres.query<{ id: string }>(`select uuid as id from aaa_jdbc.users where name = 'guessed'`);
    const trace = (id: string) =>
      running.postgres.query(
        `with noted as materialized (select aaa_jdbc.note_failure($1, now()))
         select current_setting('synchronous_commit') as commit,
           (select sum(n_tup_ins + n_tup_upd + n_tup_del)::integer from pg_stat_xact_user_tables) as rows from noted`,
        [id],
      );
    // The first and the second within a minute, which adds to the row of the first.
    for (let n = 0; n < 2; n++) {
      const traces = [await trace(known!.id), await trace('')];
      expect(traces).toEqual([[{ commit: 'off', rows: 2 }], [{ commit: 'off', rows: 2 }]]);
    }
  });

  it('does not tell whether there is such a user', async () => {
    await running.postgres.query(`update aaa_jdbc.users set password = regexp_replace(password, 'ln=10', 'ln=15') where name in ('early')`);
    const timed = async (name: string): Promise<number> => {
      const begun = performance.now();
      await form(name, 'wrong');
      return performance.now() - begun;
    };
    const [known, unknown]: [number[], number[]] = [[], []];
    for (let n = 0; n < 9; n++) {
      known.push(await timed('early'));
      unknown.push(await timed(`nobody${n}`));
    }
    const median = (times: number[]): number => [...times].sort((a, b) => a - b)[4]!;
    // Both compute the same hash; without it the one would take a tenth of the other.
    expect(median(unknown) / median(known)).toBeGreaterThan(0.5);
    expect(median(unknown) / median(known)).toBeLessThan(2);
  });
});
