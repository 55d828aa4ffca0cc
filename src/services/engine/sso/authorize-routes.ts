import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Database } from '../../frame/database.ts';
import { allFieldsOf } from '../http/fields.ts';
import { answerTo, type Face, understand, wayBackTo } from './authorize-request.ts';
import { browserSession, sessionToken } from './browser-session.ts';
import type { Codes } from './codes.ts';
import { grantedScope, readDependencies } from './scopes.ts';
import type { Sessions } from './sessions.ts';

export interface AuthorizeParts {
  readonly database: Database;
  readonly sessions: Sessions;
  readonly codes: Codes;
  /** All names of the engine. */
  readonly hostNames: readonly string[];
}

/** Where clients send browsers to: back with a code at once, or to the login page first. */
export function authorizeRoutes(app: FastifyInstance, parts: AuthorizeParts): void {
  for (const face of ['oauth', 'openid'] as const) {
    app.route({
      method: ['GET', 'POST'],
      url: `/ovirt-engine/sso/${face}/authorize`,
      config: { access: 'public' },
      handler: (request, reply) => authorize(request, reply, face, parts),
    });
  }
}

async function authorize(request: FastifyRequest, reply: FastifyReply, face: Face, parts: AuthorizeParts): Promise<FastifyReply> {
  const { database, sessions, codes, hostNames } = parts;
  const fields = allFieldsOf(request);
  const asked = await understand(fields, database, hostNames);
  if (asked.flaw !== null) {
    return reply.redirect(answerTo(asked, { error: asked.flaw.code, error_description: asked.flaw.message }), 303);
  }
  const session = await browserSession(request, sessions);
  if (session === null) {
    if (asked.withoutForm !== null) {
      return reply.redirect(answerTo(asked, { error: asked.withoutForm, error_description: 'Nobody is logged in.' }), 303);
    }
    const query = new URLSearchParams({ continue: wayBackTo(face, fields).text }).toString();
    return reply.redirect(`/ovirt-engine/sso/login.html?${query}`, 303);
  }
  const code = await codes.issue({
    sessionToken: sessionToken(request),
    userId: session.principal.userId,
    clientId: asked.client.id,
    scope: grantedScope(asked.scopes, await readDependencies(database)),
    redirectUri: asked.redirectUri,
    challenge: asked.challenge,
    nonce: asked.nonce,
  });
  return reply.redirect(answerTo(asked, { code }), 303);
}
