import { beforeEach, describe, expect, it } from 'vitest';
import { addUser, adminPassword } from '../support/engine.ts';
import { type Answer, cookieValue, freshSource } from '../support/https-client.ts';
import { formCookie, loginForm, loginTarget, logIn as sendForm, tokenIn } from '../support/login-form.ts';
import { useEngine } from '../support/running-engine.ts';

const sessionCookie = '__Secure-engine-session';
const wrong = 'The user name or the password is wrong.';

const running = useEngine(async (postgres) => {
  await addUser(postgres, 'plain', adminPassword);
  await addUser(postgres, 'expired', adminPassword, { validTo: "now() - interval '1 day'" });
  await addUser(postgres, 'disabled', adminPassword, { disabled: 1 });
});

/** Sends the form, each time from another address. */
const logIn = (fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> =>
  sendForm(running.engine, fields, { headers, from: freshSource() });
const admin = { username: 'admin', password: adminPassword };

/** A session cookie of the administrator, ready to be sent. */
const session = async (): Promise<string> => `${sessionCookie}=${cookieValue(await logIn(admin), sessionCookie)}`;
const welcome = (cookie: string) => running.engine.client('/ovirt-engine/', { headers: { cookie } });

describe('logging in', () => {
  it.each(['admin', 'admin@internal'])('works as %s and leads to the welcome page', async (username) => {
    const answer = await logIn({ ...admin, username });
    expect(answer.status).toBe(303);
    expect(answer.headers.location).toBe('/ovirt-engine/');
    expect(answer.cookies.get(sessionCookie)).toMatch(/^[\w-]{86}; Path=\/ovirt-engine; Secure; HttpOnly; SameSite=Lax$/);
    const page = await welcome(`${sessionCookie}=${cookieValue(answer, sessionCookie)}`);
    expect(page.body).toContain('<strong>admin@internal</strong>');
    expect(page.headers['cache-control']).toBe('no-store');
  });

  it('fails with one and the same answer for a wrong password, user, and profile', async () => {
    const strip = ({ body }: Answer): string => body.replace(/(form_token" value|username" type="text" value)="[^"]*"/g, '$1=""');
    const answers = [
      await logIn({ username: 'admin', password: 'wrong' }),
      await logIn({ username: 'nobody', password: 'wrong' }),
      await logIn({ username: 'admin@other', password: adminPassword }),
      await logIn({ ...admin, profile: 'other' }),
      await logIn({ username: 'disabled', password: 'wrong' }),
      await logIn({ username: 'ad\u0001min', password: 'wrong' }),
    ];
    for (const answer of answers) {
      expect(answer.status).toBe(200);
      expect(answer.body).toContain(wrong);
      expect(answer.cookies.has(sessionCookie)).toBe(false);
    }
    expect(new Set(answers.map(strip)).size).toBe(1);
  });

  it.each([
    ['disabled', 'The account is disabled.'],
    ['expired', 'The password has expired.'],
    ['plain', 'The account has no role'],
  ])('tells the reason to the user %s, who knows the password', async (username, reason) => {
    expect((await logIn({ username, password: adminPassword })).body).toContain(reason);
    expect((await logIn({ username, password: 'wrong' })).body).toContain(wrong);
  });

  it('keeps the user name in the form, escaped, and never the password', async () => {
    const { body } = await logIn({ username: '"><script>alert(1)</script>', password: adminPassword });
    expect(body).toContain('value="&quot;&gt;&lt;script&gt;');
    expect(body).not.toContain('<script>');
    expect(body).not.toContain(adminPassword);
  });

  it('leaves events behind', async () => {
    await running.postgres.query('delete from audit_log');
    await logIn({ username: 'ad\nmin\u202e', password: 'wrong' });
    await logIn(admin);
    const events = await running.postgres.query<{ log_type: number; user_name: string }>(
      'select log_type, user_name from audit_log order by audit_log_id',
    );
    expect(events).toEqual([
      { log_type: 114, user_name: 'admin@internal' },
      { log_type: 30, user_name: 'admin@internal' },
    ]);
  });
});

describe('a form from elsewhere', () => {
  const refused = async (answer: Promise<Answer>): Promise<void> => {
    const { status, cookies } = await answer;
    expect(status).toBe(403);
    expect(cookies.has(sessionCookie)).toBe(false);
  };

  it('is refused without the token or with another one', async () => {
    await refused(running.engine.client(loginTarget, { form: admin }));
    await refused(logIn({ ...admin, form_token: '' }));
    await refused(logIn({ ...admin, form_token: tokenIn(await running.engine.client(loginForm)) }));
  });

  it('is refused without the cookie the token was made for', async () => {
    await refused(logIn(admin, { cookie: '' }));
    await refused(logIn(admin, { cookie: `${formCookie}=x` }));
  });

  it.each([
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'https://localhost.evil.example' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ])('is refused with %j', async (headers) => {
    await refused(logIn(admin, headers));
  });

  it('is not mistaken for our own', async () => {
    expect((await logIn(admin, { origin: `https://localhost:${running.engine.port}`, 'sec-fetch-site': 'same-origin' })).status).toBe(303);
  });
});

describe('a session', () => {
  it('gets a token of its own, whatever the browser brought, and ends the one before', async () => {
    const before = await session();
    const planted = `${sessionCookie}=${'A'.repeat(86)}`;
    for (const brought of [planted, before]) {
      const form = await running.engine.client(loginForm);
      const answer = await running.engine.client(loginTarget, {
        form: { form_token: tokenIn(form), ...admin },
        headers: { cookie: `${formCookie}=${cookieValue(form, formCookie)}; ${brought}` },
      });
      expect(brought).not.toContain(cookieValue(answer, sessionCookie));
      expect((await welcome(brought)).body).not.toContain('admin@internal');
    }
  });

  it('is known to the database by a digest only', async () => {
    const cookie = await session();
    const rows = await running.postgres.query<{ row: string }>('select s::text as row from sso_sessions s');
    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).not.toContain(cookie.split('=')[1]);
  });

  it('does not open the API, and a token of the API opens no session', async () => {
    const cookie = await session();
    const token = cookie.split('=')[1]!;
    expect((await running.engine.client('/ovirt-engine/api', { headers: { authorization: `Bearer ${token}`, cookie } })).status).toBe(401);
    const granted = await running.engine.client('/ovirt-engine/sso/oauth/token', {
      form: { grant_type: 'password', username: 'admin@internal', password: adminPassword, scope: 'ovirt-app-api' },
      headers: { accept: 'application/json' },
    });
    const { access_token } = JSON.parse(granted.body) as { access_token: string };
    expect((await welcome(`${sessionCookie}=${access_token}`)).body).not.toContain('admin@internal');
  });

  it.each([
    `update sso_sessions set valid_to = now() - interval '1 second'`,
    `update sso_sessions set last_used_at = now() - interval '31 minutes'`,
    `update aaa_jdbc.users set disabled = 1 where name = 'admin'`,
  ])('ends with: %s', async (statement) => {
    const cookie = await session();
    expect((await welcome(cookie)).body).toContain('admin@internal');
    await running.postgres.query(statement);
    expect((await welcome(cookie)).body).not.toContain('admin@internal');
    await running.postgres.query(`update aaa_jdbc.users set disabled = 0 where name = 'admin'`);
  });

  it('is noted as used at most once a minute', async () => {
    const cookie = await session();
    const noted = () =>
      running.postgres.query<{ at: Date }>('select last_used_at as at from sso_sessions order by created_at desc limit 1');
    const [first] = await noted();
    await welcome(cookie);
    expect(await noted()).toEqual([first]);
    await running.postgres.query(`update sso_sessions set last_used_at = last_used_at - interval '2 minutes'`);
    await welcome(cookie);
    expect((await noted())[0]!.at.getTime()).toBeGreaterThanOrEqual(first!.at.getTime());
  });

  it('makes the login form lead on to the welcome page', async () => {
    const answer = await running.engine.client(loginForm, { headers: { cookie: await session() } });
    expect([answer.status, answer.headers.location]).toEqual([303, '/ovirt-engine/']);
  });
});

