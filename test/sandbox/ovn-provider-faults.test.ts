import { connect } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { ovnIsHere, startOvn, type TestOvn } from '../support/ovn.ts';
import { caller, type ProviderKeys, startOvnProvider, type TestProvider } from '../support/ovn-provider.ts';
import { makePki, type TestPki } from '../support/pki.ts';
import { administrator, type Said, type SignOnServer, startSignOn } from '../support/sign-on-server.ts';
import { eventually } from '../support/trial.ts';

/* What the provider makes of an engine and an OVN that do not do what they should, and of hostile clients. */

let pki: TestPki;
let ovn: TestOvn;
let signOn: SignOnServer;
let provider: TestProvider;

const begin = (remote: string, more: ProviderKeys = {}, engine = signOn) =>
  startOvnProvider(pki, { port: engine.port, authority: pki.path('ca.pem') }, remote, more);

beforeAll(async () => {
  if (!ovnIsHere) return;
  pki = await makePki();
  ovn = await startOvn({ files: { key: pki.path('host.key'), certificate: pki.path('host.pem'), authority: pki.path('ca.pem') } });
  signOn = await startSignOn(pki);
  const quick = { OVIRT: { 'ovirt-auth-timeout': '1' }, 'OVN REMOTE': { 'ovn-timeout': '1' } };
  provider = await begin(ovn.socket, quick);
  await provider.sees('connected with the northbound database');
});
afterAll(async () => {
  if (!ovnIsHere) return;
  await provider.end();
  await signOn.close();
  await ovn.stop();
  await pki.remove();
});

let tokens = 0;
/** A token that the provider has not seen. */
const fresh = () => caller(provider.neutron, `token-${tokens++}`);
const messageOf = ({ body }: { body: Readonly<Record<string, unknown>> }): string => (body['error'] as { message: string }).message;

describe.skipIf(!ovnIsHere)('an engine', () => {
  test.each<[string, Said, number, string]>([
    ['is silent', null, 504, 'did not answer within 1 s'],
    ['is being started, behind its web server', { status: 503, body: '<html>' }, 502, 'answers 503'],
    ['has never heard of the provider', { status: 400, body: { error: 'unauthorized_client' } }, 502, 'does not know this provider'],
    ['has too much to do', { status: 429, body: { error_code: 'temporarily_unavailable' } }, 503, 'Too many sign in'],
    ['knows no such token', { status: 400, body: { error: 'invalid_grant' } }, 401, 'token'],
    ['knows nobody to the token', { status: 200, body: {} }, 401, 'token'],
    ['knows another user to it', { status: 200, body: { user_id: 'other@internal' } }, 403, 'may not use'],
  ])('that %s', async (_what, said, status, message) => {
    signOn.say(said);
    const answer = await fresh()('GET', '/v2.0/networks');
    expect([answer.status, messageOf(answer)]).toEqual([status, expect.stringContaining(message)]);
    signOn.say(administrator);
  });

  test('that is not there, or whose certificate nobody vouches for, lets nobody in', async () => {
    const stranger = await startSignOn(pki, 'stranger');
    const other = await begin(ovn.socket, {}, stranger);
    const call = caller(other.neutron, 'token');
    expect(messageOf(await call('GET', '/v2.0/networks'))).toMatch(/cannot be reached.*(certificate|issuer)/);
    await stranger.close();
    expect((await call('GET', '/v2.0/networks')).status).toBe(502);
    expect(stranger.asked()).toBe(0);
    await other.end();
  });

  test('is asked once for many requests with one token', async () => {
    const call = fresh();
    const before = signOn.asked();
    const answers = await Promise.all(Array.from({ length: 20 }, () => call('GET', '/v2.0/networks')));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(signOn.asked() - before).toBe(1);
  });
});

describe.skipIf(!ovnIsHere)('a northbound database', () => {
  test('that hangs makes changes slow, and that is said', async () => {
    const call = fresh();
    expect((await call('GET', '/v2.0/networks')).status).toBe(200);
    ovn.signal('SIGSTOP');
    const answer = await call('POST', '/v2.0/networks', { network: { name: 'slow' } });
    ovn.signal('SIGCONT');
    expect([answer.status, messageOf(answer)]).toEqual([504, expect.stringContaining('no answer within 1 s')]);
  });

  test('whose certificate is of another authority is not spoken to, nor one that is none at all', async () => {
    const foreign = await startOvn({
      files: { key: pki.path('stranger.key'), certificate: pki.path('stranger.pem'), authority: pki.path('ca.pem') },
    });
    const other = await begin(foreign.tls);
    await other.sees('cannot reach the northbound database');
    expect((await caller(other.neutron, 'token')('GET', '/v2.0/networks')).status).toBe(502);
    await other.end();
    await foreign.stop();
    const nobody = await begin(`ssl:127.0.0.1:${await freePort()},${ovn.socket}`);
    await nobody.sees('cannot reach the northbound database');
    await nobody.sees('connected with the northbound database');
    await nobody.end();
  });

  test('lets nobody in without a certificate of the authority', async () => {
    const stranger = await begin(ovn.tls, { SSL: { 'ssl-cert-file': pki.path('stranger.pem'), 'ssl-key-file': pki.path('stranger.key') } });
    await stranger.sees('cannot reach the northbound database');
    await stranger.end();
  });

  test('that is changed in between refuses what does not fit any more, and nothing is half done', async () => {
    const call = fresh();
    const made = await call('POST', '/v2.0/networks', { network: { name: 'race' } });
    const { id } = made.body['network'] as { id: string };
    // While it hangs, requests wait for it; then the switch is gone.
    ovn.signal('SIGSTOP');
    const removed = ovn.nbctl('ls-del', id);
    const port = call('POST', '/v2.0/ports', { port: { network_id: id } });
    ovn.signal('SIGCONT');
    await removed;
    expect([404, 409, 201]).toContain((await port).status);
    await eventually(
      'no port without a network',
      async () => (await ovn.nbctl('--bare', '--columns=name', 'list', 'Logical_Switch_Port')) === '',
    );
  });
});

describe.skipIf(!ovnIsHere)('a client', () => {
  test('gets no further with the configuration than what it may know', async () => {
    const answer = await provider.keystone('/v2.0/tokens', { body: JSON.stringify({ auth: {} }) });
    expect([answer.status, JSON.parse(answer.body)]).toMatchObject([400, { error: { code: 400, title: 'Bad Request' } }]);
  });

  test('that speaks without TLS, or not at all, is cut', async () => {
    const socket = connect(provider.neutronPort, '127.0.0.1').on('error', () => undefined);
    socket.resume().write('GET /v2.0/networks HTTP/1.1\r\n\r\n');
    await once(socket, 'close');
  });

  test('that goes away in the middle of a request does no harm', async () => {
    for (let turn = 0; turn < 20; turn++) {
      const socket = connect(provider.neutronPort, '127.0.0.1').on('error', () => undefined);
      await once(socket, 'connect');
      socket.destroy();
    }
    expect((await fresh()('GET', '/v2.0/networks')).status).toBe(200);
    expect(provider.log()).not.toContain('internal error');
  });
});
