import { createServer } from 'node:http';
import { fastify, type FastifyInstance } from 'fastify';
import { describe, expect, it } from 'vitest';
import { type Access, callerOf, guardRoutes } from '../../../../src/services/engine/http/access.ts';
import { Refusal } from '../../../../src/services/engine/http/refusal.ts';

const closed = async (): Promise<never> => {
  throw Object.assign(new Refusal(401, 'closed'), { statusCode: 401 });
};

function guarded(): FastifyInstance {
  const app = fastify({ serverFactory: (handler) => createServer(handler) });
  guardRoutes(app, { session: closed, api: closed });
  return app;
}

describe('routes', () => {
  it('cannot be registered without saying who may use them', () => {
    expect(() => guarded().get('/open', async () => 'secret')).toThrow('GET /open does not declare who may use it');
    expect(() => guarded().get('/open', { config: {} }, async () => 'secret')).toThrow('does not declare');
    expect(() => guarded().get('/open', { config: { access: 'everyone' as Access } }, async () => 'secret')).toThrow('does not declare');
  });

  it('are closed unless their door lets the request in', async () => {
    const app = guarded();
    app.get('/public', { config: { access: 'public' } }, async () => 'welcome');
    app.get('/api', { config: { access: 'api' } }, async (request) => callerOf(request).scope);
    app.get('/session', { config: { access: 'session' } }, async (request) => callerOf(request).scope);
    expect((await app.inject('/public')).body).toBe('welcome');
    for (const url of ['/api', '/session']) {
      for (const method of ['GET', 'HEAD'] as const) expect((await app.inject({ method, url })).statusCode).toBe(401);
    }
    await app.close();
  });
});
