import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Log } from '../frame/log.ts';
import { sendFault } from './api/answer.ts';
import { parseTarget } from './api/target.ts';
import { describeFailure } from './http/failure.ts';
import type { Pages } from './pages/pages.ts';

/** Makes the answer to whatever went wrong: a fault below the API, a page everywhere else. */
export function createSendFailure(pages: Pages, log: Log): (error: unknown, request: FastifyRequest, reply: FastifyReply) => void {
  return (error, request, reply) => {
    const failure = describeFailure(error, log);
    if (parseTarget(request.originalUrl) !== null || request.routeOptions.config.access === 'api') {
      sendFault(request, reply, failure);
      return;
    }
    pages.send(reply.code(failure.status).headers(failure.headers), 'problem', {
      heading: failure.status === 404 ? 'Not found' : 'This did not work',
      message: failure.message,
    });
  };
}
