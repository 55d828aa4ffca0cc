import type { Server } from 'node:http';
import { fastify, type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { parseFields } from './fields.ts';
import type { RequestHandler } from './listener.ts';
import { refuseUnknown } from './not-found.ts';
import { badRequest } from './refusal.ts';
import { securityHeaders, strictTransportSecurity } from './security-headers.ts';

export interface ServerParts {
  readonly makeServer: (handler: RequestHandler) => Server;
  readonly behindProxy: boolean;
  readonly strictTransport: boolean;
  /** Changes the address before routes are matched with it. */
  readonly routedUrl: (url: string) => string;
  /** Asked before a request is told that an address does not exist, or not for its method. Throws a refusal. */
  readonly letIn: (request: FastifyRequest, reply: FastifyReply) => Promise<void>;
  /** Answers whatever went wrong, in the form that goes with the address. */
  readonly sendFailure: (error: unknown, request: FastifyRequest, reply: FastifyReply) => void;
}

/** Makes the web server: its limits, the headers of every answer, and what it does with requests it cannot use. */
export function createServer({ makeServer, behindProxy, strictTransport, routedUrl, letIn, sendFailure }: ServerParts): FastifyInstance {
  const headers = strictTransport ? { ...securityHeaders, ...strictTransportSecurity } : securityHeaders;
  const app = fastify({
    serverFactory: makeServer,
    bodyLimit: 65_536,
    trustProxy: behindProxy ? 'loopback' : false,
    rewriteUrl: ({ url = '/' }) => routedUrl(url),
    routerOptions: { maxParamLength: 200, querystringParser: () => ({}) },
    schemaController: { compilersFactory: noSchemas },
    frameworkErrors: (error, request, reply) => {
      void reply.headers(headers);
      sendFailure(error, request, reply);
    },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
    done(null, parseFields(body.toString()));
  });
  app.addHook('onRequest', async (request, reply) => {
    void reply.headers(headers);
    // Whoever reads the first and whoever reads the last would each see another host (RFC 9112, section 3.2).
    const hosts = request.raw.rawHeaders.filter((word, at) => at % 2 === 0 && word.length === 4 && word.toLowerCase() === 'host');
    if (hosts.length > 1) throw badRequest('A request names one host.');
  });
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
  });
  app.addHook('onSend', async (request, reply) => {
    // A connection that is kept would keep the engine from ending.
    if (closing) reply.header('connection', 'close');
    // A body that was announced and not read would be taken for the next request. Some clients announce one with a
    // GET and never send it: they get their answer, and the connection ends.
    if (hasBody(request) && !request.raw.complete) reply.header('connection', 'close');
  });
  refuseUnknown(app, letIn);
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    sendFailure(error, request, reply);
  });
  return app;
}

const hasBody = ({ headers }: FastifyRequest): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';

/** No route has a JSON schema, so the compilers for them need not be loaded into memory. */
const noSchemas = {
  buildValidator: () => () => {
    throw new Error('schemas are not in use');
  },
  buildSerializer: () => () => {
    throw new Error('schemas are not in use');
  },
};
