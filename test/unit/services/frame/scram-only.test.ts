import { describe, expect, it } from 'vitest';
import { openHistory } from '../../../../src/services/dwh/history.ts';
import { DatabaseUnavailable, openDatabase } from '../../../../src/services/frame/database.ts';
import type { Log } from '../../../../src/services/frame/log.ts';
import { database } from '../../../../src/setup/host/database.ts';
import { pryingServer } from '../../../support/prying-server.ts';

const password = 'canary-in-a-cage';
const quiet = { warning: () => undefined } as unknown as Log;
const at = (port: number) => ({
  host: '127.0.0.1',
  port,
  user: 'engine',
  password,
  database: 'engine',
  secured: false,
  securedValidation: false,
});

const clients: Readonly<Record<string, (port: number) => Promise<unknown>>> = {
  async services(port) {
    const pool = openDatabase(at(port), quiet);
    try {
      return await pool.query('select 1');
    } finally {
      await pool.close();
    }
  },
  history: (port) => openHistory(at(port), 'UTC'),
  setup: (port) => database.look({ host: '127.0.0.1', port, name: 'engine', user: 'engine', password }, (sql) => sql.rows('select 1')),
};

describe.each(['cleartext', 'md5'] as const)('a server that asks for the password as %s', (way) => {
  it.each(Object.keys(clients))('is not told it by the client of %s, which says why', async (client) => {
    const server = await pryingServer(way);
    try {
      const error: unknown = await clients[client]!(server.port).catch((thrown: unknown) => thrown);
      // It was asked, and nothing but the name of the user was said.
      expect(server.heard()).toMatch(/user\0engine\0[^p]*database\0engine/);
      expect(server.heard()).not.toContain(password);
      expect(server.heard()).not.toMatch(/md5[0-9a-f]{32}/);
      const why = error instanceof DatabaseUnavailable ? error.cause : error;
      expect((why as Error).message).toContain('asks for the password in a way that would give it away');
      if (client === 'setup') expect(error).toMatchObject({ why: 'unsafe' });
      else expect(error).toBeInstanceOf(DatabaseUnavailable);
    } finally {
      server.close();
    }
  });
});
