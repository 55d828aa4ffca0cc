import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { askHealth } from '../../src/setup/host/health-socket.ts';
import { freePort } from '../support/free-port.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { eventually } from '../support/trial.ts';

const main = fileURLToPath(new URL('../../src/services/fence-kdump-listener/main.ts', import.meta.url));
const head = Buffer.from('402a301b01000000', 'hex');
const [one, six] = ['00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000006'];

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
  const others = ['00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000003'];
  await postgres.query(
    `insert into vds_static (vds_id, vds_name, host_name, cluster_id)
     select id, id, id, (select cluster_id from cluster) from unnest($1::uuid[]) id`,
    [[one, six, ...others]],
  );
  await postgres.query(
    `insert into vds_interface (id, name, vds_id, addr, ipv6_address) values
       (gen_random_uuid(), 'eth0', $1, '127.0.0.71', null), (gen_random_uuid(), 'eth1', $1, '127.0.0.72', ''),
       (gen_random_uuid(), 'eth0', $2, null, '::1'),
       (gen_random_uuid(), 'eth0', $3, '127.0.0.79', null), (gen_random_uuid(), 'eth0', $4, '127.0.0.79', null)`,
    [one, six, ...others],
  );
});
afterAll(() => postgres.stop());
beforeEach(async () => {
  await postgres.query('delete from vds_kdump_status');
  await postgres.query('delete from external_variable');
});

interface TestListener {
  readonly port: number;
  readonly healthSocket: string;
  log(): string;
  /** Sends a datagram from an address of this machine and returns the port it came from. */
  send(from: string, message?: Buffer): Promise<number>;
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Runs the real program with the shortest intervals there are, and ends it whatever happens. */
async function withListener(use: (listener: TestListener) => Promise<void>, more: Readonly<Record<string, string>> = {}): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'kdump-'));
  const port = await freePort();
  const healthSocket = join(folder, 'health.sock');
  const write = async (file: string, keys: Readonly<Record<string, string>>): Promise<void> => {
    await mkdir(join(folder, file, '..'), { recursive: true });
    const quote = (value: string): string => `"${value.replace(/["\\$]/g, '\\$&')}"`;
    await writeFile(
      join(folder, file),
      Object.entries(keys)
        .map(([key, value]) => `${key}=${quote(value)}\n`)
        .join(''),
    );
  };
  await write('engine.conf.d/10-setup-database.conf', {
    ENGINE_DB_HOST: postgres.host,
    ENGINE_DB_PORT: String(postgres.port),
    ENGINE_DB_USER: postgres.user,
    ENGINE_DB_PASSWORD: postgres.password,
    ENGINE_DB_DATABASE: postgres.database,
  });
  await write('listener.conf.d/10-setup.conf', {
    LISTENER_ADDRESS: '::',
    LISTENER_PORT: String(port),
    LISTENER_HEALTH_SOCKET: healthSocket,
    HEARTBEAT_INTERVAL: '1',
    SESSION_SYNC_INTERVAL: '1',
    REOPEN_DB_CONNECTION_INTERVAL: '1',
    KDUMP_FINISHED_TIMEOUT: '3',
    ...more,
  });
  const env = { FENCE_KDUMP_LISTENER_CONF: join(folder, 'listener.conf'), ENGINE_CONF: join(folder, 'engine.conf') };
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  try {
    await eventually('the listener listens or ends', () => output.includes('"message":"listening"') || child.exitCode !== null);
    await use({
      port,
      healthSocket,
      log: () => output,
      send: (from, message = head) => send(port, from, message),
      end: (signal) => end(child, signal),
    });
  } finally {
    await end(child);
    await rm(folder, { recursive: true, force: true });
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }
  return child.exitCode;
}

async function send(port: number, from: string, message: Buffer): Promise<number> {
  const six = from.includes(':');
  const socket = createSocket(six ? 'udp6' : 'udp4');
  socket.bind(0, from);
  await once(socket, 'listening');
  const own = socket.address().port;
  await new Promise<void>((resolve, reject) =>
    socket.send(message, port, six ? '::1' : '127.0.0.1', (error) => (error === null ? resolve() : reject(error))),
  );
  socket.close();
  return own;
}

/** Whether the kernel keeps no datagram for a socket: on loopback, what is sent is there at once. */
async function nothingWaitsAt(port: number): Promise<boolean> {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const line = (await readFile('/proc/net/udp6', 'utf8')).split('\n').find((one) => one.includes(`:${hex} `));
  return line?.trim().split(/\s+/)[4]?.endsWith(':00000000') === true;
}

interface Row {
  readonly host: string;
  readonly status: string;
  readonly address: string;
}
const rows = () => postgres.query<Row>('select vds_id as host, status, address from vds_kdump_status order by 1');
const shows = (host: string, status: string): Promise<void> =>
  eventually(`${host} is ${status}`, async () => (await rows()).some((row) => row.host === host && row.status === status));
const heartbeats = async (): Promise<string | undefined> =>
  (
    await postgres.query<{ at: string }>(
      `select _update_date::text as at from external_variable where var_name = 'fence-kdump-listener-heartbeat'`,
    )
  )[0]?.at;

