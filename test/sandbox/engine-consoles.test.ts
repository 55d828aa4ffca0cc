import { createPublicKey, randomUUID, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AgentOf } from '../../src/services/engine/agents/agents.ts';
import { AgentFailure, AgentUnreachable } from '../../src/services/engine/agents/agent-failure.ts';
import type { Occasion, SpecialChange } from '../../src/services/engine/api/collections/collection.ts';
import {
  consoleFile,
  consoleProxyTicket,
  consoleTicket,
  machineTicket,
} from '../../src/services/engine/api/collections/machines/special-consoles.ts';
import type { Entity } from '../../src/services/engine/api/types.ts';
import { createWork } from '../../src/services/engine/api/work.ts';
import { createConsoles } from '../../src/services/engine/consoles/consoles.ts';
import { consoleId, type DisplayType } from '../../src/services/engine/consoles/display.ts';
import { createSessions } from '../../src/services/engine/sso/sessions.ts';
import { openTicket } from '../../src/services/websocket-proxy/ticket.ts';
import { readTarget } from '../../src/services/websocket-proxy/target.ts';
import { type Database, openDatabase } from '../../src/services/frame/database.ts';
import { apiCalls } from '../support/api-calls.ts';
import { addUser, adminPassword, giveRole } from '../support/engine.ts';
import { quietLog } from '../support/fakes.ts';
import { cookieValue } from '../support/https-client.ts';
import { logIn, tokenIn } from '../support/login-form.ts';
import { useEngine } from '../support/running-engine.ts';
import { engineSettings, makeAgentPki, type SimulatedAgents, startSimulatedAgents } from '../support/simulated-agent.ts';
import { addHost, wellBehaved } from '../support/simulated-host.ts';
import { addMachine } from '../support/simulated-machines.ts';
import { permit } from '../support/vmconsole.ts';

/* Graphical consoles: passwords of displays, tickets of the WebSocket proxy, files of viewers, and the page of a machine. */

const pki = await makeAgentPki(['127.0.0.1', '127.0.0.2']);
const running = useEngine(undefined, {
  settings: engineSettings(pki),
});
let agents: SimulatedAgents;
let database: Database;
let [host, machine] = ['', ''];
let name = 'web';
/** What the host is asked, and what it does about it. */
let asked: { readonly method: string; readonly params: Record<string, unknown> }[] = [];
let refusing: Error | null = null;

const bothDisplays = [
  { type: 'vnc', port: '5901', tlsPort: '-1', address: '0.0.0.0' },
  { type: 'spice', port: '5902', tlsPort: '5903', address: '10.9.8.7' },
];
const set = (columns: Readonly<Record<string, unknown>>): Promise<unknown> =>
  running.postgres.query(
    `update vm_dynamic set ${Object.keys(columns)
      .map((column, at) => `${column} = $${at + 2}`)
      .join(', ')} where vm_guid = $1`,
    [machine, ...Object.values(columns)],
  );
const userId = async (user: string): Promise<string> =>
  (await running.postgres.query<{ id: string }>('select user_id::text as id from users where username = $1', [user]))[0]?.id ?? '';

beforeAll(async () => {
  const { postgres } = running;
  database = openDatabase({ ...postgres, secured: false, securedValidation: false }, quietLog);
  agents = await startSimulatedAgents(pki, { everywhere: true, verbs: wellBehaved() });
  for (const user of ['alice', 'bob', 'carol']) {
    await addUser(postgres, user, `${user}-Canary-1`);
    await giveRole(postgres, user, 'UserRole');
    await postgres.query(`delete from permissions where ad_element_id = (select user_id from users where username = $1)`, [user]);
  }
  host = await addHost(postgres, { name: 'h1', address: '127.0.0.2', port: agents.port });
});
beforeEach(async () => {
  const { postgres } = running;
  [asked, refusing, name] = [[], null, `web${randomUUID().slice(0, 8)}`];
  machine = await addMachine(postgres, { name, host, status: 1 });
  for (const user of ['alice', 'bob']) await permit(postgres, user, machine, 'UserRole');
  await set({ graphics: JSON.stringify(bothDisplays) });
  await postgres.query('update vds_dynamic set vnc_encryption_enabled = true');
});
afterAll(async () => {
  await database.close();
  await agents.stop();
  await pki.remove();
});

