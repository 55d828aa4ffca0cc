import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Failure } from '../http/failure.ts';
import { correlate, formatOf } from './api-request.ts';
import { types } from './api-types.ts';
import { Fault } from './fault.ts';
import { listJson, toJson } from './json.ts';
import type { ListText } from './list-text.ts';
import type { Entity } from './types.ts';
import { listXml, toXml } from './xml.ts';

/** Sends an entity in the format the client asked for. */
export function sendEntity(request: FastifyRequest, reply: FastifyReply, type: string, entity: Entity): FastifyReply {
  const json = formatOf(request) === 'json';
  return send(reply, json, json ? toJson(types, type, entity) : toXml(types, type, entity));
}

/** A list in the format the client asked for, to be written and sent. `list` is the element around it. */
export const listText = (request: FastifyRequest, type: string, list: string): ListText =>
  formatOf(request) === 'json' ? listJson(types, type) : listXml(types, type, list);

/** Sends a list that was written. */
export const sendList = (request: FastifyRequest, reply: FastifyReply, list: ListText): FastifyReply =>
  send(reply, formatOf(request) === 'json', list.end());

// As bytes, because the web server would add a charset to the content type of a text.
const send = (reply: FastifyReply, json: boolean, body: string | Buffer): FastifyReply =>
  reply.header('content-type', json ? 'application/json' : 'application/xml').send(Buffer.isBuffer(body) ? body : Buffer.from(body));

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
