import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';

/** The browser of this machine; undefined where there is none. */
export const browserProgram = ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((path) => existsSync(path));

/** Starts the browser, or what starts it elsewhere. It asks nobody but whom it is sent to. */
export const startBrowser = (program = browserProgram ?? ''): Promise<Browser> =>
  chromium.launch({
    executablePath: program,
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
      ...['--disable-component-update', '--disable-sync'],
    ],
  });

/** Logs in as the administrator and opens the console of a machine. */
export async function openConsolePage(page: Page, origin: string, password: string, machine: string): Promise<void> {
  await page.goto(`${origin}/ovirt-engine/sso/login.html`);
  await page.getByLabel('User name').fill('admin');
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.waitForURL(`${origin}/ovirt-engine/`);
  await page.goto(`${origin}/ovirt-engine/services/console/${machine}`);
}
