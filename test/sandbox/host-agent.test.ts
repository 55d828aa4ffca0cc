import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '../../src/services/frame/log.ts';
import { createMask } from '../../src/services/frame/mask.ts';
import { type Agent, type PartParts, startAgent } from '../../src/services/host-agent/agent.ts';
import { type Call, type Part, type Verbs, VerbFailure, ordered } from '../../src/services/host-agent/verbs.ts';
import { keyFingerprint, mayNotCall } from '../../src/services/host-agent/wire/callers.ts';
import { type AgentClient, connectAgent, openAgent } from '../support/agent-client.ts';
import { makeCertificate } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { makePki, type TestPki } from '../support/pki.ts';

let pki: TestPki;
let agent: Agent;
let port: number;
let lines: string[];
let calls: Call[];
let notify: PartParts['notify'];
let started: PromiseWithResolvers<void>;
const clients: AgentClient[] = [];
let release: PromiseWithResolvers<string>;

const verbs: Verbs = {
  'Host.ping': () => undefined,
  'Test.echo': ordered(['text'], (params, call) => {
    calls.push(call);
    return { text: params.text('text') };
  }),
  'Test.refuse': () => {
    throw new VerbFailure(1, 'Virtual machine does not exist');
  },
  'Test.break': () => {
    throw new Error('the canary of the inside');
  },
  'Test.wait': (_params, call) => {
    calls.push(call);
    return release.promise;
  },
  'Test.large': () => 'x'.repeat(4_000_000),
};

beforeAll(async () => {
  pki = await makePki();
  const issue = (name: string, usage: string, commonName: string): Promise<unknown> =>
    makeCertificate(pki.folder, name, { issuer: 'ca', usage, subject: `/O=Test/CN=${commonName}` });
  await Promise.all([
    issue('caller', 'serverAuth,clientAuth', 'engine.example.net'),
    issue('namesake', 'clientAuth', 'engine.example.net'),
    issue('server', 'serverAuth', 'engine.example.net'),
  ]);
});
afterAll(() => pki.remove());

beforeEach(async () => {
  [lines, calls, started, release] = [[], [], Promise.withResolvers(), Promise.withResolvers()];
  port = await freePort();
  const folder = join(pki.folder, `agent-${port}`);
  const config = join(folder, 'agent.conf');
  await mkdir(`${config}.d`, { recursive: true });
  const settings = {
    LISTEN_HOST: '127.0.0.1',
    LISTEN_PORT: port,
    SSL_CERTIFICATE: pki.path('host.pem'),
    SSL_KEY: pki.path('host.key'),
    SSL_CA: pki.path('ca.pem'),
    CLIENT_NAMES: 'engine.example.net',
    CLIENT_KEYS: keyFingerprint(new X509Certificate(await readFile(pki.path('caller.pem')))),
  };
  const text = Object.entries(settings).map(([key, value]) => `${key}="${value}"\n`);
  await writeFile(join(`${config}.d`, '10-setup.conf'), text.join(''));
  const part: Part = { verbs, start: () => started.promise };
  agent = await startAgent({
    configFile: config,
    log: createLog({ write: (line) => lines.push(line), now: () => new Date(), mask: createMask() }),
    now: Date.now,
    clock: () => performance.now(),
    createParts: (parts) => {
      notify = parts.notify;
      return [part];
    },
  });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.end();
  started.resolve();
  release.resolve('');
  await agent.stop('the test is over');
});

const address = async (name = 'caller') => ({
  port,
  ca: pki.ca,
  cert: await readFile(pki.path(`${name}.pem`)),
  key: await readFile(pki.path(`${name}.key`)),
});
const begin = async (): Promise<void> => {
  started.resolve();
  await agent.ready;
};
const keep = (client: AgentClient): AgentClient => {
  clients.push(client);
  return client;
};
const connected = async (): Promise<AgentClient> => keep(await connectAgent(await address()));
const opened = async (): Promise<AgentClient> => keep(await openAgent(await address()));
/** Waits until the agent has hung up, in order or not. */
const closed = async ({ socket }: AgentClient): Promise<void> => {
  while (!socket.closed) await sleep(5);
};
/** Whether the agent hangs up on who says this. */
const hangsUp = async (say: (client: AgentClient) => void, name = 'caller'): Promise<void> => {
  const client = await openAgent(await address(name)).catch(() => undefined);
  if (client === undefined) return;
  say(keep(client));
  await closed(client);
};

