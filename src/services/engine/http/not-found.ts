import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { notFound, Refusal } from './refusal.ts';

/**
 * Refuses requests for addresses that do not exist (404) or do not know the method (405), before any of their body is
 * read. Must be called before the first route, because it learns the methods from them.
 * @param letIn asked first, and throws a refusal for whoever may not even learn what there is
 */
export function refuseUnknown(app: FastifyInstance, letIn: (request: FastifyRequest, reply: FastifyReply) => Promise<void>): void {
  const methods = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const known = methods.get(url) ?? new Set();
    for (const name of [method].flat()) known.add(name);
    methods.set(url, known);
  });
  app.addHook('onRequest', async (request, reply) => {
    if (!request.is404) return;
    await letIn(request, reply);
    const path = request.url.split('?', 1)[0] ?? '';
    for (const [pattern, allowed] of methods) {
      if (matches(pattern, path)) throw new Refusal(405, 'The method is not allowed here.', { allow: [...allowed].sort().join(', ') });
    }
    throw notFound();
  });
}

function matches(pattern: string, path: string): boolean {
  const segments = path.split('/');
  const expected = pattern.split('/');
  return segments.length === expected.length && expected.every((segment, at) => segment.startsWith(':') || segment === segments[at]);
}