describe('the addresses that logins lead through', () => {
  const lead = async (path: string): Promise<string | undefined> => {
    const answer = await running.engine.client(`/ovirt-engine/${path}`);
    expect(answer.status).toBe(303);
    return answer.headers.location;
  };
  const callbacks = ['oauth2-callback', 'webadmin/sso/oauth2-callback', 'web-ui/sso/oauth2-callback'];

  it.each([
    ['login', '/ovirt-engine/sso/login.html'],
    ['login?scope=ovirt-ext%3Dauth%3Aidentity', '/ovirt-engine/'],
    ['switch-user', '/ovirt-engine/logout'],
    ['webadmin/sso/login?app_url=https%3A%2F%2Flocalhost%2F', '/ovirt-engine/sso/login.html'],
    ['web-ui/sso/login', '/ovirt-engine/sso/login.html'],
    ['webadmin/sso/logout', '/ovirt-engine/logout'],
    ['web-ui/sso/logout', '/ovirt-engine/logout'],
  ])('%s leads to %s', async (path, target) => {
    expect(await lead(path)).toBe(target);
  });

  it.each(callbacks)('%s goes on to where the login was to lead, on this host only', async (path) => {
    const land = (app_url: string) => lead(`${path}?${new URLSearchParams({ code: 'x', app_url }).toString()}`);
    expect(await lead(`${path}?code=x`)).toBe('/ovirt-engine/');
    expect(await land('https://localhost/ovirt-engine/webadmin/?locale=de')).toBe('/ovirt-engine/webadmin/?locale=de');
    for (const evil of ['https://evil.example/', '//evil.example/ovirt-engine/', 'javascript:alert(1)', '/\\evil.example', 'x', '']) {
      expect(await land(evil)).toBe('/ovirt-engine/');
    }
    expect(await land('https://evil.example/ovirt-engine/..//evil.example')).toBe('/ovirt-engine/');
    expect(await lead(`${path}?error=access_denied&error_description=x`)).toBe('/ovirt-engine/?error=access_denied');
    expect(await lead(`${path}?error=%3Cb%3E`)).toBe('/ovirt-engine/?error=server_error');
  });

  it.each(['webadmin', 'webadmin/', 'web-ui/'])('%s ends at a page that says what is not there and leads on', async (path) => {
    const { status, body, headers } = await running.engine.client(`/ovirt-engine/${path}`);
    expect(status).toBe(404);
    expect(headers['content-type']).toContain('text/html');
    expect(body).toMatch(/This version of the engine has no (Administration|VM) Portal/);
    expect(body).toContain('href="/ovirt-engine/"');
  });
});

