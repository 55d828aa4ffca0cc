import { randomBytes, scryptSync } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as runtime from '../../plugins/engine/runtime.ts';
import { readVersion } from '../../src/services/engine/version.ts';
import { makeCertificate } from './certificates.ts';
import { freePort } from './free-port.ts';
import { createClient, type HttpsClient } from './https-client.ts';
import type { TestPostgres } from './postgres.ts';
import { logged, startService } from './service-process.ts';

/** Our own version, as the project names it. */
export const ownVersion = (await readVersion()).own;

export const adminPassword = 'Canary-Pass w0rd&=%';
export const clientSecret = 'Client-Canary-Secret/+=';

export interface TestEngine {
  readonly pid: number;
  readonly client: HttpsClient;
  readonly port: number;
  readonly ca: string;
  readonly folder: string;
  readonly healthSocket: string;
  /** Everything the engine wrote to its output so far. */
  log(): string;
  /** Waits for a line with this message. */
  sees(message: string): Promise<void>;
  /** Sends a signal and returns the exit code. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
  /** The exit code, once it ended by itself. */
  ended(): Promise<number | null>;
  /** Ends it and removes its files. */
  stop(): Promise<void>;
}

export interface EngineOptions {
  readonly settings?: Readonly<Record<string, string>>;
  /** The message to wait for before returning. */
  readonly until?: string;
}

/** Starts the real program, with TLS, certificates of its own and the given database. */
export async function startEngine(postgres: TestPostgres, { settings = {}, until = 'ready' }: EngineOptions = {}): Promise<TestEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'engine-'));
  await makeCertificates(folder);
  const port = await freePort();
  // Longer than the address of a socket may be.
  const run = join(folder, 'a-rather-long-name-for-a-folder'.repeat(3));
  await mkdir(run);
  const healthSocket = join(run, 'engine-health.sock');
  const config = join(folder, 'engine.conf');
  await writeConfig(`${config}.d/10-setup-database.conf`, databaseKeys(postgres));
  await writeConfig(`${config}.d/10-setup-other.conf`, { ...engineKeys(folder, port), ENGINE_HEALTH_SOCKET: healthSocket, ...settings });

  const child = startService({
    name: 'engine',
    options: runtime.options,
    environment: { ...runtime.environment, ENGINE_CONF: config },
  });
  const ca = await readFile(join(folder, 'ca.pem'), 'utf8');
  const engine: TestEngine = {
    pid: child.pid,
    client: createClient(port, ca),
    port,
    ca,
    folder,
    healthSocket,
    log: child.log,
    sees: (message) => child.sees(logged(message)),
    end: child.end,
    ended: () => child.end(null),
    async stop() {
      await child.end();
      await rm(folder, { recursive: true, force: true });
    },
  };
  await engine.sees(until);
  return engine;
}

export interface TestClient {
  readonly id: string;
  readonly secret: string;
  readonly scope: string;
  readonly redirects?: readonly string[];
  readonly trusted?: boolean;
  readonly callback?: string;
  readonly signedUserInfo?: boolean;
}

/** Everything the engine's own client may ask for. */
export const coreScope =
  'openid ovirt-app-portal ovirt-app-admin ovirt-app-api ovirt-ext=auth:identity ovirt-ext=token:password-access ' +
  'ovirt-ext=auth:sequence-priority ovirt-ext=token:login-on-behalf ovirt-ext=token-info:authz-search ' +
  'ovirt-ext=token-info:public-authz-search ovirt-ext=token-info:validate ovirt-ext=revoke:revoke-all';

/** Registers a client of single sign-on. */
export async function addClient(postgres: TestPostgres, client: TestClient): Promise<void> {
  const { id, secret, scope, redirects = [], trusted = true, callback = null, signedUserInfo = false } = client;
  await postgres.query(
    `insert into sso_clients (client_id, client_secret, scope, trusted, notification_callback, encrypted_userinfo)
     values ($1, $2, $3, $4, $5, $6)`,
    [id, hash(secret), scope, trusted, callback, signedUserInfo],
  );
  await postgres.query('insert into sso_client_redirects (client_id, redirect_uri) select $1, unnest($2::text[])', [id, redirects]);
}

/** Gives the engine its administrator and registers it with single sign-on, as setup does. */
export async function addAdmin(postgres: TestPostgres, password = adminPassword): Promise<void> {
  await addClient(postgres, { id: 'ovirt-engine-core', secret: clientSecret, scope: coreScope });
  await addUser(postgres, 'admin', password);
  await giveRole(postgres, 'admin', 'SuperUser');
}

/** Kinds of objects, by the numbers that go with permissions on them. */
export const objectKinds = { machine: 2, cluster: 9, disk: 19, macPool: 28 } as const;