describe('who may call', () => {
  it('is the engine, by name and key, and this host itself', async () => {
    await begin();
    expect(await (await connected()).call('Host.ping')).toMatchObject({ result: true });
    const own = keep(await connectAgent(await address('host')));
    expect(await own.call('Host.ping')).toMatchObject({ result: true });
  });

  it('is this host alone where nobody is named', async () => {
    const certificateOf = async (name: string) => new X509Certificate(await readFile(pki.path(`${name}.pem`)));
    const [caller, own] = [await certificateOf('caller'), await certificateOf('host')];
    expect(mayNotCall(caller, own, { names: [], keys: [] })).toMatch(/nobody/);
    expect(mayNotCall(own, own, { names: [], keys: [] })).toBeUndefined();
  });

  it.each([
    ['of another name', 'engine'],
    ['of the same name with another key', 'namesake'],
    ['that is for servers', 'server'],
    ['of another authority', 'stranger'],
  ])('is nobody with a certificate %s', async (_what, name) => {
    await hangsUp((client) => client.send('CONNECT', { 'accept-version': '1.2', host: 'x' }), name);
    expect(lines.join('')).toContain('connection refused');
    expect(lines.join('')).not.toContain('"connected"');
  });

  it('is nobody without a certificate', async () => {
    const client = await openAgent({ port, ca: pki.ca }).catch(() => undefined);
    if (client !== undefined) await closed(keep(client));
    expect(lines.join('')).toContain('connection refused');
  });

  it.each([
    ['HTTP', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a verb that is not known', 'STOMP\naccept-version:1.2\n\n\0'],
    ['nonsense', '\0\0\0\0'],
  ])('does not speak %s', (_what, bytes) => hangsUp(({ socket }) => socket.write(bytes)));
});

describe('the STOMP broker', () => {
  it('takes subscriptions before CONNECT, in pieces of any size, and answers with its own heartbeat', async () => {
    await begin();
    const client = await opened();
    const answer = client.sees('CONNECTED');
    for (const byte of 'SUBSCRIBE\ndestination:d\nid:1\nack:auto\n\n\0\nCONNECT\naccept-version:1.2\nhost:h\nheart-beat:0,24000\n\n\0') {
      client.socket.write(byte);
      await sleep(0);
    }
    expect(Object.fromEntries((await answer).headers)).toEqual({ version: '1.2', 'heart-beat': '24000,0' });
  });

  it('lets its silent clients hear a line end in time', async () => {
    await begin();
    const client = await opened();
    client.send('CONNECT', { 'accept-version': '1.2', host: 'h', 'heart-beat': '0,1' });
    expect((await client.sees('CONNECTED')).headers.get('heart-beat')).toBe('1000,0');
    const [beat] = (await once(client.socket, 'data')) as [Buffer];
    expect(beat.toString()).toBe('\n');
  });

  it('hangs up on who promises to be heard and is not', async () => {
    await begin();
    await hangsUp((client) => client.send('CONNECT', { 'accept-version': '1.2', host: 'h', 'heart-beat': '1000,0' }));
    expect(lines.join('')).toContain('is silent');
  });

  it.each([
    ['another version', 'CONNECT', { 'accept-version': '1.1,1.2', host: 'h' }, 'Version unsupported'],
    ['a subscription without an id', 'SUBSCRIBE', { destination: 'd' }, 'Missing id header'],
    ['a subscription to nothing', 'SUBSCRIBE', { id: '1' }, 'Missing destination header'],
    ['a message to nobody', 'SEND', { destination: 'd' }, 'Subscription not available'],
  ])('refuses %s, and goes on', async (_what, verb, headers, message) => {
    await begin();
    const client = await opened();
    const answer = client.sees('ERROR');
    client.send(verb, headers);
    expect((await answer).body.toString()).toBe(message);
    const next = client.sees('CONNECTED');
    client.send('CONNECT', { 'accept-version': '1.2', host: 'h' });
    await next;
  });

  it('refuses a second subscription of one id, until the first is given up', async () => {
    await begin();
    const client = await opened();
    const answer = client.sees('ERROR');
    client.send('SUBSCRIBE', { destination: 'd', id: '1' });
    client.send('SUBSCRIBE', { destination: 'e', id: '1' });
    expect((await answer).body.toString()).toBe('Subscription id already exists');
    client.send('UNSUBSCRIBE', { id: 'unknown' });
    client.send('UNSUBSCRIBE', { id: '1' });
    client.send('SUBSCRIBE', { destination: 'e', id: '1' });
    const message = client.sees('MESSAGE');
    client.send('SEND', { destination: 'e.deeper' }, 'hello');
    expect(Object.fromEntries((await message).headers)).toMatchObject({ subscription: '1', destination: 'e', 'content-length': '5' });
  });

  it('acknowledges a farewell, and closes', async () => {
    const client = await opened();
    const answer = client.sees('RECEIPT');
    client.send('DISCONNECT', { receipt: '7' });
    expect((await answer).headers.get('receipt-id')).toBe('7');
    await once(client.socket, 'close');
  });

  it.each(['ACK', 'NACK', 'BEGIN'])('hangs up on %s', (verb) =>
    hangsUp((client) => {
      client.send('SUBSCRIBE', { destination: 'd', id: '1' });
      client.send(verb, { id: '1' });
    }),
  );

  it('sends answers to the queue that was named, and to no other client', async () => {
    await begin();
    const [client, other] = [await connected(), await connected()];
    client.send('SUBSCRIBE', { destination: 'a-uuid', id: 'x' });
    const message = client.sees('MESSAGE');
    const request = { jsonrpc: '2.0', id: 1, method: 'Host.ping' };
    client.send('SEND', { destination: 'jms.topic.vdsm_irs_requests.deeper', 'reply-to': 'a-uuid' }, JSON.stringify(request));
    expect((await message).headers.get('subscription')).toBe('x');
    await other.call('Host.ping');
    expect(other.frames.filter(({ verb }) => verb === 'MESSAGE')).toHaveLength(1);
  });

  it('tells events to all who have subscribed, and cuts who takes nothing', async () => {
    await begin();
    const client = await connected();
    notify('|virt|VM_status|x', { x: { status: 'Up' } });
    await client.seesEvent(({ method, params }) => method === '|virt|VM_status|x' && Number(params['notify_time']) > 0);
    const slow = await connected();
    slow.socket.pause();
    for (let at = 0; at < 80; at++) notify('|virt|large', { text: 'x'.repeat(1_000_000) });
    slow.socket.resume();
    await once(slow.socket, 'close');
    expect(lines.join('')).toContain('reads too slowly');
  });
});

describe('calls', () => {
  it('have parameters by name or in order, and tell how they were made', async () => {
    await begin();
    const client = await connected();
    expect(await client.ask({ jsonrpc: '2.0', id: 7, method: 'Test.echo', params: { text: 'a' } })).toEqual({
      jsonrpc: '2.0',
      id: 7,
      result: { text: 'a' },
    });
    expect(await client.result('Test.echo', ['b'])).toEqual({ text: 'b' });
    expect(calls[0]?.localAddress).toBe('127.0.0.1');
  });

  it.each([
    ['no JSON', '{', -32700],
    ['no request', '7', -32600],
    ['another version', { jsonrpc: '1.0', id: 1, method: 'Host.ping' }, -32600],
    ['an empty list', [], -32600],
    ['an unknown verb', { jsonrpc: '2.0', id: 1, method: 'Host.constructor' }, -32601],
    ['a name of every object', { jsonrpc: '2.0', id: 1, method: 'toString' }, -32601],
    ['a missing parameter', { jsonrpc: '2.0', id: 1, method: 'Test.echo' }, -32602],
    ['a verb that fails inside', { jsonrpc: '2.0', id: 1, method: 'Test.break' }, -32603],
    ['a verb that refuses', { jsonrpc: '2.0', id: 1, method: 'Test.refuse' }, 1],
  ])('are answered with a code when they are %s', async (_what, body, code) => {
    await begin();
    const answer = await (await connected()).ask(body);
    expect(answer).toMatchObject({ jsonrpc: '2.0', error: { code } });
    expect(JSON.stringify(answer)).not.toContain('canary');
  });

  it('may come as a list, of which notifications are not answered', async () => {
    await begin();
    const client = await connected();
    const call = (id: number | undefined, method: string) => ({ jsonrpc: '2.0', id, method });
    expect(await client.ask([call(1, 'Host.ping'), call(undefined, 'Host.ping'), call(2, 'nothing')])).toMatchObject([
      { id: 1, result: true },
      { id: 2, error: { code: -32601 } },
    ]);
  });

  it('are answered with 99 until the agent knows its machines again, and nobody is told anything', async () => {
    const client = await connected();
    expect(await client.call('Host.ping')).toMatchObject({ error: { code: 99 } });
    notify('|virt|early', {});
    await begin();
    expect(await client.call('Host.ping')).toMatchObject({ result: true });
    expect(client.events).toEqual([]);
  });

  it('are told when nobody waits for them any more', async () => {
    await begin();
    const client = await connected();
    void client.call('Test.wait').catch(() => undefined);
    for (; calls.length === 0;) await sleep(10);
    expect(calls[0]?.signal.aborted).toBe(false);
    client.end();
    await once(calls[0]?.signal as AbortSignal, 'abort');
  });

  it('are not read while too many are at work, and none is lost', async () => {
    await begin();
    const client = await connected();
    const answers = Promise.all(Array.from({ length: 3_000 }, () => client.call('Test.wait')));
    await sleep(300);
    expect(calls.length).toBeLessThan(2_000);
    release.resolve('done');
    expect((await answers).every(({ result }) => result === 'done')).toBe(true);
  });

  it('have large answers for clients that are slow', async () => {
    await begin();
    const client = await connected();
    const answers = [client.call('Test.large'), client.call('Test.large')];
    client.socket.pause();
    await sleep(100);
    client.socket.resume();
    expect((await Promise.all(answers)).map(({ result }) => (result as string).length)).toEqual([4_000_000, 4_000_000]);
  });
});