describe('logging out', () => {
  let cookie = '';
  beforeEach(async () => {
    cookie = await session();
  });
  const stillLoggedIn = async (): Promise<boolean> => (await welcome(cookie)).body.includes('admin@internal');

  it('asks first when a link leads there', async () => {
    const page = await running.engine.client('/ovirt-engine/logout', { headers: { cookie } });
    expect(page.status).toBe(200);
    expect(tokenIn(page)).not.toBe('');
    expect(await stillLoggedIn()).toBe(true);
  });

  it('ends the session for good and drops the cookie', async () => {
    const form_token = tokenIn(await welcome(cookie));
    const answer = await running.engine.client('/ovirt-engine/logout', { form: { form_token }, headers: { cookie } });
    expect([answer.status, answer.headers.location]).toEqual([303, '/ovirt-engine/']);
    expect(answer.cookies.get(sessionCookie)).toMatch(/^; .*Secure; HttpOnly; SameSite=Lax; Max-Age=0$/);
    expect(await stillLoggedIn()).toBe(false);
    const [event] = await running.postgres.query<{ log_type: number }>('select log_type from audit_log order by audit_log_id desc limit 1');
    expect(event).toEqual({ log_type: 31 });
  });

  it('is refused when another site sends the form', async () => {
    const form_token = tokenIn(await welcome(cookie));
    const other = tokenIn(await welcome(await session()));
    const send = (form: Record<string, string>, headers: Record<string, string> = {}) =>
      running.engine.client('/ovirt-engine/logout', { form, headers: { cookie, ...headers } });
    expect((await send({})).status).toBe(403);
    expect((await send({ form_token: other })).status).toBe(403);
    expect((await send({ form_token }, { origin: 'https://evil.example' })).status).toBe(403);
    expect(await stillLoggedIn()).toBe(true);
  });
});
