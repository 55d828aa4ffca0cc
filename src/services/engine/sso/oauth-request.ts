import type { FastifyInstance, FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { Log } from '../../frame/log.ts';
import { describeFailure } from '../http/failure.ts';
import { allFieldsOf, type Fields, one } from '../http/fields.ts';
import { type OAuthCode, OAuthError, oauthErrorBody } from './oauth-error.ts';
import { splitScope } from './scopes.ts';

/** Registers an end point below `/sso`, which clients may use with GET and a query or with POST and a form. */
export function oauthRoute(app: FastifyInstance, log: Log, path: string, answer: (request: FastifyRequest) => Promise<object>): void {
  const handler: RouteHandlerMethod = async (request, reply) => sendJson(reply, await answer(request));
  app.route({
    method: ['GET', 'POST'],
    url: `/ovirt-engine/sso/${path}`,
    config: { access: 'public' },
    handler,
    errorHandler: (error, request, reply) => {
      sendError(error, request, reply, log);
    },
  });
}

/** Answers with JSON in the content type clients compare with. */
export const sendJson = (reply: FastifyReply, body: object): FastifyReply =>
  reply.header('content-type', 'application/json;charset=UTF-8').send(JSON.stringify(body));

/** The fields of a request whose Accept header is the one the format demands, letter by letter. */
export function oauthFields(request: FastifyRequest): Fields {
  if (request.headers.accept !== 'application/json') {
    throw new OAuthError('invalid_request', 'The header Accept is missing: it must be application/json.');
  }
  return allFieldsOf(request);
}

/** A field that must be there. */
export function required(fields: Fields, name: string): string {
  const value = one(fields, name);
  if (value === null || value === '') throw new OAuthError('invalid_request', `The parameter ${name} is missing.`);
  return value;
}

/** Sends an error in the shape that goes with the scope asked for. */
export function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply, log: Log): void {
  const scopes = (allFieldsOf(request).get('scope') ?? []).flatMap(splitScope);
  if (error instanceof OAuthError) {
    void sendJson(reply.code(error.status).headers(error.headers), oauthErrorBody(error.code, error.message, scopes));
    return;
  }
  const { status, message, headers } = describeFailure(error, log);
  void sendJson(reply.code(status).headers(headers), oauthErrorBody(codeOf(status), message, scopes));
}

function codeOf(status: number): OAuthCode {
  if (status === 429 || status === 503) return 'temporarily_unavailable';
  return status >= 500 ? 'server_error' : 'invalid_request';
}
