import { type KeyObject, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { WireReader, mpint, string, uint32, uint64 } from './ssh-wire.ts';

/*
 * Certificates of SSH, by which hosts and users know each other without lists of keys (PROTOCOL.certkeys of OpenSSH). Ours are of RSA keys,
 * signed by the key of the internal CA, whose public half goes by the name ca.pub.
 */

const kinds = { user: 1, host: 2 } as const;
const keyType = 'ssh-rsa';
const certificateType = 'ssh-rsa-cert-v01@openssh.com';
const signatureType = 'rsa-sha2-512';

export interface SshCertificateRequest {
  readonly kind: keyof typeof kinds;
  /** What stands in logs of whoever sees it. */
  readonly identity: string;
  /** Names of the host, or of what a user may pass for; none would mean all. */
  readonly principals: readonly string[];
  /** Key of its holder, PEM: public or private, of which only the public half is used. */
  readonly key: string;
  /** Private key of the authority, PEM. */
  readonly authority: string;
  /** 8 random bytes. */
  readonly serial: Buffer;
  /** 32 random bytes. */
  readonly nonce: Buffer;
  readonly from: Date;
  readonly to: Date;
}

/** A certificate as it was read; its signature was not looked at. */
export interface SshCertificate {
  readonly kind: keyof typeof kinds | undefined;
  readonly identity: string;
  readonly principals: readonly string[];
  readonly from: Date;
  readonly to: Date;
  /** The public keys of its holder and of its authority, as SSH writes them. */
  readonly key: Buffer;
  readonly authority: Buffer;
  /** What was signed, and the signature. */
  readonly signed: Buffer;
  readonly signature: Buffer;
}

/** Exponent and modulus of an RSA key. */
function numbersOf(key: KeyObject): readonly [exponent: Buffer, modulus: Buffer] {
  const { n, e } = key.export({ format: 'jwk' });
  return [mpint(Buffer.from(e ?? '', 'base64url')), mpint(Buffer.from(n ?? '', 'base64url'))];
}

/** An RSA public key, as SSH writes it (RFC 4253, section 6.6). PEM: public or private, of which only the public half is used. */
export const sshPublicKey = (pem: string): Buffer => Buffer.concat([string(keyType), ...numbersOf(createPublicKey(pem))]);

/** The same as a line of a file. */
export const sshPublicKeyLine = (pem: string): string => `${keyType} ${sshPublicKey(pem).toString('base64')}`;

/** The RSA key of such a line as PEM; undefined for other kinds, for less than 2048 bits, and for what is no line of a key. */
export function publicKeyOfLine(line: string): string | undefined {
  const [, base64] = /^ssh-rsa ([A-Za-z0-9+/]+={0,2})(?:\s|$)/.exec(line.trim()) ?? [];
  if (base64 === undefined || base64.length > 4096) return undefined;
  try {
    const reader = new WireReader(Buffer.from(base64, 'base64'));
    if (reader.string().toString() !== keyType) return undefined;
    const [e, n] = [reader.string(), reader.string()].map((bytes) => bytes.toString('base64url'));
    const key = createPublicKey({ key: { kty: 'RSA', n: n ?? '', e: e ?? '' }, format: 'jwk' });
    const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
    if (modulusLength < 2048 || publicExponent < 65_537n) return undefined;
    return key.export({ type: 'spki', format: 'pem' }) as string;
  } catch {
    return undefined;
  }
}

const seconds = (time: Date): bigint => BigInt(Math.floor(time.getTime() / 1000));

/** Issues a certificate, as the line of its file. A user may have a terminal, and nothing besides; there are no such options for hosts. */
export function issueSshCertificate(request: SshCertificateRequest): string {
  const { kind, identity, principals, key, authority, serial, nonce, from, to } = request;
  const signed = Buffer.concat([
    string(certificateType),
    string(nonce),
    ...numbersOf(createPublicKey(key)),
    uint64(serial.readBigUInt64BE()),
    uint32(kinds[kind]),
    string(identity),
    string(Buffer.concat(principals.map((name) => string(name)))),
    uint64(seconds(from)),
    uint64(seconds(to)),
    string(''),
    string(kind === 'user' ? Buffer.concat([string('permit-pty'), string('')]) : ''),
    string(''),
    string(sshPublicKey(authority)),
  ]);
  const signature = sign('sha512', signed, createPrivateKey(authority));
  const blob = Buffer.concat([signed, string(Buffer.concat([string(signatureType), string(signature)]))]);
  return `${certificateType} ${blob.toString('base64')} ${identity}\n`;
}

/** Reads a certificate from the line of its file; undefined if there is none of our kind in the text. */
export function parseSshCertificate(text: string | undefined): SshCertificate | undefined {
  const [, base64] = /^ssh-rsa-cert-v01@openssh\.com ([A-Za-z0-9+/]+={0,2})(?:\s|$)/.exec(text ?? '') ?? [];
  if (base64 === undefined) return undefined;
  try {
    return read(Buffer.from(base64, 'base64'));
  } catch {
    return undefined;
  }
}

function read(blob: Buffer): SshCertificate {
  const reader = new WireReader(blob);
  if (reader.string().toString() !== certificateType) throw new Error('another type');
  reader.string(); // nonce
  const [exponent, modulus] = [reader.string(), reader.string()];
  reader.uint64(); // serial
  const number = reader.uint32();
  const identity = reader.string().toString();
  const names = new WireReader(reader.string());
  const principals: string[] = [];
  while (!names.atEnd) principals.push(names.string().toString());
  const [from, to] = [reader.uint64(), reader.uint64()].map((time) => new Date(Number(time) * 1000));
  for (const _ of ['critical options', 'extensions', 'reserved']) reader.string();
  const authority = reader.string();
  const signed = blob.subarray(0, reader.position);
  const wrapped = new WireReader(reader.string());
  if (wrapped.string().toString() !== signatureType || from === undefined || to === undefined) throw new Error('another signature');
  return {
    kind: number === kinds.user ? 'user' : number === kinds.host ? 'host' : undefined,
    identity,
    principals,
    from,
    to,
    key: Buffer.concat([string(keyType), string(exponent), string(modulus)]),
    authority,
    signed,
    signature: wrapped.string(),
  };
}

/** Whether a certificate was signed by an authority, whose key is given as PEM: public or private. */
export const isSignedBy = ({ authority, signed, signature }: SshCertificate, key: string): boolean =>
  authority.equals(sshPublicKey(key)) && verify('sha512', signed, createPublicKey(key), signature);
