import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { createClient, type HttpsClient } from './https-client.ts';
import type { TestPki } from './pki.ts';
import { logged, startService } from './service-process.ts';

export const providerSecret = 'Provider-Canary-Secret-0123456789';
export const providerScope = 'ovirt-app-api ovirt-ext=token-info:validate ovirt-ext=token-info:public-authz-search';

export interface TestProvider {
  readonly pid: number;
  readonly healthSocket: string;
  readonly keystonePort: number;
  readonly neutronPort: number;
  readonly keystone: HttpsClient;
  readonly neutron: HttpsClient;
  log(): string;
  sees(text: string): Promise<void>;
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

/** How one provider differs from another, by section and key. */
export type ProviderKeys = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Starts the real program, with the certificate `proxy` of a test's authority. */
export async function startOvnProvider(
  pki: TestPki,
  engine: { readonly port: number; readonly authority: string },
  remote: string,
  more: ProviderKeys = {},
): Promise<TestProvider> {
  const folder = await mkdtemp(join(pki.folder, 'ovn-provider-'));
  const [keystonePort, neutronPort] = [await freePort(), await freePort()];
  const healthSocket = join(folder, 'health.sock');
  const sections: ProviderKeys = {
    PROVIDER: {
      'provider-host': 'localhost',
      'listen-address': '127.0.0.1',
      'keystone-port': String(keystonePort),
      'neutron-port': String(neutronPort),
      'health-socket': healthSocket,
      ...more['PROVIDER'],
    },
    SSL: {
      'ssl-cert-file': pki.path('proxy.pem'),
      'ssl-key-file': pki.path('proxy.key'),
      'ssl-cacert-file': pki.path('ca.pem'),
      ...more['SSL'],
    },
    'OVN REMOTE': { 'ovn-remote': remote, ...more['OVN REMOTE'] },
    OVIRT: {
      'ovirt-host': `https://localhost:${engine.port}`,
      'ovirt-ca-file': engine.authority,
      'ovirt-sso-client-secret': providerSecret,
      ...more['OVIRT'],
    },
  };
  const text = Object.entries(sections).map(([name, keys]) =>
    [`[${name}]`, ...Object.entries(keys).map(([key, value]) => `${key}=${value}`), ''].join('\n'),
  );
  await mkdir(join(folder, 'conf.d'));
  await writeFile(join(folder, 'conf.d', '10-setup-ovirt-provider-ovn.conf'), text.join('\n'));

  const child = startService({
    name: 'ovn-provider',
    environment: { OVN_PROVIDER_CONF: join(folder, 'ovirt-provider-ovn.conf') },
  });
  await child.sees(logged('ready'));
  return {
    ...child,
    healthSocket,
    keystonePort,
    neutronPort,
    keystone: createClient(keystonePort, pki.ca),
    neutron: createClient(neutronPort, pki.ca),
  };
}

export interface Reply {
  readonly status: number;
  /** The body; empty where there is none. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** Calls the network API with a token. */
export const caller =
  (client: HttpsClient, token: string) =>
  async (method: string, path: string, body?: object): Promise<Reply> => {
    const headers = { 'x-auth-token': token, 'content-type': 'application/json' };
    const answer = await client(path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    return { status: answer.status, body: answer.body === '' ? {} : (JSON.parse(answer.body) as Reply['body']) };
  };
