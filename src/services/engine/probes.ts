import type { FastifyInstance } from 'fastify';

/** The probe of load balancers and monitors, which compare these texts. */
export function probeRoutes(app: FastifyInstance, databaseUp: () => Promise<boolean>): void {
  app.get('/ovirt-engine/services/health', { config: { access: 'public' } }, async (_request, reply) => {
    const up = await databaseUp();
    return reply
      .code(up ? 200 : 500)
      .header('content-type', 'text/html; charset=utf-8')
      .send(up ? 'DB Up!Welcome to Health Status!' : 'Unable to contact Database!');
  });
}
