import { createPrivateKey, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeConsoleTicket } from '../../src/services/engine/consoles/console-ticket.ts';
import { browserProgram, openConsolePage, startBrowser } from '../support/browser.ts';
import { makeCertificate } from '../support/certificates.ts';
import { startSimulatedAgents } from '../support/simulated-agent.ts';
import { wellBehaved } from '../support/simulated-host.ts';
import { engineSql } from '../support/trial-database.ts';
import { type Trial, newTrial, run } from '../support/trial.ts';
import { type VncServer, hasVncServer, startVncServer } from '../support/vnc-server.ts';

describe.skipIf(browserProgram === undefined || !hasVncServer)('the console page in a real browser, with a real VNC server', () => {
  let trial: Trial;
  let browser: Browser;
  let context: BrowserContext;
  const servers: VncServer[] = [];
  const complaints: string[] = [];
  const pki = (path: string): string => join(trial.root, 'etc/pki/ovirt-engine', path);

  beforeAll(async () => {
    trial = await newTrial();
    const { code, stdout } = await run(trial.unattended);
    expect(code, stdout).toBe(0);
    browser = await startBrowser();
    context = await browser.newContext({ ignoreHTTPSErrors: true });
  });
  afterAll(async () => {
    for (const server of servers) await server.stop();
    await browser.close();
    await trial.remove();
  });

  const start = async (tls?: Parameters<typeof startVncServer>[0]): Promise<VncServer> => {
    const server = await startVncServer(tls);
    servers.push(server);
    return server;
  };
  const ticketFor = (port: number, tls: boolean): string =>
    makeConsoleTicket(
      { host: '127.0.0.1', port, tls },
      { key: createPrivateKey(readFileSync(pki('keys/engine.key.nopass'))), certificate: readFileSync(pki('certs/engine.cer'), 'utf8') },
      Date.now(),
      120,
    );
  /** Opens the page as a portal does: in a new window, to which it sends the ticket. */
  const open = async (ticket: string, password: string, origin = `https://localhost:${trial.httpsPort}`): Promise<Page> => {
    const portal = await context.newPage();
    await portal.goto(`${origin}/ovirt-engine/`);
    const address = `https://localhost:${trial.httpsPort}/ovirt-engine/services/novnc-main.jsp?host=localhost&port=${trial.websocketPort}&title=vm1`;
    const [shown] = await Promise.all([
      portal.waitForEvent('popup'),
      portal.evaluate(
        ({ address, message }) => {
          const page = globalThis as unknown as {
            open(url: string): { postMessage(message: unknown, origin: string): void };
            addEventListener(type: 'message', listener: (event: { data: { type?: string } }) => void): void;
            setInterval(work: () => void, ms: number): void;
          };
          const popup = page.open(address);
          page.addEventListener('message', ({ data }) => {
            if (data.type === 'console-ready') popup.postMessage(message, '*');
          });
          page.setInterval(() => popup.postMessage(message, '*'), 200);
        },
        { address, message: { connectionTicket: ticket, password } },
      ),
    ]);
    // A slow machine makes the browser give advice about speed.
    shown.on('console', (message) => message.text().startsWith('Canvas2D: ') || complaints.push(message.text()));
    shown.on('pageerror', (error) => complaints.push(error.message));
    await shown.waitForLoadState();
    return shown;
  };
  const status = (page: Page) => page.getByRole('status');
  /** How many colours the screen shows. */
  const colours = (page: Page): Promise<number> =>
    page.evaluate(() => {
      const { document } = globalThis as unknown as { document: { querySelector(selector: string): Canvas } };
      interface Canvas {
        width: number;
        height: number;
        getContext(kind: '2d'): { getImageData(x: number, y: number, width: number, height: number): { data: Uint8ClampedArray } };
      }
      const canvas = document.querySelector('canvas');
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return new Set(new Uint32Array(data.buffer)).size;
    });

  test.each(['without TLS', 'with VeNCrypt'])('shows the screen, and takes keys, of a display %s', async (kind) => {
    const tls = kind === 'with VeNCrypt';
    const issuer = { certificate: pki('ca.pem'), key: pki('private/ca.pem') };
    const server = await start(tls ? await makeCertificate(trial.directory, 'host', { issuer, names: 'IP:127.0.0.1' }) : undefined);
    const page = await open(ticketFor(server.port, tls), server.password);
    await expect.poll(() => status(page).textContent(), { timeout: 20_000 }).toBe('Connected.');
    expect(await page.title()).toBe('vm1');
    await expect.poll(() => colours(page), { timeout: 20_000 }).toBeGreaterThan(1);
    await page.locator('canvas').click({ position: { x: 200, y: 100 } });
    await page.keyboard.type('hello from the browser', { delay: 20 });
    await page.keyboard.press('Enter');
    expect(await server.typed()).toBe('hello from the browser');
    expect(await page.getByRole('button', { name: 'Ctrl+Alt+Del' }).isEnabled()).toBe(true);
    await page.getByRole('button', { name: 'Ctrl+Alt+Del' }).click();
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('opens the machine that its address names, for who is logged in, with a password that the host was given', async () => {
    const server = await start({ certificate: join(trial.directory, 'host.pem'), key: join(trial.directory, 'host.key') });
    const [agentPki, machine] = [{ 'ca.pem': pki('ca.pem') } as Record<string, string>, randomUUID()];
    const agents = await startSimulatedAgents({
      folder: trial.directory,
      path: (name) => agentPki[name] ?? join(trial.directory, name.replace('agent', 'host')),
      remove: async () => undefined,
    });
    agents.verbs = {
      ...wellBehaved(),
      async 'VM.updateDevice'({ params }) {
        await server.setPassword(String((params as Record<string, unknown>)['password']));
        return {};
      },
    };
    await engineSql(
      trial,
      `with h as (insert into vds_static (vds_id, vds_name, host_name, port, cluster_id)
         select gen_random_uuid(), 'node', '127.0.0.1', ${agents.port}, cluster_id from cluster returning vds_id, cluster_id),
       d as (insert into vds_dynamic (vds_id, status, vnc_encryption_enabled) select vds_id, 2, true from h),
       t as (insert into vds_statistics (vds_id) select vds_id from h),
       v as (insert into vm_static (vm_guid, vm_name, entity_type, cluster_id, vmt_guid, mem_size_mb, max_memory_size_mb, min_allocated_mem)
         select '${machine}', '<b>web</b>', 'VM', cluster_id, '00000000-0000-0000-0000-000000000000', 64, 64, 64 from h returning vm_guid)
       insert into vm_dynamic (vm_guid, status, run_on_vds, graphics)
         select vm_guid, 1, vds_id, '[{"type":"vnc","port":"${server.port}","tlsPort":"-1","address":"0.0.0.0"}]' from v, h`,
    );
    const [page, origin] = [await context.newPage(), `https://localhost:${trial.httpsPort}`];
    page.on('console', (message) => message.text().startsWith('Canvas2D: ') || complaints.push(message.text()));
    await openConsolePage(page, origin, trial.password, machine);
    await expect.poll(() => status(page).textContent(), { timeout: 20_000 }).toBe('Connected.');
    expect(await page.getByRole('heading').textContent()).toBe('<b>web</b>');
    await expect.poll(() => colours(page), { timeout: 20_000 }).toBeGreaterThan(1);
    await page.locator('canvas').click({ position: { x: 200, y: 100 } });
    await page.keyboard.type('hello from the page', { delay: 20 });
    await page.keyboard.press('Enter');
    expect(await server.typed()).toBe('hello from the page');
    expect(complaints).toEqual([]);
    await page.close();
    await agents.stop();
  });

  test('says so when the password is wrong', async () => {
    const page = await open(ticketFor((await start()).port, false), 'wrong');
    await expect.poll(() => status(page).textContent(), { timeout: 20_000 }).toContain('The display refuses the connection');
  });

  test('does not take a ticket from a window of another origin', async () => {
    const server = await start();
    const page = await open(ticketFor(server.port, false), server.password, `https://127.0.0.1:${trial.httpsPort}`);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(await status(page).textContent()).toBe('Waiting for the portal.');
  });

  test('explains itself where nobody has opened it', async () => {
    const page = await context.newPage();
    await page.goto(`https://localhost:${trial.httpsPort}/ovirt-engine/services/novnc-main?title=%3Cb%3E`);
    expect(await status(page).textContent()).toContain('opened by the portal');
    expect(await page.getByRole('heading').textContent()).toBe('<b>');
  });

  test('runs no script that stands in it, and connects nowhere but to the proxy', async () => {
    const page = `https://localhost:${trial.httpsPort}/ovirt-engine/services/novnc-main.jsp`;
    const policyFor = async (host: string): Promise<string | undefined> =>
      (await context.request.get(`${page}?host=${host}&port=6100`)).headers()['content-security-policy'];
    expect(await policyFor('127.0.0.1')).toContain("script-src 'self';");
    expect(await policyFor('127.0.0.1')).toContain('connect-src wss://127.0.0.1:6100;');
    expect(await policyFor('LOCALHOST')).toContain('connect-src wss://LOCALHOST:6100;');
    for (const odd of ['proxy.example.net', encodeURIComponent("a; script-src 'unsafe-inline'"), encodeURIComponent('localhost; *')]) {
      expect((await context.request.get(`${page}?host=${odd}`)).status(), odd).toBe(400);
    }
  });
});
