import { createPrivateKey } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { machineStatuses } from '../../src/services/engine/machines/machine-status.ts';
import type { EnvelopeSigner } from '../../src/services/frame/envelope.ts';
import type { EngineSettings } from '../../src/services/vmconsole-proxy/settings.ts';
import { makeCertificate } from './certificates.ts';
import { objectKinds } from './engine.ts';
import type { TestPostgres } from './postgres.ts';
import type { RunningEngine } from './running-engine.ts';
import { addHost } from './simulated-host.ts';
import { addMachine } from './simulated-machines.ts';

/* Users with keys, consoles, and a VM console proxy that the engine knows. */

export const proxyUsage = '1.3.6.1.4.1.2312.13.1.2.1.1';

/** A public key of OpenSSH, as another program writes it. */
export const newSshKey = (type: 'ed25519' | 'rsa' | 'ecdsa' = 'ed25519', bits = 2048, comment = 'me@home'): string =>
  ssh2.utils.generateKeyPairSync(type, { bits: type === 'ecdsa' ? 256 : bits, comment }).public.trim();

export const partsOf = (key: string): { readonly type: string; readonly base64: string } => {
  const [type = '', base64 = ''] = key.split(' ');
  return { type, base64 };
};

/** A certificate with its key, issued by the authority of a test engine, in its folder. Without a usage it has none at all. */
export async function issueFor(folder: string, name: string, usage?: string, days = 30): Promise<EnvelopeSigner> {
  const files = await makeCertificate(folder, name, { issuer: 'ca', days, ...(usage === undefined ? {} : { usage }) });
  const [key, certificate] = await Promise.all([readFile(files.key), readFile(files.certificate, 'utf8')]);
  return { key: createPrivateKey(key), certificate };
}

/** How a proxy of this machine asks an engine: with the certificate that `issueFor` has made under a name. */
export const asking = ({ engine }: RunningEngine, name: string): EngineSettings => ({
  baseUrl: `https://localhost:${engine.port}/ovirt-engine/`,
  ca: join(engine.folder, 'ca.pem'),
  verifyHost: true,
  certificate: join(engine.folder, `${name}.pem`),
  key: join(engine.folder, `${name}.key`),
});

/** The same as a configuration of the proxy's programs. Returns the path of the main file. */
export async function configurationOf(
  settings: EngineSettings,
  folder: string,
  more: Readonly<Record<string, string>> = {},
): Promise<string> {
  const main = join(folder, 'helper.conf');
  await mkdir(folder, { recursive: true });
  const keys = {
    ENGINE_BASE_URL: settings.baseUrl,
    ENGINE_CA: settings.ca,
    TOKEN_CERTIFICATE: settings.certificate,
    TOKEN_KEY: settings.key,
    ...more,
  };
  await writeFile(
    main,
    Object.entries(keys)
      .map(([key, value]) => `${key}="${value}"\n`)
      .join(''),
  );
  return main;
}

/** Gives a user a key, as the API does. Returns the id of the user. */
export async function giveKey(postgres: TestPostgres, user: string, key: string): Promise<string> {
  const [row] = await postgres.query<{ id: string }>(
    `insert into user_profiles (user_id, property_name, property_type, property_content)
     select user_id, gen_random_uuid()::text, 'SSH_PUBLIC_KEY', $2 from users where username = $1 returning user_id::text as id`,
    [user, key],
  );
  return row?.id ?? '';
}

/** Adds a running virtual machine with a serial console, and its host where there is none at the address. Returns its id. */
export async function addConsole(postgres: TestPostgres, name: string, address = '127.0.0.1'): Promise<string> {
  const [known] = await postgres.query<{ id: string }>('select vds_id::text as id from vds_static where host_name = $1', [address]);
  const host = known?.id ?? (await addHost(postgres, { name: `host-of-${name}`, address, port: 54_321 }));
  const machine = await addMachine(postgres, { name, host, status: machineStatuses.up });
  await postgres.query(`insert into vm_device (device_id, vm_id, type, device) values (gen_random_uuid(), $1, 'console', 'console')`, [
    machine,
  ]);
  return machine;
}

/** Gives a user a role on one virtual machine. */
export const permit = (postgres: TestPostgres, user: string, vm: string, role = 'UserVmManager'): Promise<unknown> =>
  postgres.query(
    `insert into permissions (role_id, ad_element_id, object_id, object_type_id)
     select r.id, u.user_id, $2, ${objectKinds.machine} from roles r, users u where r.name = $3 and u.username = $1`,
    [user, vm, role],
  );
