/*
 * Public keys as users give them: lines of `authorized_keys` without options (sshd(8)). The key itself is a list of strings, each behind
 * its length in four bytes (RFC 4253, section 6.6; RFC 5656, section 3.1; RFC 8709; PROTOCOL.u2f of OpenSSH).
 */

export interface SshPublicKey {
  /** `ssh-ed25519` */
  readonly type: string;
  /** The key itself, as it is written. */
  readonly base64: string;
  /** What its owner calls it; empty where that is not said. */
  readonly comment: string;
}

/** A text that is no key, or none that is taken. Its message is a sentence for whoever sent it. */
export class BadSshKey extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BadSshKey';
  }
}

const noKey = (): BadSshKey => new BadSshKey('The content is no public key of OpenSSH.');

/** The fewest bits that an RSA key may have, as sshd is told by `RequiredRSASize`, and the most that OpenSSH reads. */
const rsaBits = { least: 2048, most: 16_384 } as const;

/** Lengths of points on curves, as they are sent: one byte and two numbers. */
const points: Readonly<Record<string, number>> = { nistp256: 65, nistp384: 97, nistp521: 133 };

/** Throws BadSshKey. */
const needLength = (part: Buffer | undefined, length: number): void => {
  if (part?.length !== length) throw noKey();
};

/** Looks at the parts behind the type. Throws BadSshKey. */
type Check = (parts: readonly Buffer[]) => void;

const rsa: Check = ([exponent, modulus, ...more]) => {
  if (exponent === undefined || modulus === undefined || more.length > 0 || exponent.length === 0 || exponent.length > 8) throw noKey();
  const bits = modulus.length === 0 ? 0 : BigInt(`0x${modulus.toString('hex')}`).toString(2).length;
  if (((modulus[0] ?? 0xff) & 0x80) !== 0) throw noKey();
  if (bits < rsaBits.least || bits > rsaBits.most)
    throw new BadSshKey(`An RSA key must have ${rsaBits.least} to ${rsaBits.most} bits; this one has ${bits}.`);
};

const curve =
  (name: string): Check =>
  ([named, point, ...more]) => {
    if (named?.toString() !== name || more.length > 0 || point?.[0] !== 4) throw noKey();
    needLength(point, points[name] ?? 0);
  };

const ed25519: Check = ([key, ...more]) => {
  needLength(key, 32);
  if (more.length > 0) throw noKey();
};

/** Keys on a token, behind which the application stands that they are for. */
const onToken =
  (check: Check): Check =>
  (parts) => {
    if ((parts.at(-1)?.length ?? 0) === 0) throw noKey();
    check(parts.slice(0, -1));
  };

const checks: ReadonlyMap<string, Check> = new Map([
  ['ssh-ed25519', ed25519],
  ['ssh-rsa', rsa],
  ...Object.keys(points).map((name): [string, Check] => [`ecdsa-sha2-${name}`, curve(name)]),
  ['sk-ssh-ed25519@openssh.com', onToken(ed25519)],
  ['sk-ecdsa-sha2-nistp256@openssh.com', onToken(curve('nistp256'))],
]);

/** The strings of a key. Throws BadSshKey. */
function stringsIn(blob: Buffer): readonly Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < blob.length;) {
    const from = at + 4;
    if (from > blob.length) throw noKey();
    at = from + blob.readUInt32BE(at);
    if (at > blob.length) throw noKey();
    found.push(blob.subarray(from, at));
  }
  return found;
}

/** Reads a public key. Throws BadSshKey for what is none, and for keys that are too weak. */
export function parseSshPublicKey(text: string): SshPublicKey {
  const [, type, base64, comment = ''] = /^([a-z0-9@.-]{1,60}) ([A-Za-z0-9+/]{16,16000}={0,3})(?: ([^\r\n]{0,255}))?$/.exec(text) ?? [];
  if (type === undefined || base64 === undefined) throw noKey();
  const check = checks.get(type);
  if (check === undefined) throw new BadSshKey(`Keys of this type are not taken. Those that are: ${[...checks.keys()].join(', ')}.`);
  const blob = Buffer.from(base64, 'base64');
  // Another way to write the same bytes would be another key to whoever compares texts.
  if (blob.toString('base64') !== base64) throw noKey();
  const [named, ...parts] = stringsIn(blob);
  if (named?.toString() !== type) throw noKey();
  check(parts);
  return { type, base64, comment };
}
