import { once } from 'node:events';
import { connect } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { adminPassword, ownVersion } from '../support/engine.ts';
import { basic } from '../support/https-client.ts';
import { useEngine } from '../support/running-engine.ts';

const running = useEngine();

/** Sends bytes over TLS and returns what comes back until the engine closes the connection or sent a whole answer. */
async function raw(bytes: string): Promise<string> {
  const socket = connect({ port: running.engine.port, host: '127.0.0.1', servername: 'localhost', ca: running.engine.ca });
  await once(socket, 'secureConnect');
  socket.write(bytes);
  let answer = '';
  for await (const chunk of socket) {
    answer += String(chunk);
    const length = /\r\ncontent-length: (\d+)\r\n[^]*?\r\n\r\n([^]*)$/i.exec(answer);
    if (length !== null && Buffer.byteLength(length[2]!) >= Number(length[1])) break;
  }
  socket.destroy();
  return answer;
}

describe('without credentials', () => {
  it.each([
    ['GET', '/', 302],
    ['GET', '/ovirt-engine', 302],
    ['GET', '/ovirt-engine/', 200],
    ['GET', '/ovirt-engine/static/style.css', 200],
    ['GET', '/ovirt-engine/static/logo.svg', 200],
    ['GET', '/ca.crt', 200],
    ['GET', '/ovirt-engine/services/health', 200],
    ['GET', '/ovirt-engine/services/pki-resource?resource=ca-certificate', 200],
    ['GET', '/ovirt-engine/sso/status', 200],
    ['GET', '/ovirt-engine/sso/login.html', 200],
    ['POST', '/ovirt-engine/sso/interactive-login', 403],
    ['GET', '/ovirt-engine/sso/credentials-change.html', 200],
    ['POST', '/ovirt-engine/sso/interactive-change-passwd', 403],
    ['GET', '/ovirt-engine/sso/oauth/authorize', 400],
    ['POST', '/ovirt-engine/sso/openid/authorize', 400],
    ['GET', '/ovirt-engine/sso/openid/.well-known/openid-configuration', 200],
    ['GET', '/ovirt-engine/sso/openid/jwks', 200],
    ['GET', '/ovirt-engine/sso/openid/userinfo', 401],
    ['POST', '/ovirt-engine/sso/openid/token', 400],
    ['POST', '/ovirt-engine/sso/oauth/token-http-auth', 400],
    ['GET', '/ovirt-engine/logout', 303],
    ['POST', '/ovirt-engine/logout', 303],
    ['GET', '/ovirt-engine/sso/oauth/token', 400],
    ['POST', '/ovirt-engine/sso/oauth/token', 400],
    ['GET', '/ovirt-engine/sso/oauth/token-info', 400],
    ['GET', '/ovirt-engine/sso/oauth/revoke', 400],
    ['POST', '/ovirt-engine/services/sso-logout', 400],
    ['GET', '/ovirt-engine/api', 401],
    ['HEAD', '/ovirt-engine/api', 401],
    ['GET', '/ovirt-engine/api/', 401],
    ['GET', '/ovirt-engine/api/v4', 401],
    ['GET', '/ovirt-engine/%61pi', 401],
    ['GET', '/ovirt-engine/api/users/00000000-0000-0000-0000-000000000000', 401],
    ['GET', '/ovirt-engine/api/vms', 401],
    ['GET', '/ovirt-engine/webadmin/', 404],
    ['POST', '/ovirt-engine/', 405],
    ['DELETE', '/ovirt-engine/api', 401],
    ['POST', '/ovirt-engine/api/users/00000000-0000-0000-0000-000000000000', 401],
    ['OPTIONS', '/ovirt-engine/api', 401],
  ])('%s %s is answered with %i', async (method, path, status) => {
    const answer = await running.engine.client(path, { method });
    expect(answer.status).toBe(status);
    expect(answer.headers['content-security-policy']).toBe(
      "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    );
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.headers['referrer-policy']).toBe('same-origin');
    expect(answer.headers['strict-transport-security']).toBeUndefined();
    expect(answer.headers['x-powered-by'] ?? answer.headers['server']).toBeUndefined();
  });

  it('short addresses lead to the welcome page', async () => {
    for (const path of ['/', '/ovirt-engine']) expect((await running.engine.client(path)).headers.location).toBe('/ovirt-engine/');
  });

  it('the API asks for credentials without a body', async () => {
    const answer = await running.engine.client('/ovirt-engine/api');
    expect(answer.headers['www-authenticate']).toBe('Basic realm="RESTAPI"');
    expect(answer.body).toBe('');
  });
});