/** Does an action as a request does it. Returns the answer. */
async function act(what: SpecialChange, { type, entity = {}, as = 'alice' }: { type?: DisplayType; entity?: Entity; as?: string } = {}) {
  const worker = { userId: await userId(as), userName: `${as}@internal`, correlationId: randomUUID() };
  const consoles = createConsoles({
    ...{ database, now: Date.now, sessions: createSessions(database, Date.now) },
    askHost: async (at: AgentOf, method: string, params: object) => {
      asked.push({ method, params: { ...params, at: `${at.address}:${at.port}` } });
      if (refusing !== null) throw refusing;
      return {};
    },
    ...{ caCertificate: pki.path('ca.pem'), engineCertificate: pki.path('engine.pem'), engineKey: pki.path('engine.key') },
    ...{ issuer: 'https://engine.example.com', publicCertificate: false, tokenIdleSeconds: 1_800 },
  });
  const place = { collection: {}, parent: type === undefined ? null : machine };
  const occasion = { worker, database, consoles, entity, place, asker: { userId: worker.userId, administrator: false, filtered: false } };
  const id = type === undefined ? machine : consoleId(type);
  const work = await what.work({ ...occasion, id } as unknown as Occasion);
  return (await createWork(database, Date.now, () => undefined)({ ...work, permit: what.permit }, worker)).answer;
}
const refusal = (what: Parameters<typeof act>[0], how?: Parameters<typeof act>[1]): Promise<unknown> =>
  act(what, how).then(
    () => 'not refused',
    (error: unknown) => [(error as { status?: number }).status, (error as Error).message],
  );
const events = () =>
  running.postgres.query<{ code: number; user: string; text: string }>(
    'select log_type as code, user_name as user, message as text from audit_log where vm_id = $1 order by audit_log_id',
    [machine],
  );

describe('a password', () => {
  it('is made for a display, set on the host, and told of without it', async () => {
    const answer = (await act(consoleTicket, { type: 'vnc' })) as { ticket: { value: string; expiry: number } };
    expect(answer.ticket).toEqual({ value: expect.stringMatching(/^[A-Za-z0-9+/]{8}$/) as string, expiry: 7_200 });
    expect(asked).toEqual([
      {
        method: 'VM.updateDevice',
        params: {
          at: `127.0.0.2:${agents.port}`,
          vmID: machine,
          params: {
            ...{ deviceType: 'graphics', graphicsType: 'vnc', password: answer.ticket.value, ttl: 7_200 },
            ...{ existingConnAction: 'disconnect', disconnectAction: 'LOCK_SCREEN' },
            params: { userName: 'alice@internal', userId: await userId('alice'), fips: false, vncUsername: `vnc-${machine}` },
          },
        },
      },
    ]);
    expect(await events()).toEqual([
      { code: 164, user: 'alice@internal', text: `User alice@internal has opened the console of virtual machine ${name}.` },
    ]);
    const tables = ['audit_log', 'job', 'step', 'vm_dynamic'].map((table) => running.postgres.query(`select * from ${table}`));
    const everything = JSON.stringify(await Promise.all(tables));
    expect(everything).not.toContain(answer.ticket.value);
  });

  it('is another one each time, for as long as is wanted', async () => {
    const entity = { ticket: { expiry: 300 } };
    const [one, other] = [await act(consoleTicket, { type: 'spice', entity }), await act(consoleTicket, { type: 'spice', entity })] as {
      ticket: { value: string; expiry: number };
    }[];
    expect(one?.ticket.expiry).toBe(300);
    expect(one?.ticket.value).not.toBe(other?.ticket.value);
    for (const expiry of [0, -1, 1.5, 604_801]) {
      expect(await refusal(consoleTicket, { type: 'vnc', entity: { ticket: { expiry } } })).toEqual([
        400,
        expect.stringContaining('expiry'),
      ]);
    }
  });

  it('of the machine is for SPICE, and for VNC where there is no SPICE', async () => {
    await act(machineTicket);
    await set({ graphics: JSON.stringify(bothDisplays.slice(0, 1)) });
    await act(machineTicket);
    expect(asked.map(({ params }) => (params['params'] as Entity)['graphicsType'])).toEqual(['spice', 'vnc']);
  });

  it('is refused where there is no open display', async () => {
    for (const [columns, why] of [
      [{ status: 0, run_on_vds: null }, 'its status is down'],
      [{ status: 9, run_on_vds: host }, 'its status is wait for launch'],
      [{ status: 7 }, 'its status is unknown'],
      [{ status: 1, graphics: '[]' }, 'it has no open VNC display'],
      [
        { graphics: JSON.stringify([{ type: 'vnc', port: '99999', tlsPort: -1 }, 7, null, { type: 'rdp', port: 5900 }]) },
        'it has no open VNC display',
      ],
    ] as const) {
      await set(columns);
      expect(await refusal(consoleTicket, { type: 'vnc' })).toEqual([409, expect.stringContaining(why)]);
      expect(await refusal(consoleProxyTicket, { type: 'vnc' })).toEqual([409, expect.stringContaining(why)]);
    }
    expect(asked).toEqual([]);
  });

  it('is refused to whoever may not connect, before the host is asked', async () => {
    for (const what of [consoleTicket, consoleProxyTicket, consoleFile]) {
      expect(await refusal(what, { type: 'vnc', as: 'carol' })).toEqual([403, expect.any(String)]);
    }
    expect(asked).toEqual([]);
  });

  it('says so where the host refuses or cannot be asked, without what it was sent', async () => {
    refusing = new AgentFailure('VM.updateDevice', 18, 'the password Canary is bad');
    expect(await refusal(consoleTicket, { type: 'vnc' })).toEqual([
      409,
      `The host refuses to open the display of virtual machine ${name} (code 18).`,
    ]);
    refusing = new AgentUnreachable('gone');
    expect(await refusal(consoleTicket, { type: 'vnc' })).toEqual([503, expect.stringContaining('cannot be asked')]);
    expect((await events()).map(({ code }) => code)).toEqual([165, 165]);
  });
});

