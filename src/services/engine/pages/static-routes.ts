import { readFile } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';

const files = [
  { name: 'style.css', type: 'text/css; charset=utf-8' },
  { name: 'logo.svg', type: 'image/svg+xml' },
] as const;

/** The few files pages refer to. Each has its own route, so no part of an address ever becomes a path on disk. */
export async function staticRoutes(app: FastifyInstance): Promise<void> {
  for (const { name, type } of files) {
    const content = await readFile(new URL(name, import.meta.url));
    app.get(`/ovirt-engine/static/${name}`, { config: { access: 'public' } }, async (_request, reply) =>
      reply.header('content-type', type).header('cache-control', 'public, max-age=3600').send(content),
    );
  }
}