describe('the welcome page', () => {
  it('names what exists and leaves no trace of what an address says', async () => {
    const { body, headers } = await running.engine.client('/ovirt-engine/?error=<script>&error_description=<b>pwned</b>');
    expect(body).toContain(`Version ${ownVersion}`);
    expect(body).toContain('id="WelcomePage_certificate"');
    expect(body).toMatch(/>([0-9A-F]{2}:<wbr>){31}[0-9A-F]{2}</);
    expect(body).not.toContain('pwned');
    expect(body).not.toMatch(/<script|role="alert"|style=/);
    expect(headers['cache-control']).toBe('no-store');
  });

  it('explains the errors it knows in its own words', async () => {
    const { body } = await running.engine.client('/ovirt-engine/?error=server_error&error_description=pwned');
    expect(body).toContain('role="alert"');
    expect(body).not.toContain('pwned');
  });
});

describe('certificates', () => {
  const resource = (query: string) => running.engine.client(`/ovirt-engine/services/pki-resource?${query}`);

  it.each([
    ['resource=ca-certificate', 'application/x-x509-ca-cert'],
    ['resource=ca-certificate&format=X509-PEM-CA', 'application/x-x509-ca-cert'],
    ['resource=ca-certificate&format=X509-PEM', 'application/x-x509-cert'],
    ['resource=engine-certificate', 'application/x-x509-cert'],
  ])('%s comes as %s', async (query, type) => {
    const answer = await resource(query);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe(type);
    expect(answer.body).toMatch(/^-----BEGIN CERTIFICATE-----\n/);
  });

  it('come as SSH key of the engine', async () => {
    expect((await resource('resource=engine-certificate&format=OPENSSH-PUBKEY')).body).toMatch(/^ssh-rsa \S+ ovirt-engine\n$/);
    expect((await resource('resource=engine-certificate&format=OPENSSH-PUBKEY&alias=my-host')).body).toMatch(/ my-host\n$/);
    // Which vouches for the servers of serial consoles.
    expect((await resource('resource=ca-certificate&format=OPENSSH-PUBKEY&alias=engine')).body).toMatch(/^ssh-rsa \S+ engine\n$/);
  });

  it.each([
    ['', 400],
    ['resource=../engine.key', 400],
    ['resource=ca-certificate&format=PKCS12', 400],
    ['resource=ca-certificate&resource=ca-certificate', 400],
    ['resource=engine-certificate&format=OPENSSH-PUBKEY&alias=a%0Assh-rsa%20b', 400],
    ['resource=qemu-ca-certificate', 404],
  ])('%s is refused with %i', async (query, status) => {
    expect((await resource(query)).status).toBe(status);
  });
});

