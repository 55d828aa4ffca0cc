import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { createServer as createTlsServer } from 'node:tls';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeCertificate } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { healthAt } from '../support/health.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { eventually } from '../support/trial.ts';

const main = fileURLToPath(new URL('../../src/services/notifier/main.ts', import.meta.url));
const has = (program: string, args: readonly string[]): boolean => spawnSync(program, args, { stdio: 'ignore' }).status === 0;
const hasSmtpd = has('python3', ['-W', 'ignore', '-c', 'import smtpd']);
const hasSnmptrapd = has('snmptrapd', ['--version']);

let postgres: TestPostgres;
let folder: string;
beforeAll(async () => {
  postgres = await startPostgres();
  folder = await mkdtemp(join(tmpdir(), 'notifier-'));
});
afterAll(async () => {
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => postgres.query('delete from audit_log'));
// Each test begins with a notifier that has never been there.
beforeEach(() => postgres.query('delete from external_variable'));

interface Program {
  readonly child: ChildProcess;
  output(): string;
  end(signal?: NodeJS.Signals): Promise<number | null>;
  /** The exit code, once it has ended by itself. */
  ended(): Promise<number | null>;
}

function run(argv: readonly [string, ...string[]], env: NodeJS.ProcessEnv = {}): Program {
  const [file, ...args] = argv;
  const child = spawn(file, args, { env: { PATH: process.env['PATH'], ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return {
    child,
    output: () => output,
    async ended() {
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      return child.exitCode;
    },
    async end(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'exit');
        child.kill(signal);
        await ended;
      }
      return child.exitCode;
    },
  };
}

let runs = 0;
/** Starts the real program with these settings. */
async function startNotifier(
  settings: Readonly<Record<string, string>>,
  { until = '"message":"ready"', env = {} }: { readonly until?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Program> {
  const own = join(folder, String(++runs));
  const write = async (file: string, keys: Readonly<Record<string, string>>): Promise<void> => {
    await mkdir(join(own, file, '..'), { recursive: true });
    const quote = (value: string): string => `"${value.replace(/["\\$]/g, '\\$&')}"`;
    const lines = Object.entries(keys).map(([key, value]) => `${key}=${quote(value)}\n`);
    await writeFile(join(own, file), lines.join(''));
  };
  const { host, port, user, password, database } = postgres;
  await write('engine.conf', {
    ENGINE_DB_HOST: host,
    ENGINE_DB_PORT: String(port),
    ENGINE_DB_USER: user,
    ENGINE_DB_PASSWORD: password,
    ENGINE_DB_DATABASE: database,
  });
  await write('notifier.conf.d/20-own.conf', { INTERVAL_IN_SECONDS: '1', IDLE_INTERVAL: '1', ...settings });
  const program = run([process.execPath, main], {
    ...env,
    NOTIFIER_CONF: join(own, 'notifier.conf'),
    ENGINE_CONF: join(own, 'engine.conf'),
  });
  await eventually(`the notifier says ${until}`, () => program.output().includes(until) || program.child.exitCode !== null);
  expect(program.output()).toContain(until);
  return program;
}

const happens = (name: string, message: string, severity = 2): Promise<unknown> =>
  postgres.query(
    `insert into audit_log (log_time, log_type, log_type_name, severity, message, user_name) values (now(), 114, $1, $2, $3, 'jane@internal')`,
    [name, severity, message],
  );
interface Told {
  readonly name: string;
  readonly to: string;
  readonly status: boolean;
  readonly reason: string | null;
}
const told = (): Promise<readonly Told[]> =>
  postgres.query<Told>(
    `select event_name as name, method_type || ':' || method_address as to, status, reason from event_notification_hist order by id`,
  );

/** An SMTP server that refuses one box, and may be silent. */
async function refusingServer(
  port: number,
  tls?: { readonly key: string; readonly cert: string },
): Promise<{ readonly boxes: readonly string[]; close(): Promise<void> }> {
  const boxes: string[] = [];
  const sockets = new Set<Socket>();
  const serve = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    let data = false;
    socket.write('220 test\r\n');
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      for (const line of chunk.split('\r\n').filter((one) => one !== '')) {
        if (data && line !== '.') continue;
        if (/^rcpt to:<bad@/i.test(line)) socket.write('550 no such box\r\n');
        else if (/^data/i.test(line)) socket.write('354 go on\r\n');
        else socket.write('250 fine\r\n');
        if (/^rcpt/i.test(line)) boxes.push(line);
        data = /^data/i.test(line) || (data && line !== '.');
      }
    });
  };
  const server = (tls === undefined ? createServer(serve) : createTlsServer(tls, serve)).listen(port, '127.0.0.1');
  server.on('tlsClientError', () => undefined);
  await once(server, 'listening');
  return {
    boxes,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('mail', () => {
  it.skipIf(!hasSmtpd)('tells who wants to know, by the filter and by subscription, each once, also across a restart', async () => {
    const port = await freePort();
    // The server of Python prints what it gets.
    const server = run(['python3', '-u', '-W', 'ignore', '-m', 'smtpd', '-n', '-c', 'DebuggingServer', `127.0.0.1:${port}`]);
    await postgres.query(
      `with u as (insert into users (user_id, external_id, domain, username, email) values (gen_random_uuid(), 'jane', 'd', 'jane', 'jane@example.com') returning user_id)
       insert into event_subscriber (subscriber_id, event_up_name) select user_id, 'VDS_FAILURE' from u`,
    );
    const settings = { MAIL_SERVER: '127.0.0.1', MAIL_PORT: String(port), FILTER: 'include:*:ERROR(smtp:boss@example.com) exclude:*' };
    await happens('BEFORE', 'this was before the notifier');
    const notifier = await startNotifier(settings);
    try {
      await happens('USER_VDC_LOGIN_FAILED', 'User <jane> failed to log in\r\nBcc: evil@example.com');
      await happens('USER_VDC_LOGIN', 'nothing bad', 0);
      await happens('VDS_ACTIVATE', 'host is back', 0);
      await eventually('both are told', async () => (await told()).length === 2);
      expect(await notifier.end()).toBe(0);
      const next = await startNotifier(settings);
      await happens('LAST', 'one more');
      await eventually('it is told', async () => (await told()).length === 3);
      await next.end();
      expect((await told()).map(({ name, to, status }) => [name, to, status])).toEqual([
        ['USER_VDC_LOGIN_FAILED', 'smtp:boss@example.com', true],
        ['VDS_ACTIVATE', 'smtp:jane@example.com', true],
        ['LAST', 'smtp:boss@example.com', true],
      ]);
      const mails = server.output();
      expect(mails).toContain('User Name: jane@internal');
      expect(mails).toMatch(/Subject: alertMessage \(.*\), \[User <jane> failed to log in/);
      expect(mails).toContain('Subject: resolveMessage');
      expect(mails).not.toMatch(/^b'Bcc/m);
      expect(mails).not.toContain('this was before');
      expect(await postgres.query('select 1 from audit_log where not processed')).toEqual([]);
    } finally {
      await notifier.end();
      await server.end();
      await postgres.query('delete from users');
    }
  });

  it('that is refused is given up after so many attempts, with the reason kept', async () => {
    const port = await freePort();
    const server = await refusingServer(port);
    const notifier = await startNotifier({
      MAIL_SERVER: '127.0.0.1',
      MAIL_PORT: String(port),
      MAIL_RETRIES: '2',
      FILTER: 'include:*(smtp:bad@example.com) include:*(smtp:good@example.com)',
    });
    try {
      await happens('E', 'text');
      await eventually('it is given up', () => notifier.output().includes('an event could not be sent'));
      await eventually('it is done', async () => (await postgres.query('select 1 from audit_log where not processed')).length === 0);
      expect((await told()).map(({ to, status }) => [to, status]).sort()).toEqual([
        ['smtp:bad@example.com', false],
        ['smtp:bad@example.com', false],
        ['smtp:good@example.com', true],
      ]);
      expect((await told()).find(({ status }) => !status)?.reason).toContain('550 no such box');
    } finally {
      await notifier.end();
      await server.close();
    }
  });

  it('waits for a server that is not there, and for a database that comes back', async () => {
    const port = await freePort();
    const notifier = await startNotifier({
      MAIL_SERVER: '127.0.0.1',
      MAIL_PORT: String(port),
      MAIL_PASSWORD: 'canary-Mail',
      MAIL_RETRIES: '1',
      FILTER: 'include:*(smtp:good@example.com)',
    });
    try {
      await happens('E', 'text');
      await eventually('it is noticed', () => notifier.output().includes('smtp cannot be reached, events wait for it'));
      await postgres.kill();
      await eventually('that, too', () => notifier.output().includes('events cannot be read'));
      await postgres.start();
      const server = await refusingServer(port);
      await eventually('it is told', async () => (await told()).length === 1);
      expect(server.boxes.at(-1)).toContain('good@example.com');
      await server.close();
      expect(notifier.output()).not.toContain('canary-Mail');
      expect(notifier.output()).not.toContain(postgres.password);
    } finally {
      await notifier.end();
    }
  });

  it('that waits, and what happens meanwhile, is sent after a restart, but not after more than a day', async () => {
    const port = await freePort();
    const settings = { MAIL_SERVER: '127.0.0.1', MAIL_PORT: String(port), FILTER: 'include:*(smtp:good@example.com)' };
    const waiting = await startNotifier(settings);
    await happens('WAITS', 'text');
    await eventually('it is noticed', () => waiting.output().includes('smtp cannot be reached'));
    expect(await waiting.end()).toBe(0);
    await happens('MEANWHILE', 'text');
    const server = await refusingServer(port);
    const next = await startNotifier(settings);
    await eventually('both are told', async () => (await told()).length === 2);
    expect((await told()).map(({ name }) => name)).toEqual(['WAITS', 'MEANWHILE']);
    await next.end();

    await happens('LONG_AGO', 'text');
    await postgres.query(`update external_variable set _update_date = now() - interval '25 hours'`);
    const late = await startNotifier(settings);
    await happens('NOW', 'text');
    await eventually('the new one is told', async () => (await told()).length === 3);
    expect((await told()).map(({ name }) => name)).toEqual(['WAITS', 'MEANWHILE', 'NOW']);
    await late.end();
    await server.close();
  });

  it('over TLS is sent to a server whose certificate somebody vouches for, and to no other', async () => {
    const files = await makeCertificate(folder, 'mail', { subject: '/CN=localhost', names: 'DNS:localhost' });
    const [key, cert] = await Promise.all([files.key, files.certificate].map((path) => readFile(path, 'utf8')));
    const port = await freePort();
    const server = await refusingServer(port, { key: key!, cert: cert! });
    const settings = {
      MAIL_SERVER: 'localhost',
      MAIL_PORT: String(port),
      MAIL_SMTP_ENCRYPTION: 'ssl',
      FILTER: 'include:*(smtp:good@example.com)',
      DAYS_TO_SEND_ON_STARTUP: '1',
    };
    const wary = await startNotifier(settings);
    await happens('E', 'text');
    await eventually('it is noticed', () => wary.output().includes('smtp cannot be reached'));
    await wary.end();
    expect(server.boxes).toEqual([]);
    const trusting = await startNotifier(settings, { env: { NODE_EXTRA_CA_CERTS: join(folder, 'mail.pem') } });
    await eventually('it is told', async () => (await told()).length === 1);
    await trusting.end();
    await server.close();
  });

  it('that has to be encrypted is not sent to a server that cannot', async () => {
    const port = await freePort();
    const server = await refusingServer(port);
    const notifier = await startNotifier({
      MAIL_SERVER: '127.0.0.1',
      MAIL_PORT: String(port),
      MAIL_SMTP_ENCRYPTION: 'tls',
      FILTER: 'include:*(smtp:good@example.com)',
    });
    await happens('E', 'text');
    await eventually('it is noticed', () => notifier.output().includes('smtp cannot be reached'));
    expect(server.boxes).toEqual([]);
    await notifier.end();
    await server.close();
  });
});

describe.skipIf(!hasSnmptrapd)('SNMP traps', () => {
  const engineId = '800000000102030405';

  /** Debian's receiver of traps. */
  async function receiver(): Promise<Program & { readonly port: number }> {
    const port = await freePort();
    const home = await mkdtemp(join(folder, 'snmp-'));
    await writeFile(
      join(home, 'snmptrapd.conf'),
      `authCommunity log canary-community\ncreateUser -e 0x${engineId} jane SHA canary-auth AES canary-priv\nauthUser log jane priv\n`,
    );
    const argv = ['snmptrapd', '-f', '-Lo', '-On', '-C', '-c', join(home, 'snmptrapd.conf'), `udp:127.0.0.1:${port}`] as const;
    const program = run(argv, { SNMP_PERSISTENT_DIR: home, MIBS: '' });
    await eventually('snmptrapd listens', () => program.output().includes('NET-SNMP version'));
    return { ...program, port };
  }

  it.each([
    ['2c', { SNMP_COMMUNITY: 'canary-community' }],
    [
      '3, authenticated and encrypted',
      {
        SNMP_VERSION: '3',
        SNMP_ENGINE_ID: engineId,
        SNMP_USERNAME: 'jane',
        SNMP_SECURITY_LEVEL: '3',
        SNMP_AUTH_PROTOCOL: 'SHA',
        SNMP_AUTH_PASSPHRASE: 'canary-auth',
        SNMP_PRIVACY_PROTOCOL: 'AES128',
        SNMP_PRIVACY_PASSPHRASE: 'canary-priv',
      },
    ],
  ])('of version %s are understood, also those of the next start', async (_version, settings) => {
    const traps = await receiver();
    const all = { SNMP_MANAGERS: `127.0.0.1:${traps.port}`, FILTER: 'include:*(snmp:)', ...settings };
    try {
      for (const text of ['a first text', 'a second text']) {
        const notifier = await startNotifier(all);
        await happens('VDS_FAILURE', text);
        await eventually(`${text} arrives`, () => traps.output().includes(`STRING: "${text}"`));
        await notifier.end();
        expect(notifier.output()).not.toMatch(/canary-(auth|priv)/);
      }
      const base = '.1.3.6.1.4.1.2312.13.1.1';
      expect(traps.output()).toContain(`.1.3.6.1.6.3.1.1.4.1.0 = OID: ${base}.0.1`);
      expect(traps.output()).toContain(`${base}.2.1.2 = STRING: "VDS_FAILURE"`);
      expect(traps.output()).toContain(`${base}.2.1.4 = INTEGER: 2`);
      expect(traps.output()).toContain(`${base}.2.1.100 = STRING: "jane@internal"`);
      expect((await told()).map(({ to, status }) => [to, status])).toEqual([
        ['snmp:', true],
        ['snmp:', true],
      ]);
    } finally {
      await traps.end();
    }
  });
});

it('a setting that makes no sense is refused', async () => {
  const notifier = await startNotifier({ FILTER: 'include everything' }, { until: '"message":"cannot start"' });
  expect(await notifier.ended()).toBe(1);
  expect(notifier.output()).toContain('FILTER cannot be read from here on');
});

describe('a second notifier', () => {
  it('ends at once, and leaves the first one its health socket', async () => {
    const settings = { NOTIFIER_HEALTH_SOCKET: join(folder, 'second.sock') };
    const first = await startNotifier(settings);
    try {
      const second = await startNotifier(settings, { until: 'is running already' });
      expect(await second.ended()).toBe(1);
      expect(await healthAt(settings.NOTIFIER_HEALTH_SOCKET)).toMatchObject({ service: 'engine-notifier', state: 'ready' });
    } finally {
      await first.end();
    }
  });
});
