import { connect, type Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';

export interface BridgeEnds {
  readonly input: Readable;
  readonly output: Writable;
  /** Aborted when the terminal is gone. */
  readonly gone: AbortSignal;
}

/**
 * Carries bytes between a terminal and the socket of a console until either is closed. Neither is read faster than the other takes it.
 * Throws what connect(2) says where there is no console.
 */
export async function bridge(path: string, { input, output, gone }: BridgeEnds): Promise<void> {
  const socket: Socket = connect({ path });
  const end = (): void => void socket.destroy();
  gone.addEventListener('abort', end, { once: true });
  // A terminal that goes away says so by an error, and it may do so at any time.
  input.on('error', end).on('end', end);
  output.on('error', end);
  if (gone.aborted) end();
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve).once('close', resolve).once('error', reject);
  });
  socket.on('error', end);
  if (!socket.destroyed) {
    input.pipe(socket);
    socket.pipe(output, { end: false });
    await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  }
  input.unpipe(socket);
  input.pause();
}