describe('a console that somebody else uses', () => {
  it('is taken over only by whoever may', async () => {
    const { postgres } = running;
    await act(consoleTicket, { type: 'vnc' });
    // The first one has asked, and has not connected.
    await act(consoleTicket, { type: 'vnc', as: 'bob' });
    await act(consoleTicket, { type: 'vnc' });
    await set({ client_ip: '192.0.2.77' });
    expect(await refusal(consoleTicket, { type: 'vnc', as: 'bob' })).toEqual([
      403,
      `Somebody else uses the console of virtual machine ${name}.`,
    ]);
    await act(consoleTicket, { type: 'vnc' });
    await permit(postgres, 'bob', machine, 'UserVmManager');
    await act(consoleTicket, { type: 'vnc', as: 'bob' });
    expect(await refusal(consoleTicket, { type: 'vnc' })).toEqual([403, expect.any(String)]);
    await postgres.query('update vm_static set allow_console_reconnect = true where vm_guid = $1', [machine]);
    await act(consoleTicket, { type: 'vnc' });
  });
});

describe('a ticket of the WebSocket proxy', () => {
  const target = async (type: DisplayType): Promise<unknown> => {
    const { proxy_ticket: ticket } = (await act(consoleProxyTicket, { type })) as { proxy_ticket: { value: string } };
    const signer = createPublicKey(
      new X509Certificate(readFileSync(pki.path('engine.pem'))).publicKey.export({ format: 'pem', type: 'spki' }),
    );
    return readTarget(openTicket(ticket.value, signer, Date.now()).data);
  };

  it('leads to the display, with TLS where there is TLS', async () => {
    expect(await target('vnc')).toEqual({ host: '127.0.0.2', port: 5901, tls: true, tlsName: '127.0.0.2' });
    expect(await target('spice')).toEqual({ host: '10.9.8.7', port: 5903, tls: true, tlsName: '127.0.0.2' });
    await running.postgres.query('update vds_dynamic set vnc_encryption_enabled = false');
    expect(await target('vnc')).toEqual({ host: '127.0.0.2', port: 5901, tls: false, tlsName: '127.0.0.2' });
    expect(await events()).toEqual([]);
  });

  it('leads to where displays of the host are said to be', async () => {
    await running.postgres.query(`update vds_static set console_address = 'displays.example.com'`);
    expect(await target('spice')).toMatchObject({ host: 'displays.example.com', tlsName: '127.0.0.2' });
    await running.postgres.query('update vds_static set console_address = null');
  });
});

describe('the file of a viewer', () => {
  it('opens the display, and the API as the user', async () => {
    const { remote_viewer_connection_file: file } = (await act(consoleFile, { type: 'spice' })) as {
      remote_viewer_connection_file: string;
    };
    const ticket = (asked[0]?.params['params'] as { password: string }).password;
    expect(file).toContain(`\npassword=${ticket}\n# Password is valid for 120 seconds.\n`);
    expect(file).toContain('\nhost-subject=O=Test,CN=127.0.0.2\n');
    expect(file).toContain(`\n[ovirt]\nhost=engine.example.com:443\nvm-guid=${machine}\n`);
    const token = /^sso-token=(.*)$/m.exec(file)?.[1] ?? '';
    const answer = await running.engine.client('/ovirt-engine/api', { headers: { authorization: `Bearer ${token}`, filter: 'true' } });
    expect(answer.status).toBe(200);
  });

  it('is not there where the machine does not run', async () => {
    await set({ status: 0, run_on_vds: null });
    expect(await act(consoleFile, { type: 'spice' })).toBeNull();
    expect(await events()).toEqual([]);
  });
});

describe('through the API', () => {
  const { call, got } = apiCalls(running);
  const console = (type: DisplayType): string => `vms/${machine}/graphicsconsoles/${consoleId(type)}`;
  let given: Record<string, unknown>[] = [];

  beforeEach(async () => {
    // An engine that has just been started waits for its turn to ask hosts.
    await vi.waitFor(async () => expect((await call(`${console('vnc')}/ticket`, { body: {} })).status).not.toBe(503), 30_000);
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
  const path = (): string => `/ovirt-engine/services/console/${machine}`;
  const session = async (user = 'admin', password = adminPassword): Promise<string> =>
    `__Secure-engine-session=${cookieValue(await logIn(running.engine, { username: user, password }), '__Secure-engine-session')}`;
  const get = (cookie: string) => running.engine.client(path(), { headers: { cookie } });
  const post = (cookie: string, token: string, more: Record<string, string> = {}) =>
    running.engine.client(`${path()}/ticket`, { form: { form_token: token }, headers: { cookie, ...more } });
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
    machine = randomUUID();
    const unknown = await post(cookie, tokenOf((await get(cookie)).body));
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
    machine = 'nonsense';
    expect((await get(cookie)).status).toBe(404);
  });
});
