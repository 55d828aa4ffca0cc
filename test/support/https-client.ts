import { request as httpsRequest } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Cookies the answer sets: name to the rest of the Set-Cookie line. */
  readonly cookies: ReadonlyMap<string, string>;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as a form. */
  readonly form?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The loopback address to send from; 127.0.0.1 where nothing is said. */
  readonly from?: string;
}

export type HttpsClient = (path: string, ask?: Ask) => Promise<Answer>;

/** A client that trusts one CA, follows no redirect and sends the path as it stands. */
export function createClient(port: number, ca: string): HttpsClient {
  return (path, { method, headers = {}, form, body, from } = {}) =>
    new Promise((resolve, reject) => {
      const payload = form === undefined ? body : new URLSearchParams(form).toString();
      const type: Record<string, string> = form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
      const length: Record<string, string> = payload === undefined ? {} : { 'content-length': String(Buffer.byteLength(payload)) };
      const request = httpsRequest(
        {
          host: 'localhost',
          port,
          ca,
          path,
          method: method ?? (payload === undefined ? 'GET' : 'POST'),
          headers: { ...type, ...length, ...headers },
          agent: false,
          family: 4,
          ...(from === undefined ? {} : { localAddress: from }),
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => (text += chunk));
          response.on('error', reject);
          response.on('end', () => {
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text, cookies: cookiesOf(response.headers) });
          });
        },
      );
      request.on('error', reject);
      request.end(payload);
    });
}

function cookiesOf(headers: IncomingHttpHeaders): ReadonlyMap<string, string> {
  return new Map(
    (headers['set-cookie'] ?? []).map((line) => {
      const equals = line.indexOf('=');
      return [line.slice(0, equals), line.slice(equals + 1)];
    }),
  );
}

/** The value of a cookie an answer set. */
export const cookieValue = (answer: Answer, name: string): string => (answer.cookies.get(name) ?? '').split(';', 1)[0] ?? '';

/** The Authorization header of HTTP Basic. */
export const basic = (user: string, password: string): string => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

let sources = 0;

/** A loopback address nobody has sent from yet: failed logins of one test are no reason to answer the next one late. */
export function freshSource(): string {
  const number = sources++;
  return `127.0.${1 + Math.floor(number / 250)}.${1 + (number % 250)}`;
}
