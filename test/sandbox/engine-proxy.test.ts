import { describe, expect, it } from 'vitest';
import { adminPassword } from '../support/engine.ts';
import { freePort } from '../support/free-port.ts';
import { useEngine } from '../support/running-engine.ts';

const port = await freePort();
const origin = `http://127.0.0.1:${port}`;
const running = useEngine(undefined, {
  settings: {
    ENGINE_HTTPS_ENABLED: 'false',
    ENGINE_HTTP_ENABLED: 'true',
    ENGINE_HTTP_PORT: String(port),
    ENGINE_PROXY_ENABLED: 'true',
    ENGINE_HTTPS_PORT: 'None',
  },
});

/** What a web server in front adds to every request. */
const forwarded = { 'x-forwarded-host': 'engine.example.com', 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https' };

async function logIn(from: string): Promise<Response> {
  const page = await fetch(`${origin}/ovirt-engine/sso/login.html`, { headers: forwarded });
  const token = /name="form_token" value="([^"]*)"/.exec(await page.text())![1]!;
  return fetch(`${origin}/ovirt-engine/sso/interactive-login`, {
    method: 'POST',
    redirect: 'manual',
    headers: { ...forwarded, origin: from, cookie: page.headers.get('set-cookie')!.split(';', 1)[0]! },
    body: new URLSearchParams({ form_token: token, username: 'admin', password: adminPassword, profile: 'internal' }),
  });
}

describe('behind a web server', () => {
  it('health is answered over plain HTTP on loopback', async () => {
    expect(await (await fetch(`${origin}/ovirt-engine/services/health`)).text()).toBe('DB Up!Welcome to Health Status!');
  });

  it('forms are taken from the name the browser used, and from no other', async () => {
    expect((await logIn('https://engine.example.com')).status).toBe(303);
    expect((await logIn('https://evil.example')).status).toBe(403);
  });

  it('events name the address of the browser', async () => {
    await logIn('https://engine.example.com');
    const [event] = await running.postgres.query<{ message: string }>('select message from audit_log order by audit_log_id desc limit 1');
    expect(event!.message).toBe('User admin@internal logged in from 203.0.113.7.');
  });

  it('tokens and the API work as well', async () => {
    const authorization = `Basic ${Buffer.from(`admin@internal:${adminPassword}`).toString('base64')}`;
    expect((await fetch(`${origin}/ovirt-engine/api`, { headers: { ...forwarded, authorization } })).status).toBe(200);
    expect((await fetch(`${origin}/ovirt-engine/api`, { headers: forwarded })).status).toBe(401);
  });
});
