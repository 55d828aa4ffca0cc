import type { Answer, Request } from './http/exchange.ts';
import { badRequest, Fault } from './http/fault.ts';
import { type Fields, required, unwrap } from './http/fields.ts';
import type { Door } from './sign-on/door.ts';

/** The one tenant that there is. */
export const tenantId = '00000000000000000000000000000001';

export interface KeystoneParts {
  readonly door: Door;
  /** Under which clients reach the provider. */
  readonly host: string;
  readonly keystonePort: number;
  readonly neutronPort: number;
  /** How long a token is said to live; null: nothing is said. */
  readonly tokenSeconds: number | null;
  readonly now: () => number;
}

/** What a version of an API is told as. */
export const versions = (url: string): object => ({
  versions: [{ id: 'v2.0', status: 'CURRENT', links: [{ href: url, rel: 'self' }] }],
});

/** The identity API, version 2.0: tokens of the engine, handed on. */
export function createKeystone({ door, host, keystonePort, neutronPort, tokenSeconds, now }: KeystoneParts) {
  const identity = `https://${host}:${keystonePort}/v2.0/`;
  const endpoint = (url: string, number: number) => ({
    adminURL: url,
    internalURL: url,
    publicURL: url,
    region: 'RegionOne',
    id: String(number).padStart(32, '0'),
  });
  const catalog = [
    // Clients add the version themselves, as Neutron has it everywhere.
    { type: 'network', name: 'neutron', endpoints_links: [], endpoints: [endpoint(`https://${host}:${neutronPort}`, 1)] },
    { type: 'identity', name: 'keystone', endpoints_links: [], endpoints: [endpoint(identity, 2)] },
    // Clients look for it. It leads to the network API: there is no such service.
    { type: 'compute', name: 'nova', endpoints_links: [], endpoints: [endpoint(`https://${host}:${neutronPort}/v2.1/`, 2)] },
  ];
  const tenant = { id: tenantId, name: 'tenant', description: 'tenant', enabled: true };

  async function tokenFor(auth: Fields): Promise<{ readonly id: string; readonly name: string }> {
    const credentials = auth.object('passwordCredentials');
    if (credentials !== undefined && credentials !== null) {
      const user = required(credentials, 'username');
      const password = credentials.text('password', 1024) ?? '';
      return { id: await door.signIn(user, password), name: user.split('@', 1)[0] ?? user };
    }
    const present = auth.object('token');
    if (present === undefined || present === null) throw badRequest('auth needs passwordCredentials or a token.');
    const id = present.text('id', 1024) ?? '';
    await door.admit(id);
    return { id, name: 'admin' };
  }

  const access = (id: string, name: string): object => ({
    access: {
      token: {
        id,
        expires: tokenSeconds === null ? null : new Date(now() + tokenSeconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z'),
      },
      user: { username: name, name, id: '', roles: [{ name: 'admin' }], roles_links: [] },
      serviceCatalog: catalog,
    },
  });

  return async ({ method, path, body }: Request): Promise<Answer> => {
    const [what, ...more] = path;
    const reads = method === 'GET' || method === 'HEAD';
    if (what === undefined) {
      if (reads) return { status: 200, body: versions(identity) };
      throw new Fault(405, 'Only GET is known here.');
    }
    if (what === 'tokens' && more.length === 0) {
      if (method !== 'POST') throw new Fault(405, 'Only POST is known here.');
      const { id, name } = await tokenFor(unwrap(await body(), 'auth'));
      return { status: 200, body: access(id, name) };
    }
    if (what === 'tenants' && more.length === 0) {
      if (!reads) throw new Fault(405, 'Only GET is known here.');
      return { status: 200, body: { tenants: [tenant] } };
    }
    throw new Fault(404, 'There is nothing at this address.');
  };
}
