import type { IncomingMessage } from 'node:http';

/**
 * What lets pages of other origins talk to us (the Fetch standard, CORS): each header only as the answer to one of the request. A ticket is all
 * that counts here, and no browser adds one by itself, so every origin may.
 */
export function corsHeaders({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  const asksHeaders = headers['access-control-request-headers'] !== undefined;
  const asksMethod = headers['access-control-request-method'] !== undefined;
  return {
    ...(headers.origin === undefined ? {} : { 'access-control-allow-origin': '*' }),
    ...(asksHeaders ? { 'access-control-allow-headers': '*' } : {}),
    ...(asksMethod ? { 'access-control-allow-methods': 'OPTIONS,GET,PUT' } : {}),
    ...(asksHeaders || asksMethod ? { 'access-control-max-age': '86400' } : {}),
  };
}
