import { once } from 'node:events';
import { mkdir, mkdtemp, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Health, serveHealth } from '../../../../src/services/frame/health.ts';

let folder = '';
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'health-')), 'a-long-name-'.repeat(10));
  await mkdir(folder);
});
afterEach(async () => rm(join(folder, '..'), { recursive: true }));

const healthy: Health = { service: 'engine', version: '1', state: 'ready', checks: { database: 'up' } };
const report = async (): Promise<Health> => healthy;

/** Opens the folder to get around the limit for addresses of sockets. */
async function get(path: string): Promise<{ status: number; body: string }> {
  const directory = await open(folder);
  const sent = request({ socketPath: `/proc/self/fd/${directory.fd}/engine.sock`, path, agent: false }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const body = (await response.toArray()).join('');
  await directory.close();
  return { status: response.statusCode ?? 0, body };
}

describe('the health socket', () => {
  it('answers below a path that is longer than the address of a socket may be', async () => {
    const socket = join(folder, 'engine.sock');
    expect(socket.length).toBeGreaterThan(108);
    const endpoint = await serveHealth(socket, report);
    expect(JSON.parse((await get('/healthz')).body)).toEqual(healthy);
    expect((await get('/other')).status).toBe(404);
    expect((await stat(socket)).mode & 0o777).toBe(0o600);
    await endpoint.close();
    await expect(stat(socket)).rejects.toThrow('ENOENT');
  });

  it('says 500 when the report itself fails', async () => {
    const endpoint = await serveHealth(join(folder, 'engine.sock'), async () => {
      throw new Error('no report');
    });
    expect((await get('/healthz')).status).toBe(500);
    await endpoint.close();
  });

  it('stays with the service that is running', async () => {
    const first = await serveHealth(join(folder, 'engine.sock'), report);
    await expect(serveHealth(join(folder, 'engine.sock'), report)).rejects.toThrow('is running already');
    expect((await get('/healthz')).status).toBe(200);
    await first.close();
  });

  it('takes over from a process that was killed', async () => {
    const directory = await open(folder);
    const stale = createServer().listen(`/proc/self/fd/${directory.fd}/before.sock`);
    await once(stale, 'listening');
    // Closing would remove the socket: leave it behind, as a killed process does.
    await rename(join(folder, 'before.sock'), join(folder, 'engine.sock'));
    stale.close();
    await once(stale, 'close');
    const endpoint = await serveHealth(join(folder, 'engine.sock'), report);
    expect((await get('/healthz')).status).toBe(200);
    await endpoint.close();
    await directory.close();
  });

  it('refuses to remove what is not a socket', async () => {
    await writeFile(join(folder, 'engine.sock'), 'precious');
    await expect(serveHealth(join(folder, 'engine.sock'), report)).rejects.toThrow('it is not a socket');
  });
});
