import type { IncomingMessage } from 'node:http';
import { SetupError, messageOf } from '../kit/errors.ts';
import { message } from '../kit/text.ts';
import type { Response } from '../kit/host.ts';
import { codeOf } from './errno.ts';

const largest = 1024 * 1024;

async function bodyOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largest) throw new Error(`the answer is longer than ${largest} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** GET over HTTPS that trusts one CA alone. The limit counts for the whole exchange; redirects are answers like any other. */
export async function httpsGet({
  url,
  ca,
  timeoutMs,
}: {
  readonly url: string;
  readonly ca: string;
  readonly timeoutMs: number;
}): Promise<Response> {
  const { protocol, origin, pathname } = new URL(url);
  if (protocol !== 'https:') throw new SetupError('failed', message`Only https can be asked: ${origin}${pathname}`);
  const { get } = await import('node:https');
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      // No agent: a connection kept open would make the next probe talk to a service that has been replaced since.
      get(url, { ca, agent: false, signal }, resolve).on('error', reject);
    });
    return { status: response.statusCode ?? 0, body: await bodyOf(response) };
  } catch (error) {
    const why = signal.aborted ? `nothing within ${timeoutMs} ms` : (codeOf(error) ?? messageOf(error));
    // Without the query, which may hold a token.
    throw new SetupError('failed', message`No answer from ${origin}${pathname}: ${why}`, { cause: error });
  }
}
