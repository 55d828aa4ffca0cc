import type { FastifyInstance, FastifyRequest, FastifyReply } from 'fastify';
import type { LiveSession } from '../sso/sessions.ts';

/** Who may use a route: everybody, the holder of a browser session, or a client of the API. */
export type Access = 'public' | 'session' | 'api';

/** Lets a request in by returning who it comes from, or throws a refusal. */
export type Door = (request: FastifyRequest, reply: FastifyReply) => Promise<LiveSession>;

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
  }
  interface FastifyRequest {
    /** Whoever the door of the route let in; null on public routes. */
    caller: LiveSession | null;
  }
}

/**
 * Closes everything that is not declared: a route without `config.access` cannot be registered, and one hook asks the
 * door before anything else of the request is read. Must be called before the first route.
 */
export function guardRoutes(app: FastifyInstance, doors: Readonly<Record<Exclude<Access, 'public'>, Door>>): void {
  app.decorateRequest('caller', null);
  app.addHook('onRoute', (route) => {
    const access: unknown = route.config?.access;
    if (access !== 'public' && access !== 'session' && access !== 'api') {
      throw new Error(`the route ${String(route.method)} ${route.url} does not declare who may use it`);
    }
  });
  app.addHook('onRequest', async (request, reply) => {
    const { access } = request.routeOptions.config;
    if (access === 'public' || request.is404) return;
    if (access === undefined) throw new Error('a route without access was reached');
    request.caller = await doors[access](request, reply);
  });
}

/** Who the door let in. For handlers of routes that are not public. */
export function callerOf(request: FastifyRequest): LiveSession {
  if (request.caller === null) throw new Error('this route is public, so nobody is known');
  return request.caller;
}