/** Gives an account of the internal directory a role, everywhere or on one object. */
export async function giveRole(
  postgres: Pick<TestPostgres, 'query'>,
  name: string,
  role: string,
  on?: { readonly kind: keyof typeof objectKinds; readonly id: string },
): Promise<void> {
  await postgres.query(`select attach_user_to_role($1, 'internal-authz', '*', uuid::text, $2) from aaa_jdbc.users where name = $1`, [
    name,
    role,
  ]);
  if (on === undefined) return;
  await postgres.query(
    `update permissions set object_id = $3, object_type_id = $4
     where ad_element_id = (select user_id from users where username = $1) and role_id = (select id from roles where name = $2)`,
    [name, role, on.id, objectKinds[on.kind]],
  );
}

/** Who may log in, and has a role on something in which there is neither a host nor storage. */
export const mortal = { name: 'mortal', password: 'Mortal-Pass-1' } as const;
export async function addMortal(postgres: TestPostgres): Promise<void> {
  await addUser(postgres, mortal.name, mortal.password);
  const [pool] = await postgres.query<{ id: string }>('select id from mac_pools');
  await giveRole(postgres, mortal.name, 'UserRole', { kind: 'macPool', id: pool?.id ?? '' });
}

/** Adds an account to the internal directory, without any role. */
export async function addUser(
  postgres: TestPostgres,
  name: string,
  password: string,
  { validTo = "now() + interval '73000 days'", disabled = 0 } = {},
): Promise<void> {
  await postgres.query(
    `with account as (insert into aaa_jdbc.users (uuid, name, password, password_valid_to, disabled)
       values (gen_random_uuid(), $1, $2, ${validTo}, ${disabled}) returning id)
     insert into aaa_jdbc.user_attributes (user_id, name, value) select id, 'firstName', $3 from account`,
    [name, hash(password), name],
  );
}

/** The stored form of a password, with little work so that tests are quick. */
export function hash(password: string, ln = 10): string {
  const salt = randomBytes(16);
  const text = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');
  return `$scrypt$ln=${ln},r=8,p=1$${text(salt)}$${text(scryptSync(password, salt, 32, { N: 2 ** ln, r: 8, p: 1, maxmem: 2 ** 28 }))}`;
}

function databaseKeys(postgres: TestPostgres): Record<string, string> {
  return {
    ENGINE_DB_HOST: postgres.host,
    ENGINE_DB_PORT: String(postgres.port),
    ENGINE_DB_USER: postgres.user,
    ENGINE_DB_PASSWORD: postgres.password,
    ENGINE_DB_DATABASE: postgres.database,
    ENGINE_DB_SECURED: 'False',
    ENGINE_DB_SECURED_VALIDATION: 'False',
  };
}

function engineKeys(folder: string, port: number): Record<string, string> {
  return {
    ENGINE_FQDN: 'localhost',
    ENGINE_PKI_CA: join(folder, 'ca.pem'),
    ENGINE_PKI_ENGINE_CERT: join(folder, 'engine.cer'),
    ENGINE_PKI_ENGINE_KEY: join(folder, 'engine.key'),
    ENGINE_SSO_AUTH_URL: `https://localhost:${port}/ovirt-engine/sso`,
    ENGINE_HTTPS_ENABLED: 'true',
    ENGINE_HTTPS_ADDRESS: '127.0.0.1',
    ENGINE_HTTPS_PORT: String(port),
    ENGINE_HTTPS_PKI_CERT: join(folder, 'engine.cer'),
    ENGINE_HTTPS_PKI_KEY: join(folder, 'engine.key'),
    ENGINE_SSO_CLIENT_ID: 'ovirt-engine-core',
    ENGINE_SSO_CLIENT_SECRET: clientSecret,
  };
}

async function writeConfig(file: string, keys: Record<string, string>): Promise<void> {
  await mkdir(join(file, '..'), { recursive: true });
  const quote = (value: string): string => `"${value.replace(/["\\$]/g, '\\$&')}"`;
  const lines = Object.entries(keys).map(([key, value]) => `${key}=${quote(value)}\n`);
  await writeFile(file, lines.join(''));
}

async function makeCertificates(folder: string): Promise<void> {
  await makeCertificate(folder, 'ca', { subject: '/O=Test/CN=Test CA' });
  await makeCertificate(folder, 'engine', { issuer: 'ca', subject: '/O=Test/CN=localhost', names: 'DNS:localhost,IP:127.0.0.1' });
  // As upstream's tools leave it: the readable form first, then the certificate.
  await writeFile(join(folder, 'engine.cer'), `Certificate:\n    Data:\n${await readFile(join(folder, 'engine.pem'), 'utf8')}`);
}
