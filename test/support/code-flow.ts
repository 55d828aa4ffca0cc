import { createHash, randomBytes } from 'node:crypto';
import type { TestEngine } from './engine.ts';
import { type Answer, type Ask, cookieValue } from './https-client.ts';
import { logIn } from './login-form.ts';

export const sessionCookie = '__Secure-engine-session';

/** Logs in with the form and returns the cookie of the session, ready to be sent. */
export async function sessionOf(engine: TestEngine, username: string, password: string, ask: Ask = {}): Promise<string> {
  return `${sessionCookie}=${cookieValue(await logIn(engine, { username, password }, ask), sessionCookie)}`;
}

/** A verifier of PKCE and its challenge. */
export function newVerifier(): { readonly verifier: string; readonly challenge: string } {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

/** Asks for a code as a browser that follows a client's link does. */
export function authorize(engine: TestEngine, query: Readonly<Record<string, string>>, cookie = '', face = 'oauth'): Promise<Answer> {
  const headers: Record<string, string> = cookie === '' ? {} : { cookie };
  return engine.client(`/ovirt-engine/sso/${face}/authorize?${new URLSearchParams(query).toString()}`, { headers });
}

/** The parameters a client is called back with. */
export function calledBack({ headers }: Answer): { readonly address: string; readonly parameters: Readonly<Record<string, string>> } {
  const url = new URL(headers.location ?? '', 'https://relative.invalid');
  return { address: `${url.origin}${url.pathname}`, parameters: Object.fromEntries(url.searchParams) };
}
