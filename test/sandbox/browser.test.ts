import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserProgram, startBrowser } from '../support/browser.ts';
import { type Trial, newTrial, run } from '../support/trial.ts';

describe.skipIf(browserProgram === undefined)('in a real browser', () => {
  let trial: Trial;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    trial = await newTrial();
    const { code, stdout } = await run(trial.unattended);
    expect(code, stdout).toBe(0);
    browser = await startBrowser();
    page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
  });
  afterAll(async () => {
    await browser.close();
    await trial.remove();
  });

  const url = (path: string): string => `https://localhost:${trial.httpsPort}${path}`;
  const logIn = async (password: string): Promise<void> => {
    await page.getByLabel('User name').fill('admin');
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.waitForLoadState();
  };

  test('the bare address leads to the welcome page, where nobody is logged in', async () => {
    await page.goto(url('/'));
    expect(page.url()).toBe(url('/ovirt-engine/'));
    expect(await page.textContent('body')).toContain('Nobody is logged in');
  });

  test('the CA certificate can be downloaded', async () => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.locator('#WelcomePage_certificate').click()]);
    expect(readFileSync(await download.path(), 'utf8').trim()).toBe(
      readFileSync(join(trial.root, 'etc/pki/ovirt-engine/ca.pem'), 'utf8').trim(),
    );
  });

  test('a wrong password is refused, and the user name is kept', async () => {
    await page.goto(url('/ovirt-engine/'));
    await page.getByRole('link', { name: 'Log in' }).click();
    await logIn('wrong');
    expect(await page.getByRole('alert').textContent()).not.toBe('');
    expect(await page.getByLabel('User name').inputValue()).toBe('admin');
    expect(await page.getByLabel('Password').inputValue()).toBe('');
  });

  test('the right password logs in, and logging out ends the session', async () => {
    await logIn(trial.password);
    expect(page.url()).toBe(url('/ovirt-engine/'));
    expect(await page.textContent('body')).toContain('admin@internal');
    const [cookie] = (await page.context().cookies()).filter(({ value }) => value.length > 20);
    expect(cookie).toMatchObject({ secure: true, httpOnly: true, path: '/ovirt-engine' });
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.waitForLoadState();
    expect(await page.textContent('body')).toContain('Nobody is logged in');
  });

  test('the pages make the browser complain about nothing', () => {
    expect(complaints).toEqual([]);
  });
});
