import type { Database } from '../../frame/database.ts';
import { type Fields, one, parseFields } from '../http/fields.ts';
import { badRequest } from '../http/refusal.ts';
import { type Client, findClient } from './clients.ts';
import type { OAuthCode } from './oauth-error.ts';
import { isChallenge } from './pkce.ts';
import { isOwn, isRegistered, withParameters } from './redirects.ts';
import { areRegistered, identityScope, onBehalfScope, splitScope } from './scopes.ts';

/** A request for a code, whose client and address to answer to are known to be right. */
export interface AuthorizeRequest {
  readonly client: Client;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly challenge: string | null;
  readonly nonce: string | null;
  /** What to answer, instead of asking, when nobody is logged in; null: ask. */
  readonly withoutForm: OAuthCode | null;
  /** Parameters the answer repeats. */
  readonly repeated: { readonly state: string | null; readonly app_url: string | null };
  /** Why it is refused, as the client is told. */
  readonly flaw: { readonly code: OAuthCode; readonly message: string } | null;
}

/**
 * Understands a request for a code. Throws a 400 for our own page where it is not known for sure that the client wants the
 * answer, so that no address of somebody else's choice is ever followed.
 */
export async function understand(fields: Fields, database: Database, hostNames: readonly string[]): Promise<AuthorizeRequest> {
  const clientId = one(fields, 'client_id') ?? '';
  if (clientId === '') throw badRequest('The parameter client_id is missing.');
  const client = clientId.length > 128 ? null : await findClient(database, clientId);
  if (client?.trusted !== true) throw badRequest('The client is not registered here.');
  const redirectUri = one(fields, 'redirect_uri') ?? '';
  if (!isRegistered(redirectUri, client.redirects, hostNames)) {
    throw badRequest(
      'The name in the address of this page is not a name of the engine, or the client may not be called back at the address it gave. ' +
        'Use the full host name of the engine, one of its addresses, or a name that SSO_ALTERNATE_ENGINE_FQDNS lists.',
    );
  }
  if (one(fields, 'response_type') !== 'code') throw badRequest('The parameter response_type must be code.');

  const scopes = splitScope(one(fields, 'scope') ?? '');
  const appUrl = one(fields, 'app_url');
  return {
    client,
    redirectUri,
    scopes,
    challenge: one(fields, 'code_challenge'),
    nonce: one(fields, 'nonce'),
    withoutForm: scopes.includes(identityScope) ? 'not_authenticated' : one(fields, 'prompt') === 'none' ? 'login_required' : null,
    // An address elsewhere is dropped: the client may follow it without a second look.
    repeated: { state: one(fields, 'state'), app_url: appUrl !== null && isOwn(appUrl, hostNames, redirectUri) ? appUrl : null },
    flaw: flawOf(fields, scopes, client),
  };
}

function flawOf(fields: Fields, scopes: readonly string[], client: Client): AuthorizeRequest['flaw'] {
  // Logging in for somebody else needs no password of theirs, so it must never be had by way of a browser.
  if (!areRegistered(scopes, client.scopes) || scopes.includes(onBehalfScope)) {
    return { code: 'invalid_scope', message: 'The scope is not one the client may use.' };
  }
  const [challenge, method] = [one(fields, 'code_challenge'), one(fields, 'code_challenge_method')];
  if (challenge === null && method === null) return null;
  if (method !== 'S256') return { code: 'invalid_request', message: 'The parameter code_challenge_method must be S256.' };
  if (!isChallenge(challenge ?? '')) return { code: 'invalid_request', message: 'The parameter code_challenge is not one of S256.' };
  return null;
}

/** The address that answers a request. */
export const answerTo = ({ redirectUri, repeated }: AuthorizeRequest, parameters: Readonly<Record<string, string>>): string =>
  withParameters(redirectUri, { ...parameters, ...repeated });

/*
 * Whoever has to log in first comes back to the request afterwards. The way back is carried along by the login page as
 * `FACE?QUERY`, and leads to our own end point only, which understands the query anew.
 */

export type Face = 'oauth' | 'openid';

export interface WayBack {
  readonly text: string;
  readonly address: string;
  readonly fields: Fields;
}

/** The way back to a request. */
export function wayBackTo(face: Face, fields: Fields): WayBack {
  const query = new URLSearchParams(
    [...fields].flatMap(([name, values]) => values.map((value): [string, string] => [name, value])),
  ).toString();
  return { text: `${face}?${query}`, address: `/ovirt-engine/sso/${face}/authorize?${query}`, fields };
}

/** Reads a way back that a browser carried; null for anything else. */
export function readWayBack(text: string | null): WayBack | null {
  const match = /^(oauth|openid)\?([^]{1,8000})$/.exec(text ?? '');
  return match === null ? null : wayBackTo(match[1] as Face, parseFields(match[2] ?? ''));
}
