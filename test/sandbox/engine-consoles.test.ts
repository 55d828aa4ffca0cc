import { createPublicKey, randomUUID, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
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
import { quietLog } from '../support/fakes.ts';
import { bothDisplays, useConsoles } from '../support/running-consoles.ts';
import { permit } from '../support/vmconsole.ts';

/* Graphical consoles, as the actions open them: passwords of displays, tickets of the WebSocket proxy, files of viewers. */

const tests = await useConsoles();
const { events, pki, running, set } = tests;
let database: Database;
let [machine, name] = ['', ''];
/** What the host is asked, and what it does about it. */
let asked: { readonly method: string; readonly params: Record<string, unknown> }[] = [];
let refusing: Error | null = null;

beforeAll(() => {
  database = openDatabase({ ...running.postgres, secured: false, securedValidation: false }, quietLog);
});
beforeEach(() => {
  ({ machine, name } = tests);
  [asked, refusing] = [[], null];
});
afterAll(() => database.close());

const userId = async (user: string): Promise<string> =>
  (await running.postgres.query<{ id: string }>('select user_id::text as id from users where username = $1', [user]))[0]?.id ?? '';

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

describe('a password', () => {
  it('is made for a display, set on the host, and told of without it', async () => {
    const answer = (await act(consoleTicket, { type: 'vnc' })) as { ticket: { value: string; expiry: number } };
    expect(answer.ticket).toEqual({ value: expect.stringMatching(/^[A-Za-z0-9+/]{8}$/) as string, expiry: 7_200 });
    expect(asked).toEqual([
      {
        method: 'VM.updateDevice',
        params: {
          at: `127.0.0.2:${tests.agents.port}`,
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
      [{ status: 9, run_on_vds: tests.host }, 'its status is wait for launch'],
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
