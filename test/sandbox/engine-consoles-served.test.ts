import { randomUUID, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { consoleId, type DisplayType } from '../../src/services/engine/consoles/display.ts';
import { openTicket } from '../../src/services/websocket-proxy/ticket.ts';
import { readTarget } from '../../src/services/websocket-proxy/target.ts';
import { apiCalls } from '../support/api-calls.ts';
import { adminPassword } from '../support/engine.ts';
import { cookieValue } from '../support/https-client.ts';
import { logIn, tokenIn } from '../support/login-form.ts';
import { useConsoles } from '../support/running-consoles.ts';
import type { SimulatedAgents } from '../support/simulated-agent.ts';
import { eventually } from '../support/waiting.ts';

/* Graphical consoles as clients open them: through the API, and on the page of a machine. */

const tests = await useConsoles();
const { events, pki, running, set } = tests;
let agents: SimulatedAgents;
let [machine, name] = ['', ''];
beforeEach(() => void ({ agents, machine, name } = tests));

describe('through the API', () => {
  const { call, got } = apiCalls(running);
  const console = (type: DisplayType): string => `vms/${machine}/graphicsconsoles/${consoleId(type)}`;
  let given: Record<string, unknown>[] = [];

  beforeEach(async () => {
    // An engine that has just been started waits for its turn to ask hosts.
    await eventually(async () => expect((await call(`${console('vnc')}/ticket`, { body: {} })).status).not.toBe(503));
    given = [];
    agents.verbs['VM.updateDevice'] = ({ params }) => {
      given.push(params as Record<string, unknown>);
      return {};
    };
    await running.postgres.query(
      `insert into vm_device (device_id, vm_id, type, device) values (gen_random_uuid(), $1, 'graphics', 'spice')`,
      [machine],
    );
  });

  it('a ticket has what viewers want of it, as they ask for it', async () => {
    const xml = '<action><async>false</async><ticket><expiry>300</expiry></ticket></action>';
    for (const path of [`vms/${machine}/ticket`, `${console('spice')}/ticket`]) {
      const { status, body } = await call(path, { xml, headers: { accept: 'application/xml' } });
      expect([status, body]).toEqual([
        200,
        expect.stringMatching(/<ticket>\s*<expiry>300<\/expiry>\s*<value>[\w+/]{8}<\/value>\s*<\/ticket>/),
      ]);
      expect(body).toContain('<status>complete</status>');
      expect(body).toContain(String(given.at(-1)?.['password']));
    }
    expect(given.map(({ graphicsType, ttl }) => [graphicsType, ttl])).toEqual([
      ['spice', 300],
      ['spice', 300],
    ]);
    const { ticket } = await got(`${console('vnc')}/ticket`, { body: {} });
    expect(ticket).toEqual({ expiry: '7200', value: given.at(-1)?.['password'] });
  });

  it('a file is had by its media type, and by an action, and kept by nobody', async () => {
    const answer = await call(console('vnc'), { headers: { accept: 'application/x-virt-viewer' } });
    expect([answer.status, answer.headers['content-type'], answer.headers['cache-control']]).toEqual([
      200,
      'application/x-virt-viewer',
      'no-store',
    ]);
    expect(answer.body).toContain('[virt-viewer]\ntype=vnc\nhost=127.0.0.2\nport=5901\n');
    expect(answer.body).toContain(`\npassword=${String(given[0]?.['password'])}\n`);
    expect(answer.body).toContain('\nadmin=1\n');
    const { remote_viewer_connection_file: file } = await got(`${console('spice')}/remoteviewerconnectionfile`, { body: {} });
    expect(file).toContain('[virt-viewer]\ntype=spice\nhost=10.9.8.7\nport=5902\n');
    await set({ status: 0, run_on_vds: null });
    expect((await call(console('vnc'), { headers: { accept: 'application/x-virt-viewer' } })).status).toBe(204);
    expect((await call(`${console('vnc')}/remoteviewerconnectionfile`, { body: {} })).status).toBe(204);
    // Whoever takes anything gets the console itself.
    expect((await call(console('vnc'), { headers: { accept: '*/*' } })).body).toContain('<graphics_console ');
  });

  it('a way through the WebSocket proxy is had', async () => {
    const { proxy_ticket: ticket } = await got(`${console('vnc')}/proxyticket`, { body: {} });
    expect(Buffer.from((ticket as { value: string }).value, 'base64').toString()).toMatch(/^\{"salt":/);
    expect(given).toEqual([]);
  });

  it('a machine that does not run says so in the action', async () => {
    await set({ status: 0, run_on_vds: null });
    const { status, body } = await call(`${console('vnc')}/ticket`, { body: {} });
    expect([status, JSON.parse(body)]).toMatchObject([
      409,
      { status: 'failed', fault: { detail: `[Cannot open a console of virtual machine ${name}: its status is down.]` } },
    ]);
  });

  it('other consoles and other machines are not there', async () => {
    await running.postgres.query(`delete from vm_device where vm_id = $1 and device = 'spice'`, [machine]);
    for (const path of [console('spice'), `vms/${machine}/graphicsconsoles/7777`, `vms/${randomUUID()}/graphicsconsoles/766e63`]) {
      expect((await call(`${path}/ticket`, { body: {} })).status).toBe(404);
    }
    const blank = 'templates/00000000-0000-0000-0000-000000000000/graphicsconsoles/766e63';
    expect((await call(`${blank}/ticket`, { body: {} })).status).toBe(404);
    expect((await call(`vms/${randomUUID()}/ticket`, { body: {} })).status).toBe(404);
  });

  it('the display of the machine says where it is, and whom to trust', async () => {
    await set({ graphics: JSON.stringify([{ type: 'spice', port: 5902, tlsPort: 5903, address: '0.0.0.0' }]) });
    const { display } = await got(`vms/${machine}`);
    const expected = {
      type: 'spice',
      address: '127.0.0.2',
      port: '5902',
      secure_port: '5903',
      certificate: { subject: 'O=Test,CN=127.0.0.2' },
    };
    expect(display).toMatchObject(expected);
    expect(display).not.toHaveProperty('certificate.content');
    const all = await got(`vms/${machine}`, { headers: { 'all-content': 'true' } });
    expect(all['display']).toMatchObject(expected);
    expect(new X509Certificate((all['display'] as { certificate: { content: string } }).certificate.content).subject).toContain('CN=ca');
    expect(await got(console('spice'))).toMatchObject({ address: '127.0.0.2', port: '5902', tls_port: '5903' });
    await set({ status: 0, run_on_vds: null, graphics: '[]' });
    expect((await got(`vms/${machine}`))['display']).not.toHaveProperty('certificate');
  });
});

describe('the page of a machine', () => {
  const path = (id = machine): string => `/ovirt-engine/services/console/${id}`;
  const session = async (user = 'admin', password = adminPassword): Promise<string> =>
    `__Secure-engine-session=${cookieValue(await logIn(running.engine, { username: user, password }), '__Secure-engine-session')}`;
  const get = (cookie: string, id?: string) => running.engine.client(path(id), { headers: { cookie } });
  const post = (cookie: string, token: string, more: Record<string, string> = {}, id?: string) =>
    running.engine.client(`${path(id)}/ticket`, { form: { form_token: token }, headers: { cookie, ...more } });
  const tokenOf = (body: string): string => /data-form-token="([^"]*)"/.exec(body)?.[1] ?? '';
  const setProxy = (value: string): Promise<unknown> =>
    running.postgres.query(
      `insert into vdc_options (option_name, option_value, default_value) values ('WebSocketProxy', $1, 'Off')
       on conflict (option_name, version) do update set option_value = excluded.option_value`,
      [value],
    );

  beforeEach(() => setProxy('localhost:6100'));

  it('gets what opens the display from the engine, which has asked the host', async () => {
    let given: unknown;
    agents.verbs['VM.updateDevice'] = (params) => {
      given = params;
      return {};
    };
    const cookie = await session();
    const page = await get(cookie);
    expect(page.status).toBe(200);
    expect(page.headers['content-security-policy']).toContain(`connect-src 'self' wss://localhost:6100;`);
    expect(page.headers['cache-control']).toBe('no-store');
    const { status, body } = await post(cookie, tokenOf(page.body));
    expect([status, body]).toEqual([200, expect.any(String)]);
    const { title, password, ticket, proxy } = JSON.parse(body) as Record<string, string>;
    expect([title, proxy]).toEqual([name, 'wss://localhost:6100/']);
    expect(given).toMatchObject({
      vmID: machine,
      params: { password, ttl: 120, graphicsType: 'vnc', params: { userName: 'admin@internal' } },
    });
    const signer = new X509Certificate(readFileSync(pki.path('engine.pem'))).publicKey;
    expect(readTarget(openTicket(ticket ?? '', signer, Date.now()).data)).toMatchObject({ host: '127.0.0.2', port: 5901, tls: true });
    expect(running.engine.log()).not.toContain(password);
    expect((await events()).map(({ code }) => code)).toEqual([164]);
  });

  it('is for people who are logged in, and asks from here alone', async () => {
    expect((await get('')).status).toBe(303);
    expect((await post('', 'x')).status).toBe(303);
    const cookie = await session();
    const token = tokenOf((await get(cookie)).body);
    expect((await post(cookie, 'x')).status).toBe(403);
    expect((await post(cookie, token, { origin: 'https://evil.example.com' })).status).toBe(403);
    expect((await post(cookie, tokenIn(await running.engine.client('/ovirt-engine/logout', { headers: { cookie } })))).status).toBe(403);
  });

  it('opens nothing for whoever may not connect, and does not tell what there is', async () => {
    await running.postgres.query(
      `insert into permissions (role_id, ad_element_id, object_id, object_type_id)
       select r.id, u.user_id, gen_random_uuid(), 2 from roles r, users u where r.name = 'UserRole' and u.username = 'carol'`,
    );
    const cookie = await session('carol', 'carol-Canary-1');
    const token = tokenOf((await get(cookie)).body);
    const refused = await post(cookie, token);
    const another = randomUUID();
    const unknown = await post(cookie, tokenOf((await get(cookie, another)).body), {}, another);
    expect([refused.status, refused.body]).toEqual([unknown.status, unknown.body]);
    expect(refused.status).toBe(403);
  });

  it('says so where nothing can be opened', async () => {
    const cookie = await session();
    const token = tokenOf((await get(cookie)).body);
    await set({ status: 0, run_on_vds: null });
    const { status, body } = await post(cookie, token);
    expect([status, JSON.parse(body)]).toEqual([409, { message: `Cannot open a console of virtual machine ${name}: its status is down.` }]);
    await setProxy('Off');
    expect((await get(cookie)).status).toBe(409);
    expect((await get(cookie, 'nonsense')).status).toBe(404);
  });
});