describe('a host that crashes', () => {
  it('is dumping while it sends, and finished when it is silent, over IPv4 and IPv6', async () => {
    await withListener(async ({ send, log }) => {
      const port = await send('127.0.0.71');
      await send('::1', Buffer.concat([head, Buffer.alloc(1000, 7)]));
      await shows(one, 'dumping');
      await shows(six, 'dumping');
      expect(JSON.parse((await rows())[0]!.address)).toEqual(['127.0.0.71', port]);
      expect((JSON.parse((await rows())[1]!.address) as unknown[])[0]).toBe('::1');
      await shows(one, 'finished');
      await shows(six, 'finished');
      expect(log().match(/"dump dumping"/g)).toHaveLength(2);
    });
  });

  it('is watched on by the next listener', async () => {
    await postgres.query(`insert into vds_kdump_status values ($1, 'dumping', '["127.0.0.71", 4711]')`, [one]);
    await withListener(async ({ log }) => {
      await eventually('it is taken over', () => log().includes('watching dumps that had begun before'));
      expect(await rows()).toMatchObject([{ status: 'dumping' }]);
      await shows(one, 'finished');
    });
  });

  it('is stored even if the listener ends at once', async () => {
    await withListener(
      async ({ port, send, end }) => {
        await send('127.0.0.71');
        await eventually('the message is taken', () => nothingWaitsAt(port));
        expect(await end()).toBe(0);
        expect(await rows()).toMatchObject([{ host: one, status: 'dumping' }]);
      },
      { SESSION_SYNC_INTERVAL: '3600', HEARTBEAT_INTERVAL: '3600' },
    );
  });
});

describe('what is no crash of a host', () => {
  it('leaves no trace in the database: other bytes, short messages, senders of no host or of two', async () => {
    await withListener(async ({ send, log }) => {
      const version2 = Buffer.from('402a301b02000000', 'hex');
      for (const message of [Buffer.alloc(0), head.subarray(0, 7), Buffer.from(head).reverse(), version2])
        await send('127.0.0.71', message);
      await send('127.0.0.78');
      await send('127.0.0.79');
      const noticed = (): number => [...log().matchAll(/"senders":(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
      await eventually('the strangers are noticed', () => noticed() === 2);
      await send('127.0.0.72');
      await shows(one, 'dumping');
      expect(await rows()).toHaveLength(1);
      expect((await rows())[0]!.address).toContain('"127.0.0.72"');
    });
  });

  it('a flood does not stop the heartbeat, nor hide a host', async () => {
    await withListener(async ({ port, send, log }) => {
      await eventually('it is ready', () => log().includes('"message":"ready"'));
      const burst = async (from: number): Promise<void> => {
        for (let n = 0; n < 250; n++) {
          const socket = createSocket('udp4');
          socket.bind(0, `127.${from}.0.${n + 1}`);
          await once(socket, 'listening');
          socket.send(head, port, '127.0.0.1', () => socket.close());
        }
      };
      for (let from = 1; from <= 8; from++) await burst(from);
      const before = await heartbeats();
      await send('127.0.0.71');
      await eventually('it is ignored', () => log().includes('messages from addresses of no host are ignored'));
      await send('127.0.0.71');
      await shows(one, 'dumping');
      await eventually('the heart beats', async () => (await heartbeats()) !== before);
      expect(await rows()).toHaveLength(1);
    });
  });
});

describe('the database', () => {
  it('may be killed and come back: the sessions are kept, the heart beats again, health says so', async () => {
    await withListener(async ({ send, log, healthSocket }) => {
      await eventually('the heart beats', async () => (await heartbeats()) !== undefined);
      expect(await askHealth(healthSocket)).toMatchObject({ service: 'fence-kdump-listener', state: 'ready', checks: { database: 'up' } });
      await postgres.kill();
      await eventually('it is noticed', async () => (await askHealth(healthSocket))?.state === 'degraded');
      await send('127.0.0.71');
      await postgres.start();
      const before = await heartbeats();
      await eventually('the heart beats again', async () => (await heartbeats()) !== before);
      await eventually('the host is known', async () => (await rows()).length === 1);
      expect(log()).toContain('the database can be used again');
      expect(log()).not.toContain(postgres.password);
    });
  });
});

describe('the program', () => {
  it('ends with 0 on SIGTERM and takes its socket away', async () => {
    await withListener(async ({ end, healthSocket, log }) => {
      await eventually('it is ready', () => log().includes('"message":"ready"'));
      expect(await end()).toBe(0);
      expect(log()).toContain('"message":"stopped"');
      await expect(stat(healthSocket)).rejects.toThrow('ENOENT');
    });
  });

  it('refuses a setting that makes no sense, and a port that is taken', async () => {
    await withListener(
      async ({ log }) => expect(log()).toMatch(/10-setup\.conf:\d+: SESSION_SYNC_INTERVAL must be a whole number from 1/),
      { SESSION_SYNC_INTERVAL: '0' },
    );
    await withListener(async ({ log }) => expect(log()).toContain('LISTENER_ADDRESS must be an IP address'), {
      LISTENER_ADDRESS: 'localhost',
    });
    await withListener(async ({ port }) => {
      await withListener(async ({ log }) => expect(log()).toContain('EADDRINUSE'), { LISTENER_PORT: String(port) });
    });
  });
});