describe('hostile requests', () => {
  it.each([
    ['/ovirt-engine/api/%zz', 400],
    ['/ovirt-engine/%zz', 400],
    ['/ovirt-engine/api/%00', 401],
    ['/ovirt-engine/api/users/%00', 401],
    ['/ovirt-engine/../../etc/passwd', 404],
    ['/ovirt-engine/static/..%2f..%2fmain.ts', 404],
    ['/ovirt-engine/static/../main.ts', 404],
    ['/ovirt-engine/static/main.ts', 404],
    ['//ovirt-engine/api', 404],
    ['/ovirt-engine/sso/oauth/token?grant_type=%00', 400],
    [`/ovirt-engine/api/users/${'x'.repeat(500)}`, 414],
    [`/${'x'.repeat(20_000)}`, 431],
  ])('%s gets %i and no look inside', async (path, status) => {
    const answer = await running.engine.client(path, { headers: { accept: 'application/json' } });
    expect(answer.status).toBe(status);
    expect(answer.body).not.toMatch(/node_modules|\.ts:|Error:|FST_|root:/);
  });

  it('below the API get a fault in the format asked for', async () => {
    const authorization = basic('admin@internal', adminPassword);
    const json = await running.engine.client('/ovirt-engine/api/vmpools', { headers: { accept: 'application/json', authorization } });
    expect(JSON.parse(json.body)).toEqual({ detail: expect.stringMatching(/^\[.*\]$/), reason: 'Operation Failed' });
    const xml = await running.engine.client('/ovirt-engine/api/%zz');
    expect(xml.headers['content-type']).toBe('application/xml');
    expect(xml.body).toContain('<reason>Request syntactically incorrect.</reason>');
  });

  it('with a body that is too large or of another kind are refused', async () => {
    const send = (type: string, body: string) =>
      running.engine.client('/ovirt-engine/sso/oauth/token', { body, headers: { 'content-type': type, accept: 'application/json' } });
    const form = 'application/x-www-form-urlencoded';
    expect((await send(form, `grant_type=${'x'.repeat(70_000)}`)).status).toBe(413);
    expect((await send('application/json', '{"grant_type":"password"}')).status).toBe(415);
    expect((await send('text/xml', '<!DOCTYPE x [<!ENTITY a "b">]><x/>')).status).toBe(415);
  });

  it('that are no HTTP get a bare 400', async () => {
    expect(await raw('GET / HTTP/1.1\r\nHost: a\r\nBad Header\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    expect(await raw('GET /ovirt-engine/ HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    expect(await raw('GET /ovirt-engine/ HTTP/1.1\r\nHost: localhost\r\nhost: a\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    expect(await raw('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('may name the host in their first line without getting around anything', async () => {
    expect(await raw('GET https://localhost/ovirt-engine/api HTTP/1.1\r\nHost: localhost\r\n\r\n')).toMatch(/^HTTP\/1\.1 401 /);
  });
});

describe('a GET that announces a body and never sends it', () => {
  it.each(['Content-Length: 17', 'Transfer-Encoding: chunked'])('is answered at once, and its connection ends: %s', async (header) => {
    const authorization = basic('admin@internal', adminPassword);
    const answer = await raw(`GET /ovirt-engine/api HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization}\r\n${header}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toContain('</api>');
    expect(answer).toMatch(/\r\nconnection: close\r\n/i);
  });

  it('is answered the same way when it is refused', async () => {
    expect(await raw('POST /ovirt-engine/api HTTP/1.1\r\nHost: localhost\r\nContent-Length: 17\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 401 [^]*connection: close/i,
    );
  });
});

describe('TLS', () => {
  const version = async (options: object): Promise<string | null> => {
    const socket = connect({ port: running.engine.port, host: '127.0.0.1', servername: 'localhost', ca: running.engine.ca, ...options });
    try {
      await once(socket, 'secureConnect');
      return socket.getProtocol();
    } finally {
      socket.destroy();
    }
  };

  it('is spoken in versions 1.2 and 1.3 only', async () => {
    expect(await version({})).toBe('TLSv1.3');
    expect(await version({ maxVersion: 'TLSv1.2' })).toBe('TLSv1.2');
    await expect(version({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' })).rejects.toThrow();
  });

  it('does not use old ciphers', async () => {
    await expect(version({ maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA:AES256-GCM-SHA384@SECLEVEL=0' })).rejects.toThrow();
  });
});
