import { afterAll, beforeAll, expect } from 'vitest';
import { ovnIsHere, startOvn, type TestOvn } from './ovn.ts';
import { caller, type Reply, startOvnProvider, type TestProvider } from './ovn-provider.ts';
import { makePki, type TestPki } from './pki.ts';
import { type SignOnServer, startSignOn } from './sign-on-server.ts';
import { there } from './there.ts';

/** A resource in an answer. */
export type Entity = Readonly<Record<string, unknown>> & { readonly id: string };

/** What the tests of a file share. To be used inside of tests and hooks, where it runs. */
export interface RunningOvnProvider {
  readonly provider: TestProvider;
  readonly ovn: TestOvn;
  /** Calls the network API as the user who may use it. */
  readonly call: (method: string, path: string, body?: object) => Promise<Reply>;
  /** Adds a resource, which must be answered with 201: `add('networks', 'network', { name: 'blue' })`. */
  readonly add: (rel: string, one: string, fields: object) => Promise<Entity>;
  readonly list: (path: string) => Promise<readonly Entity[]>;
}

/**
 * Runs the provider for all tests of the file, between a server that vouches for every token and the real databases of OVN, with TLS and
 * their own translation into flows.
 */
export function useOvnProvider(): RunningOvnProvider {
  let running: { pki: TestPki; ovn: TestOvn; signOn: SignOnServer; provider: TestProvider } | undefined;
  beforeAll(async () => {
    if (!ovnIsHere) return;
    const pki = await makePki();
    const files = { key: pki.path('host.key'), certificate: pki.path('host.pem'), authority: pki.path('ca.pem') };
    const ovn = await startOvn({ files, northd: true });
    const signOn = await startSignOn(pki);
    const provider = await startOvnProvider(pki, { port: signOn.port, authority: pki.path('ca.pem') }, ovn.tls);
    running = { pki, ovn, signOn, provider };
    await provider.sees('connected with the northbound database');
  });
  afterAll(async () => {
    await running?.provider.end();
    await running?.signOn.close();
    await running?.ovn.stop();
    await running?.pki.remove();
  });
  const call: RunningOvnProvider['call'] = (...request) => caller(there(running).provider.neutron, 'token')(...request);
  return {
    get provider() {
      return there(running).provider;
    },
    get ovn() {
      return there(running).ovn;
    },
    call,
    add: async (rel, one, fields) => entity(await call('POST', `/v2.0/${rel}`, { [one]: fields }), 201),
    list: async (path) => Object.values((await call('GET', path)).body)[0] as readonly Entity[],
  };
}

/** The resource in an answer that must have a status. */
export function entity({ status, body }: Reply, wanted: number): Entity {
  expect(body).not.toHaveProperty('error');
  expect(status).toBe(wanted);
  return Object.values(body)[0] as Entity;
}

/** What a fault says. */
export const messageOf = ({ body }: Reply): string => (body['error'] as { message: string }).message;
