import type { FastifyRequest } from 'fastify';
import type { Database } from '../../frame/database.ts';
import type { Audit } from '../audit.ts';
import { parseBasic } from '../http/basic-credentials.ts';
import { type Fields, one } from '../http/fields.ts';
import { Refusal } from '../http/refusal.ts';
import { findAccount, barOf } from './accounts.ts';
import type { Authenticate, Proven } from './authenticate.ts';
import type { RequireClient } from './client-credentials.ts';
import type { Codes } from './codes.ts';
import { OAuthError } from './oauth-error.ts';
import { required } from './oauth-request.ts';
import { internal, learnUser, principalOfAccount } from './principals.ts';
import { areRegistered, grantedScope, onBehalfScope, readDependencies, splitScope } from './scopes.ts';
import type { Sessions } from './sessions.ts';
import type { Refused } from './verify.ts';

export interface GrantParts {
  readonly database: Database;
  readonly sessions: Sessions;
  readonly codes: Codes;
  readonly audit: Audit;
  readonly authenticate: Authenticate;
  readonly requireClient: RequireClient;
  readonly tokenIdleSeconds: number;
  /** Where people change a password that has expired. */
  readonly changePage: string;
  readonly now: () => number;
}

/** A token, ready to be described to the client. */
export interface Granted {
  readonly token: string;
  readonly scope: string;
  readonly validTo: Date;
  readonly nonce: string | null;
}

/** One way to get a token. */
export type Grant = (request: FastifyRequest, fields: Fields, parts: GrantParts) => Promise<Granted>;

/** Upstream's own grant type: credentials in the header Authorization. */
export const httpGrant = 'urn:ovirt:params:oauth:grant-type:http';

/** For the name and password of a user; for a program of ours, without the password of the user it acts for. */
export const passwordGrant: Grant = async (request, fields, parts) => {
  const asked = splitScope(required(fields, 'scope'));
  if (asked.includes(onBehalfScope)) return onBehalf(request, fields, asked, parts);
  requireScopes(asked);
  const attempt = { user: required(fields, 'username'), password: one(fields, 'password') ?? '', source: request.ip, correlationId: null };
  return begin(await parts.authenticate(attempt), asked, parts);
};

/** For credentials of HTTP Basic. */
export const basicGrant: Grant = async (request, fields, parts) => {
  const asked = splitScope(required(fields, 'scope'));
  if (asked.includes(onBehalfScope)) throw notGranted();
  requireScopes(asked);
  const basic = parseBasic(request.headers.authorization);
  const askAgain = { 'www-authenticate': 'Basic realm="SSO"' };
  if (basic === null) throw new OAuthError('access_denied', 'A name and a password are needed.', 401, askAgain);
  const outcome = await parts.authenticate({ ...basic, source: request.ip, correlationId: null });
  if ('refusal' in outcome) throw new OAuthError('access_denied', describe(outcome, parts), 401, askAgain);
  return begin(outcome, asked, parts);
};

/** For a code that came by way of a browser. */
export const codeGrant: Grant = async (request, fields, { requireClient, codes }) => {
  const client = await requireClient(request, fields);
  return codes.exchange({
    code: required(fields, 'code'),
    clientId: client.id,
    redirectUri: required(fields, 'redirect_uri'),
    verifier: one(fields, 'code_verifier'),
  });
};

/** For a program of ours, which then acts for no user. */
export const clientGrant: Grant = async (request, fields, { database, requireClient, sessions, tokenIdleSeconds }) => {
  const client = await requireClient(request, fields);
  if (!client.trusted) throw new OAuthError('unauthorized_client', 'The client may not have tokens of its own.');
  const asked = splitScope(required(fields, 'scope'));
  requireScopes(asked, client.scopes);
  const scope = grantedScope(asked, await readDependencies(database));
  return { ...(await sessions.createService({ clientId: client.id, scope, idleSeconds: tokenIdleSeconds })), scope, nonce: null };
};

async function onBehalf(request: FastifyRequest, fields: Fields, asked: readonly string[], parts: GrantParts): Promise<Granted> {
  const { database, requireClient, audit, now } = parts;
  const client = await requireClient(request, fields);
  if (!client.trusted) throw new OAuthError('unauthorized_client', 'The client may not log in for users.');
  requireScopes(asked, client.scopes);
  const user = required(fields, 'username');
  const name = user.endsWith(`@${internal.profile}`) ? user.slice(0, -internal.profile.length - 1) : null;
  const account = name === null ? null : await findAccount(database, name);
  const open = account !== null && barOf(account, now()) === null;
  if (open) await learnUser(database, account.id);
  const principal = open ? await principalOfAccount(database, account.id) : null;
  if (principal === null) throw new OAuthError('access_denied', 'The user does not exist or may not log in.');
  await audit({ event: 'login', userName: user, userId: principal.userId, source: request.ip, correlationId: null });
  return begin({ principal }, asked, parts, client.id);
}

async function begin(
  outcome: Pick<Proven, 'principal'> | Refused,
  asked: readonly string[],
  parts: GrantParts,
  clientId?: string,
): Promise<Granted> {
  const { database, sessions, tokenIdleSeconds } = parts;
  if ('refusal' in outcome) throw new OAuthError('access_denied', describe(outcome, parts));
  const scope = grantedScope(asked, await readDependencies(database));
  const { userId } = outcome.principal;
  const session = { kind: 'token', userId, scope, idleSeconds: tokenIdleSeconds, ...(clientId === undefined ? {} : { clientId }) } as const;
  const begun = await sessions.create(session).catch((error: unknown) => {
    throw error instanceof Refusal ? new OAuthError('access_denied', error.message) : error;
  });
  return { ...begun, scope, nonce: null };
}

const describe = ({ refusal, expired }: Refused, { changePage }: GrantParts): string =>
  expired === true ? `${refusal} It can be changed at ${changePage}.` : refusal;

function requireScopes(asked: readonly string[], registered?: readonly string[]): void {
  if (!areRegistered(asked, registered)) throw notGranted();
}

const notGranted = (): OAuthError => new OAuthError('invalid_scope', 'The scope is not one that can be granted.');
