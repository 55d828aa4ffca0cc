import { createHmac, hkdfSync } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { type Fields, one } from '../http/fields.ts';
import { Refusal } from '../http/refusal.ts';
import { sameText } from './same-text.ts';

/** What a form is for. */
type Form = 'login' | 'logout' | 'password' | 'console';

/** Proof that a form comes from one of our pages. */
export interface FormTokens {
  /** The token to put into a form for the browser that holds `cookie`. */
  issue(form: Form, cookie: string): string;
  /** Throws a 403 when the form was not made for this browser or was sent from another site. */
  check(form: Form, cookie: string, fields: Fields, request: FastifyRequest): void;
}

/**
 * Makes the proofs. Their key comes from the engine's secret, so that forms survive a restart; `hostNames` are the
 * names of the engine beside the one the request was sent to.
 */
export function createFormTokens(secret: string, hostNames: readonly string[]): FormTokens {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'engine form tokens', 32));
  const issue: FormTokens['issue'] = (form, cookie) => createHmac('sha256', key).update(`${form}:${cookie}`).digest('base64url');
  return {
    issue,
    check(form, cookie, fields, request) {
      const given = one(fields, 'form_token') ?? '';
      if (!sentFromHere(request, hostNames) || cookie === '' || !sameText(given, issue(form, cookie))) {
        throw new Refusal(403, 'This form is no longer valid.');
      }
    },
  };
}

/** Browsers say where a form was sent from; a program that says nothing still needs the token. */
function sentFromHere({ headers, host }: FastifyRequest, hostNames: readonly string[]): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
  if (headers.origin === undefined) return true;
  const origin = URL.parse(headers.origin);
  return origin !== null && (origin.host === host.toLowerCase() || hostNames.includes(origin.hostname));
}
