/** The value of a cookie, or null when it is absent. When it was sent twice the first one counts, as RFC 6265 has it. */
export function readCookie(header: string | undefined, name: string): string | null {
  for (const pair of (header ?? '').split(';')) {
    const equals = pair.indexOf('=');
    if (equals !== -1 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
  }
  return null;
}

/**
 * A Set-Cookie value that lasts until the browser closes, for our pages only. The names of our cookies begin with
 * `__Secure-`, so that browsers accept them over TLS only.
 */
export const setCookie = (name: string, value: string): string => `${name}=${value}; Path=/ovirt-engine; Secure; HttpOnly; SameSite=Lax`;

/** A Set-Cookie value that removes the cookie. */
export const dropCookie = (name: string): string => `${setCookie(name, '')}; Max-Age=0`;
