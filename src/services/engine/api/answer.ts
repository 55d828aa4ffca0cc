import type { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Failure } from '../http/failure.ts';
import { correlate, formatOf } from './api-request.ts';
import { types } from './api-types.ts';
import { Fault } from './fault.ts';
import { toJson } from './json.ts';
import type { Entity } from './types.ts';
import { toXml } from './xml.ts';

/** Sends an entity in the format the client asked for. */
export function sendEntity(request: FastifyRequest, reply: FastifyReply, type: string, entity: Entity): FastifyReply {
  const json = formatOf(request) === 'json';
  return sendBody(reply, json, Buffer.from(json ? toJson(types, type, entity) : toXml(types, type, entity)));
}

/** Sends what is written in a format. As bytes, because the web server would add a charset to the content type of a text. */
export const sendBody = (reply: FastifyReply, json: boolean, body: Buffer | Readable): FastifyReply =>
  reply.header('content-type', json ? 'application/json' : 'application/xml').send(body);

/** The fault that tells of a failure. Details are a list in brackets, unless the reason goes with another form. */
export function faultOf(failure: Pick<Failure, 'status' | 'message'>): Entity {
  if (failure instanceof Fault) return { detail: failure.message, reason: failure.reason };
  const reason = failure.status === 400 ? 'Request syntactically incorrect.' : 'Operation Failed';
  return { detail: `[${failure.message}]`, reason };
}

/** Sends an error as fault. Refused credentials, methods and kinds of bodies have no body, as clients expect. */
export function sendFault(request: FastifyRequest, reply: FastifyReply, failure: Failure): FastifyReply {
  if (!reply.hasHeader('correlation-id')) correlate(request, reply);
  void reply.code(failure.status).headers(failure.headers);
  if ([401, 405, 415].includes(failure.status)) return reply.header('content-length', '0').send();
  return sendEntity(request, reply, 'fault', faultOf(failure));
}
