import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { browserProgram, startBrowser } from '../support/browser.ts';
import { runTool } from '../support/directory-tool.ts';
import { addClient, adminPassword, giveRole } from '../support/engine.ts';
import { useEngine } from '../support/running-engine.ts';

describe.skipIf(browserProgram === undefined)('single sign-on in a real browser', () => {
  const running = useEngine();
  let browser: Browser;
  let page: Page;
  let client: Server;
  let redirect = '';
  const complaints: string[] = [];

  beforeAll(async () => {
    const [key, cert] = await Promise.all(['engine.key', 'engine.pem'].map((name) => readFile(join(running.engine.folder, name))));
    client = createServer({ key, cert }, (_request, response) => response.end('back at the client')).listen(0, '127.0.0.1');
    await once(client, 'listening');
    redirect = `https://localhost:${(client.address() as { port: number }).port}/back`;
    await addClient(running.postgres, { id: 'app', secret: 'secret-of-the-app', scope: 'openid', redirects: [redirect] });
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser.close();
    client.close();
  });
  beforeEach(async () => {
    complaints.length = 0;
    page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
  });

  const authorize = (name = 'localhost'): string => {
    const query = { client_id: 'app', response_type: 'code', redirect_uri: redirect, scope: 'openid', state: 'from here' };
    return `https://${name}:${running.engine.port}/ovirt-engine/sso/openid/authorize?${new URLSearchParams(query).toString()}`;
  };
  const logIn = async (username: string, password: string): Promise<void> => {
    await page.getByLabel('User name').fill(username);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.waitForLoadState();
  };
  const arrived = async (): Promise<void> => {
    await page.waitForURL(`${redirect}?*`);
    const url = new URL(page.url());
    expect(url.searchParams.get('state')).toBe('from here');
    expect(url.searchParams.get('code')).toMatch(/^[\w-]{43}$/);
    expect(await page.textContent('body')).toBe('back at the client');
    // The browser asks the client, not us, for an icon; nothing else may be amiss.
    expect(complaints).toEqual([]);
  };

  test.each(['localhost', '127.0.0.1'])('a client sends people to %s, who log in and come back to it on another origin', async (name) => {
    await page.goto(authorize(name));
    await logIn('admin', 'wrong');
    expect(await page.getByRole('alert').textContent()).toContain('wrong');
    await logIn('admin', adminPassword);
    await arrived();
    // Logged in already, they come back at once.
    await page.goto(authorize(name));
    await arrived();
  });

  test('a login for a portal ends at a page that says the portal is not there, and stays there', async () => {
    const engine = `https://localhost:${running.engine.port}/ovirt-engine`;
    const redirect_uri = `${engine}/webadmin/sso/oauth2-callback`;
    await addClient(running.postgres, { id: 'portal', secret: 'secret-of-the-portal', scope: 'openid', redirects: [redirect_uri] });
    const asked = {
      client_id: 'portal',
      response_type: 'code',
      redirect_uri,
      scope: 'openid',
      app_url: `${engine}/webadmin/?locale=de_DE`,
    };
    await page.goto(`${engine}/sso/oauth/authorize?${new URLSearchParams(asked).toString()}`);
    await logIn('admin', adminPassword);
    expect(page.url()).toBe(`${engine}/webadmin/?locale=de_DE`);
    expect(await page.getByRole('heading').textContent()).toBe('Administration Portal');
    await page.getByRole('link', { name: 'Back to the start' }).click();
    expect(await page.textContent('main')).toContain('admin@internal');
  });

  test('a password that has expired is changed on the way', async () => {
    const tool = (args: readonly string[], input = '') => runTool(running.engine, args, { input });
    await tool(['user', 'add', 'anna']);
    await tool(['user', 'password-reset', 'anna', '--password=interactive:'], 'Given to Anna 1\n');
    await giveRole(running.postgres, 'anna', 'SuperUser');
    await page.goto(authorize());
    await logIn('anna', 'Given to Anna 1');
    expect(await page.getByRole('heading').textContent()).toBe('Change password');
    await page.getByLabel('Present password').fill('Given to Anna 1');
    await page.getByLabel('New password', { exact: true }).fill('Her own choice 2');
    await page.getByLabel('New password again').fill('Her own choice 2');
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.waitForLoadState();
    expect(await page.getByRole('status').textContent()).toContain('was changed');
    await logIn('anna', 'Her own choice 2');
    await arrived();
  });
});
