import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { browserProgram, openConsolePage, startBrowser } from './browser.ts';
import type { Screen } from './text-screen.ts';

/** Whether this machine has a browser. */
export const hasBrowser = browserProgram !== undefined;

/** The console of a virtual machine, as somebody has it who logs in and opens its page in a browser. */
export interface Console {
  /** What the page says about the connection. */
  status(): Promise<string>;
  screen(): Promise<Screen>;
  press(key: string): Promise<void>;
  close(): Promise<void>;
}

interface Canvas {
  readonly width: number;
  readonly height: number;
  getContext(kind: '2d'): { getImageData(x: number, y: number, width: number, height: number): { readonly data: Uint8ClampedArray } };
}

/** The pixels of the display, which the page draws. */
async function pixels(page: Page): Promise<Screen> {
  const { width, height, base64 } = await page.evaluate(() => {
    const { document, btoa } = globalThis as unknown as {
      document: { querySelector(selector: string): Canvas | null };
      btoa(binary: string): string;
    };
    const canvas = document.querySelector('canvas');
    if (canvas === null || canvas.width === 0) return { width: 0, height: 0, base64: '' };
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let binary = '';
    for (const byte of data) binary += String.fromCharCode(byte);
    return { width: canvas.width, height: canvas.height, base64: btoa(binary) };
  });
  return { width, height, data: Buffer.from(base64, 'base64') };
}

/**
 * Logs in with a browser and opens the console of a machine.
 * @param where.inside words that start a program where the client is
 * @param where.folder for files of ours
 */
export async function openConsole(
  where: { readonly inside: readonly string[]; readonly folder: string },
  origin: string,
  password: string,
  machine: string,
): Promise<Console> {
  const starter = join(where.folder, 'browser');
  await writeFile(starter, `#!/bin/sh\nexec ${where.inside.join(' ')} ${browserProgram} "$@"\n`);
  await chmod(starter, 0o755);
  const browser = await startBrowser(starter);
  const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
  await openConsolePage(page, origin, password, machine);
  return {
    status: async () => (await page.getByRole('status').textContent()) ?? '',
    screen: () => pixels(page),
    async press(key) {
      await page.locator('canvas').click({ position: { x: 5, y: 5 } });
      await page.keyboard.press(key);
    },
    close: () => browser.close(),
  };
}
