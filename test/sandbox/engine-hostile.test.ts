import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { beforeAll, describe, expect, it } from 'vitest';
import { addClient, adminPassword, coreScope } from '../support/engine.ts';
import { type Answer, basic, freshSource } from '../support/https-client.ts';
import { useEngine } from '../support/running-engine.ts';

const redirect = 'https://localhost:443/ovirt-engine/oauth2-callback';
const running = useEngine((postgres) =>
  addClient(postgres, { id: 'app', secret: 'secret-of-app', scope: coreScope, redirects: [redirect] }),
);

/** Every end point of single sign-on with every parameter it reads, and what it needs to get far enough to read them. */
const places: readonly (readonly [path: string, parameters: readonly string[], more: Record<string, string>])[] = [
  [
    'sso/oauth/authorize',
    [
      'client_id',
      'redirect_uri',
      'response_type',
      'scope',
      'state',
      'app_url',
      'code_challenge',
      'code_challenge_method',
      'prompt',
      'nonce',
      'locale',
    ],
    { client_id: 'app', redirect_uri: redirect, response_type: 'code', scope: 'openid' },
  ],
  [
    'sso/openid/authorize',
    ['client_id', 'redirect_uri', 'state', 'nonce', 'prompt'],
    { client_id: 'app', redirect_uri: redirect, response_type: 'code', scope: 'openid' },
  ],
  ['sso/login.html', ['continue', 'username', 'error', 'error_description'], {}],
  ['sso/credentials-change.html', ['continue', 'username', 'error'], {}],
  ['sso/interactive-login', ['username', 'password', 'profile', 'continue', 'form_token'], { username: 'admin', password: 'x' }],
  [
    'sso/interactive-change-passwd',
    ['username', 'credentials', 'credentialsNew1', 'credentialsNew2', 'profile', 'continue'],
    { username: 'admin' },
  ],
  [
    'sso/oauth/token',
    ['grant_type', 'username', 'password', 'scope', 'code', 'redirect_uri', 'client_id', 'client_secret', 'code_verifier'],
    { grant_type: 'authorization_code', client_id: 'app', client_secret: 'secret-of-app' },
  ],
  [
    'sso/oauth/token',
    ['username', 'password', 'scope'],
    { grant_type: 'password', username: 'admin@internal', password: 'x', scope: 'openid' },
  ],
  ['sso/oauth/token-http-auth', ['grant_type', 'scope'], { grant_type: 'urn:ovirt:params:oauth:grant-type:http', scope: 'openid' }],
  ['sso/openid/token', ['grant_type', 'code', 'client_id'], { grant_type: 'authorization_code' }],
  [
    'sso/oauth/token-info',
    ['token', 'scope', 'query_type', 'params', 'query', 'client_id'],
    { client_id: 'app', client_secret: 'secret-of-app' },
  ],
  ['sso/oauth/revoke', ['token', 'scope', 'client_id', 'client_secret'], { client_id: 'app', client_secret: 'secret-of-app' }],
  ['sso/openid/userinfo', ['access_token'], {}],
  ['services/sso-logout', ['token', 'scope'], {}],
  ['logout', ['form_token', 'app_url'], {}],
  ['oauth2-callback', ['code', 'app_url', 'error', 'error_description', 'state'], {}],
  ['webadmin/sso/oauth2-callback', ['code', 'app_url', 'error'], {}],
  ['webadmin/', ['app_url', 'locale'], {}],
  ['web-ui/sso/login', ['app_url', 'locale'], {}],
  ['login', ['scope', 'app_url'], {}],
  ['', ['error', 'error_description'], {}],
];

const payloads = [
  `"><script>canary(1)</script>`,
  `'onmouseover='canary(1)`,
  `oauth?x="><img src=x onerror=canary(1)>`,
  'javascript:canary(1)',
  'https://canary.example/',
  '//canary.example/%2e%2e',
  'x\r\nset-cookie: canary=1\r\n\r\n<p>canary',
  'x\u2028"canary"\u202e\u0000',
  '{{canary}}{{{canary}}}',
  `' or pg_sleep(10) is null --`,
  '\ud800',
  'a'.repeat(10_000),
];

