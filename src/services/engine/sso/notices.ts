import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { rootCertificates } from 'node:tls';
import type { Database } from '../../frame/database.ts';
import { errorFields, type Log } from '../../frame/log.ts';
import { notificationCallbacks } from './clients.ts';

/** Tells registered clients that tokens have ended. Returns at once; whoever cannot be told does not hold anybody up. */
export type Notify = (tokens: readonly string[]) => void;

export interface NoticeParts {
  readonly database: Database;
  /** The file of the authority that the clients of this installation have their certificates from. */
  readonly caCertificate: string;
  readonly log: Log;
}

const timeoutMs = 5_000;
/** Notices on their way. A client that never answers may not collect them without limit. */
const mostAtOnce = 100;

/**
 * Makes the notices: a form `event=logout&token=TOKEN&token_type=bearer`, over TLS with a certificate that is verified for its
 * name, whatever the registration says.
 */
export function createNotify({ database, caCertificate, log }: NoticeParts): Notify {
  let underWay = 0;

  async function tellAll(tokens: readonly string[]): Promise<void> {
    const callbacks = await notificationCallbacks(database);
    if (callbacks.length === 0) return;
    const ca = [...rootCertificates, await readFile(caCertificate, 'utf8')];
    for (const { id, url } of callbacks) {
      for (const token of tokens) {
        if (underWay >= mostAtOnce) {
          log.warning('a client was not told of a logout, since too many notices are under way', { client: id });
          continue;
        }
        underWay++;
        post(url, new URLSearchParams({ event: 'logout', token, token_type: 'bearer' }).toString(), ca)
          .catch((error: unknown) => log.warning('a client could not be told of a logout', { client: id, error: errorFields(error).error }))
          .finally(() => underWay--);
      }
    }
  }

  return (tokens) => {
    if (tokens.length === 0) return;
    tellAll(tokens).catch((error: unknown) => log.warning('clients could not be told of a logout', errorFields(error)));
  };
}

function post(url: string, body: string, ca: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    if (!url.startsWith('https://')) throw new Error('the notification callback is not an https address');
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) };
    const asked = request(
      url,
      { method: 'POST', headers, ca: [...ca], agent: false, signal: AbortSignal.timeout(timeoutMs) },
      (response) => {
        const { statusCode = 0 } = response;
        // Nothing it says is of interest, however long it is.
        response.destroy();
        if (statusCode >= 200 && statusCode < 300) resolve();
        else reject(new Error(`it answered ${statusCode}`));
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });
}
