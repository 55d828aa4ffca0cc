import type { ClientRequest } from 'node:http';

/** An answer to a request, read to its end. */
export interface WholeAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * Sends a request of `node:http` or `node:https`, and reads the answer.
 * @param body what is sent along, if anything
 * @param mostBytes of an answer; whoever says more is cut off
 * @throws what the connection, its certificate or the signal of the request end it with; Error where the answer is too long
 */
export function wholeAnswer(asking: ClientRequest, body: string | undefined, mostBytes: number): Promise<WholeAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<WholeAnswer>();
  asking.on('error', reject);
  asking.on('response', (response) => {
    const pieces: Buffer[] = [];
    let size = 0;
    response.on('error', reject);
    response.on('data', (piece: Buffer) => {
      size += piece.length;
      if (size > mostBytes) response.destroy(new Error('the answer is too long'));
      else pieces.push(piece);
    });
    response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(pieces).toString() }));
  });
  asking.end(body);
  return promise;
}