/** Opens a connection, sends bytes and collects what comes back until the engine ends it. */
async function raw(bytes: string): Promise<{ readonly socket: TLSSocket; readonly answer: Promise<string> }> {
  const { port, ca } = running.engine;
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca });
  await once(socket, 'secureConnect');
  socket.write(bytes);
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  socket.on('error', () => undefined);
  return { socket, answer: once(socket, 'close').then(() => text) };
}

/** Requests that never come to their end. They are begun first and looked at last, since the engine is patient for half a minute. */
const slow = [
  [
    'a body',
    'POST /ovirt-engine/sso/interactive-login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nusername=a',
  ],
  [
    'a chunk',
    'POST /ovirt-engine/sso/oauth/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\nff\r\ngrant',
  ],
  ['a header', 'GET /ovirt-engine/sso/login.html HTTP/1.1\r\nHost: localhost\r\nX-Never: '],
] as const;
const ended = new Map<string, Promise<string>>();
beforeAll(async () => {
  for (const [what, bytes] of slow) ended.set(what, (await raw(bytes)).answer);
});

const send = (path: string, fields: Record<string, string>, how: 'query' | 'form'): Promise<Answer> => {
  const from = freshSource();
  const headers = { accept: 'application/json' };
  return how === 'form'
    ? running.engine.client(`/ovirt-engine/${path}`, { form: fields, headers, from })
    : running.engine.client(`/ovirt-engine/${path}?${new URLSearchParams(fields).toString()}`, { headers, from });
};

describe.each(places)('/ovirt-engine/%s', (path, parameters, more) => {
  it('reads whatever comes as text: no script, no header, no way elsewhere, no defect', async () => {
    for (const name of parameters) {
      const attempts = payloads.flatMap((payload) => (['query', 'form'] as const).map((how) => ({ payload, how })));
      const answers = await Promise.all(
        attempts.map(async (attempt) => ({ ...attempt, answer: await send(path, { ...more, [name]: attempt.payload }, attempt.how) })),
      );
      for (const { payload, how, answer } of answers) {
        const what = `${name} as ${how}: ${JSON.stringify(payload.slice(0, 60))}`;
        expect(answer.status, what).toBeLessThan(500);
        expect(answer.cookies.has('canary'), what).toBe(false);
        if (String(answer.headers['content-type']).startsWith('text/html')) {
          expect(answer.body, what).not.toMatch(/<script|<img src=x|<p>canary|"[^"<>]*'?onmouseover='canary\(1\)[^"]*'[^"]*>/);
          expect(answer.body, what).not.toMatch(/(href|src|action)="(javascript:|https?:\/\/canary|\/\/canary)/);
        }
        // The client itself may be sent to whatever is in its own parameters, never to another place.
        const target = new URL(answer.headers.location ?? '/', 'https://localhost');
        expect([target.protocol, target.hostname], what).toEqual(['https:', 'localhost']);
      }
    }
  });
});

describe('the log', () => {
  it('names elements that were ignored, as many as anybody can read', async () => {
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`more${at}`, 'canary']));
    const answer = await running.engine.client('/ovirt-engine/api/tags', {
      body: JSON.stringify({ name: 'ignored', 'a\n\u202e<b>': { c: 'canary' }, ['x'.repeat(500)]: 'canary', ...many }),
      headers: {
        ...{ authorization: basic('admin@internal', adminPassword), 'content-type': 'application/json', accept: 'application/json' },
        'correlation-id': 'hostile-1',
      },
    });
    expect(answer.status, answer.body).toBe(201);
    const lines = running.engine.log().trim().split('\n');
    const [found, ...more] = lines
      .map((line) => JSON.parse(line) as Record<string, string>)
      .filter(({ correlation }) => correlation === 'hostile-1');
    expect(more).toEqual([]);
    expect(found).toMatchObject({
      ...{ level: 'warning', message: 'elements that are not known were ignored', method: 'POST', path: '/ovirt-engine/api/tags' },
      elements: ['a\n\u202e<b>', 'x'.repeat(56), ...Object.keys(many).slice(0, 18)].map((name) => `tag.${name}`).join(' ') + ' ...',
    });
  });

  it('has one JSON document for each line, whatever was sent', () => {
    const lines = running.engine.log().trim().split('\n');
    expect(lines.length).toBeGreaterThan(5);
    for (const line of lines) expect(Object.keys(JSON.parse(line) as object)).toEqual(expect.arrayContaining(['time', 'level', 'message']));
    // eslint-disable-next-line no-control-regex -- these are what is looked for
    expect(running.engine.log()).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202e]/);
  });
});

