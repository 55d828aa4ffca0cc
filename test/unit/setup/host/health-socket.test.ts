import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { askHealth } from '../../../../src/setup/host/health-socket.ts';

let directory = '';
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'health-'))));
afterEach(() => rmSync(directory, { recursive: true }));

/** What is read of a service that answers with a text. */
async function read(answer: string): ReturnType<typeof askHealth> {
  const socket = join(directory, 'health.sock');
  const server = createServer((_, response) => response.end(answer)).listen(socket);
  await once(server, 'listening');
  try {
    return await askHealth(socket);
  } finally {
    server.close();
  }
}

describe('what a service says of itself', () => {
  test('is read as it is', async () => {
    const health = { service: 'engine', version: '1.2', state: 'ready', checks: { database: 'up' } };
    expect(await read(JSON.stringify(health))).toEqual(health);
  });

  test('cannot steer a terminal', async () => {
    const evil = '\u001b]0;x\u0007\n\u009b2J\u202e';
    const health = await read(JSON.stringify({ service: evil, version: evil, state: evil, checks: { [evil]: evil } }));
    const clean = '?]0;x???2J?';
    expect(health).toEqual({ service: clean, version: clean, state: clean, checks: { [clean]: clean } });
  });

  test.each([
    '',
    'null',
    '7',
    '[',
    '{}',
    '{"service":"a","version":1,"state":"ready"}',
    '{"service":"a","version":"1","state":"ready","checks":null}',
  ])('counts as nothing where it is %j', async (answer) => {
    expect(await read(answer)).toBeUndefined();
  });
});
