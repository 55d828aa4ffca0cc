import { closeSync, constants, openSync } from 'node:fs';

/** A directory held open. */
export interface Held {
  /**
   * Leads to this very directory, whatever becomes of its name: one that was removed does not lead to another that was made in its place.
   * It is also short, while the kernel allows 108 bytes for the path of a socket.
   */
  readonly path: string;
  close(): void;
}

/** Holds a directory. Throws ENOENT if it is not there. */
export function hold(directory: string): Held {
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  return { path: `/proc/self/fd/${fd}`, close: () => closeSync(fd) };
}