describe('guessing', () => {
  it('finds no token and no code: every answer is the same', async () => {
    const core = { client_id: 'app', client_secret: 'secret-of-app' };
    const tokens = ['A'.repeat(86), 'x', '%', 'null', `${'A'.repeat(85)}=`, "' or '1'='1"];
    const infos = await Promise.all(tokens.map((token) => send('sso/oauth/token-info', { token, ...core }, 'form')));
    expect(new Set(infos.map(({ body }) => body)).size).toBe(1);
    const codes = await Promise.all(
      tokens.map((code) => send('sso/oauth/token', { grant_type: 'authorization_code', code, redirect_uri: redirect, ...core }, 'form')),
    );
    expect(new Set(codes.map(({ body }) => body)).size).toBe(1);
  });

  it('is refused in its turn when it comes in a flood, and the right secret still gets through', async () => {
    const from = freshSource();
    const ask = (client_secret: string, source: string) =>
      running.engine.client('/ovirt-engine/sso/oauth/token', {
        form: { grant_type: 'client_credentials', scope: 'openid', client_id: 'app', client_secret },
        headers: { accept: 'application/json' },
        from: source,
      });
    const flood = Array.from({ length: 40 }, (_, n) => ask(`wrong ${n}`, from));
    expect((await ask('secret-of-app', freshSource())).status).toBe(200);
    expect(new Set((await Promise.all(flood)).map(({ status }) => status))).toEqual(new Set([400, 429]));
  });
});

describe('a body', () => {
  const form = 'content-type: application/x-www-form-urlencoded';

  it.each([
    'sso/interactive-login',
    'sso/interactive-change-passwd',
    'sso/oauth/token-info',
    'sso/oauth/revoke',
    'sso/openid/token',
    'services/sso-logout',
  ])('that is too large is refused, and no more of it is read: %s', async (path) => {
    const head = `POST /ovirt-engine/${path} HTTP/1.1\r\nhost: localhost\r\naccept: application/json\r\n${form}\r\ncontent-length: 100000000\r\n\r\n`;
    expect(await (await raw(head)).answer).toMatch(/^HTTP\/1\.1 413 [^]*connection: close/i);
  });

  it('that is a form is refused where collections are changed', async () => {
    const answer = await running.engine.client('/ovirt-engine/api/tags', {
      form: { name: 'canary' },
      headers: { authorization: basic('admin@internal', adminPassword) },
    });
    expect(answer.status).toBe(415);
  });

  it('that a GET announces and never sends is not waited for', async () => {
    for (const path of ['sso/oauth/token?grant_type=password', 'sso/oauth/token-http-auth', 'sso/login.html', 'oauth2-callback']) {
      const { answer } = await raw(`GET /ovirt-engine/${path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 17\r\n\r\n`);
      expect(await answer).toMatch(/^HTTP\/1\.1 (200|303|400) [^]*connection: close/i);
    }
  });
});

describe('a path', () => {
  it.each([
    'sso/../api',
    'sso/%2e%2e/api',
    'sso/..%2fapi',
    'sso//login.html',
    '/sso/status',
    'SSO/status',
    'sso/status/',
    'sso/status;x=1',
    'sso/status%00',
    'sso\\status',
    'webadmin/..%2fapi',
    'webadmin/sso/oauth2-callback/',
    'sso/login.html%0d%0aset-cookie:%20canary=1',
  ])('is taken as it stands: %s', async (path) => {
    const answer = await running.engine.client(`/ovirt-engine/${path}`);
    expect(answer.status).toBe(404);
    expect(answer.cookies.size).toBe(0);
    expect(answer.headers.location).toBeUndefined();
    expect(answer.body).not.toMatch(/canary|\.ts:|node_modules/);
  });
});

describe('a request that never comes to its end', () => {
  it.each(slow.map(([what]) => what))('is ended by the engine: %s', { timeout: 60_000 }, async (what) => {
    expect(await ended.get(what)).toMatch(/^HTTP\/1\.1 408 /);
  });
});
