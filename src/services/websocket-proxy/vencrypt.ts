import type { Writable } from 'node:stream';
import type { ByteReader } from '../frame/byte-reader.ts';

/*
 * The part of RFB (RFC 6143) and of its VeNCrypt extension that stands before TLS. A browser cannot do TLS inside of a
 * WebSocket, so the proxy does it: towards the display it is a client that chooses VeNCrypt, towards the browser it is a
 * server that offers plain VNC authentication, whose bytes then pass through.
 */

export const rfbVersion = Buffer.from('RFB 003.008\n');

const vncAuthentication = 2;
const vencrypt = 19;
/** TLS with certificates, then VNC authentication. */
const x509Vnc = 261;

/** Brings a display that has sent its version to the point where TLS begins. Throws if it will not have that. */
export async function chooseX509(display: Writable, from: ByteReader): Promise<void> {
  display.write(rfbVersion);
  const types = await from.take(await readByte(from));
  if (types.length === 0) throw new Error(`the display refuses: ${await readReason(from)}`);
  if (!types.includes(vencrypt)) throw new Error('the display does not offer VeNCrypt');
  display.write(Buffer.of(vencrypt));

  const version = await from.take(2);
  if (version.readUInt16BE() < 0x0002) throw new Error('the display speaks an older VeNCrypt than 0.2');
  display.write(Buffer.of(0, 2));
  if ((await readByte(from)) !== 0) throw new Error('the display does not speak VeNCrypt 0.2');

  const bytes = await from.take(4 * (await readByte(from)));
  const subtypes = Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readUInt32BE(4 * index));
  if (!subtypes.includes(x509Vnc)) throw new Error('the display does not offer X509VNC');
  const chosen = Buffer.alloc(4);
  chosen.writeUInt32BE(x509Vnc);
  display.write(chosen);
  if ((await readByte(from)) !== 1) throw new Error('the display does not accept X509VNC');
}

const readByte = async (from: ByteReader): Promise<number> => (await from.take(1)).readUInt8();

async function readReason(from: ByteReader): Promise<string> {
  const length = (await from.take(4)).readUInt32BE();
  return (await from.take(Math.min(length, 200))).toString();
}

/** What a server says to a browser in turns, and what must come back each time. */
export interface Turn {
  readonly say: Buffer;
  readonly hear: Buffer;
}

/** The turns with a browser that has to stand in for those which the proxy had with the display. */
export const browserTurns: readonly Turn[] = [
  { say: rfbVersion, hear: rfbVersion },
  { say: Buffer.of(1, vncAuthentication), hear: Buffer.of(vncAuthentication) },
];
