import { constants, createPublicKey, publicEncrypt } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:tls';

/** What servers of SPICE say to a ticket (`SpiceLinkErr`). */
export const spiceAnswers = { ok: 0, permissionDenied: 7 } as const;

export interface SpicePlace {
  /** A socket that leads to the port for TLS. */
  readonly path: string;
  /** The name in the certificate, and who vouches for it. */
  readonly name: string;
  readonly ca: string | Buffer;
}

const [keyBytes, headBytes, mainChannel] = [162, 16, 1];

/**
 * Links to the main channel of a SPICE display with TLS (https://www.spice-space.org/spice-protocol.html), and returns what the server says to the
 * password. Throws where there is no such server, or it cannot prove who it is.
 */
export async function linkSpice({ path, name, ca }: SpicePlace, password: string): Promise<number> {
  const socket = connect({ path, servername: name, ca });
  try {
    await once(socket, 'secureConnect');
    const pieces = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
    let bytes = Buffer.alloc(0);
    const take = async (count: number): Promise<Buffer> => {
      while (bytes.length < count) {
        const { value } = await pieces.next();
        if (value === undefined) throw new Error('the server has hung up');
        bytes = Buffer.concat([bytes, value]);
      }
      const taken = bytes.subarray(0, count);
      bytes = bytes.subarray(count);
      return taken;
    };
    const head = Buffer.alloc(headBytes);
    head.write('REDQ');
    // Its version is 2.2; 18 bytes follow: a new connection, its main channel, and nothing that we can besides.
    [2, 2, 18].forEach((value, at) => head.writeUInt32LE(value, 4 + 4 * at));
    const message = Buffer.alloc(18);
    message.writeUInt8(mainChannel, 4);
    message.writeUInt32LE(18, 14);
    socket.write(Buffer.concat([head, message]));
    const reply = await take((await take(headBytes)).readUInt32LE(12));
    if (reply.readUInt32LE(0) !== spiceAnswers.ok) return reply.readUInt32LE(0);
    const key = createPublicKey({ key: reply.subarray(4, 4 + keyBytes), format: 'der', type: 'spki' });
    const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' };
    socket.write(publicEncrypt({ key, ...padding }, Buffer.from(`${password}\0`)));
    return (await take(4)).readUInt32LE(0);
  } finally {
    socket.destroy();
  }
}
