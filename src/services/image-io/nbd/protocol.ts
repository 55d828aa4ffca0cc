/*
 * Numbers of the NBD protocol (https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md), as far as they are used here: the fixed
 * newstyle handshake, structured replies, and metadata contexts.
 */

export const magic = { server: 0x4e42444d41474943n, option: 0x49484156454f5054n, optionReply: 0x3e889045565a9n } as const;
export const requestMagic = 0x25609513;
export const replyMagic = { simple: 0x67446698, structured: 0x668e33ef } as const;

export const handshakeFlags = { fixedNewstyle: 1, noZeroes: 2 } as const;
export const options = { structuredReply: 8, listMetaContext: 9, setMetaContext: 10, go: 7 } as const;
export const optionReplies = { ack: 1, info: 3, metaContext: 4 } as const;
/** Replies with this bit are errors. */
export const optionError = 2 ** 31;
export const infoExport = 0;

export const commands = { read: 0, write: 1, disconnect: 2, flush: 3, writeZeroes: 6, blockStatus: 7 } as const;
export const commandFlags = { noHole: 2 } as const;
export const transmissionFlags = { readOnly: 2 } as const;

export const chunks = { none: 0, data: 1, hole: 2, blockStatus: 5 } as const;
/** Chunks with this bit are errors. */
export const chunkError = 2 ** 15;
export const chunkDone = 1;

/** Flags of `base:allocation`. */
export const allocation = { zero: 2 } as const;
export const contexts = { allocation: 'base:allocation', depth: 'qemu:allocation-depth', bitmaps: 'qemu:dirty-bitmap:' } as const;

/** Errors as they go over the wire. */
const wireErrors: Readonly<Record<number, string>> = {
  1: 'EPERM',
  5: 'EIO',
  12: 'ENOMEM',
  22: 'EINVAL',
  28: 'ENOSPC',
  75: 'EOVERFLOW',
  95: 'ENOTSUP',
  108: 'ESHUTDOWN',
};

/** What a server answers to a command that it cannot do; `code` is as Node's own errors have it. */
export class NbdError extends Error {
  readonly code: string;

  constructor(number: number, message: string) {
    const code = wireErrors[number] ?? `NBD error ${number}`;
    super(message === '' ? `the NBD server: ${code}` : `the NBD server: ${code}, ${message}`);
    this.name = 'NbdError';
    this.code = code;
  }
}
