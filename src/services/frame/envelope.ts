import { constants, createHash, type KeyObject, randomBytes, sign, verify } from 'node:crypto';

/*
 * Signed envelopes: base64 of a JSON object that carries a payload, the time in which it is valid, and a signature over both. Tickets for
 * consoles come in them, and so does what the VM console proxy asks the engine. The form is that of engines before ours.
 */

/** An envelope that is not taken. The text goes behind the name of what it is: "is not valid any more". */
export class BadEnvelope extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'BadEnvelope';
  }
}

/** What was in an envelope whose signature and time are right. */
export interface Envelope {
  /** What was signed, as a digest: two forms of one envelope are the same. */
  readonly id: string;
  /** End of its validity, in milliseconds since 1970. */
  readonly validTo: number;
  /** The payload, as it was signed. */
  readonly data: string;
}

/** An envelope whose signature is right, whether or not it is of now. */
export interface SignedEnvelope {
  readonly validFrom: number;
  readonly envelope: Envelope;
}

/** Whose signature an envelope bears. */
export interface EnvelopeSigner {
  readonly key: KeyObject;
  /** The certificate that goes with the key, as PEM. */
  readonly certificate: string;
}

/** The fields in the order in which they are signed. */
const signedFields = ['salt', 'validFrom', 'validTo', 'data'] as const;

/**
 * Signs a payload with RSASSA-PSS and SHA-256, as engines from 4.5 on do it.
 * @param data 1 to 8192 printable characters of ASCII
 * @param now in milliseconds since 1970
 */
export function sealEnvelope(data: string, signer: EnvelopeSigner, now: number, validSeconds: number): string {
  const fields = {
    salt: randomBytes(8).toString('base64'),
    validFrom: timeText(now),
    validTo: timeText(now + validSeconds * 1000),
    data,
  };
  const signature = sign('sha256', Buffer.from(signedFields.map((name) => fields[name]).join('')), {
    key: signer.key,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_MAX_SIGN,
  });
  const envelope = {
    ...fields,
    signedFields: signedFields.join(','),
    certificate: signer.certificate,
    v2_signature: signature.toString('base64'),
  };
  return Buffer.from(JSON.stringify(envelope)).toString('base64');
}

/** `yyyyMMddHHmmss` in UTC. */
const timeText = (ms: number): string => new Date(ms).toISOString().replace(/\D/g, '').slice(0, 14);

/** The fields that can be signed, and their forms. So strict that the signed text can be cut into them in one way only. */
const forms: ReadonlyMap<string, RegExp> = new Map([
  ['salt', /^[A-Za-z0-9+/]{10,128}={0,2}$/],
  ['digest', /^sha1$/],
  ['validFrom', /^\d{14}$/],
  ['validTo', /^\d{14}$/],
  ['data', /^[\x21-\x7e]{1,8192}$/],
]);

/** Whose signature counts. */
export interface Verifier {
  /**
   * The key that counts, given the certificate in the envelope, which anybody may have put there. Throws BadEnvelope where none does.
   */
  readonly signerOf: (certificate: string | undefined) => KeyObject;
  /** Who that is, in words. */
  readonly by: string;
}

/** The time at which an envelope is opened, in milliseconds since 1970, and how far the clock of its signer may be ahead and behind. */
export interface Clock {
  readonly now: number;
  readonly earlyMs: number;
  readonly lateMs: number;
}

/**
 * Verifies the signature of an envelope, which names its signed fields in the order in which their values were signed. It is `v2_signature`
 * (RSASSA-PSS with SHA-256), or the older `signature` (PKCS#1 with SHA-1) where that is missing. Throws BadEnvelope.
 */
export function verifyEnvelope(text: string, { signerOf, by }: Verifier): SignedEnvelope {
  const fields = readFields(text);
  const names = signedNames(fields);
  const signed = Buffer.from(names.map((name) => fields.get(name)).join(''));
  if (!isSigned(signed, fields, signerOf(fields.get('certificate')))) throw new BadEnvelope(`is not signed by ${by}`);
  return {
    validFrom: readTime(fields.get('validFrom')),
    envelope: {
      id: createHash('sha256').update(signed).digest('base64'),
      validTo: readTime(fields.get('validTo')),
      data: fields.get('data') ?? '',
    },
  };
}

/** Opens an envelope that was verified, if it is valid now. Throws BadEnvelope. */
export function openVerified({ envelope, validFrom }: SignedEnvelope, { now, earlyMs, lateMs }: Clock): Envelope {
  if (validFrom > envelope.validTo) throw new BadEnvelope('ends before it begins');
  if (now < validFrom - earlyMs) throw new BadEnvelope('is not valid yet');
  if (now > envelope.validTo + lateMs) throw new BadEnvelope('is not valid any more');
  return envelope;
}

/** Verifies and opens an envelope. Throws BadEnvelope. */
export const openEnvelope = (text: string, { signerOf, by, ...clock }: Verifier & Clock): Envelope =>
  openVerified(verifyEnvelope(text, { signerOf, by }), clock);

function readFields(text: string): ReadonlyMap<string, string> {
  // Some encoders break lines.
  const base64 = text.replace(/[\r\n]/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) throw new BadEnvelope('is not base64');
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(base64, 'base64').toString());
  } catch {
    throw new BadEnvelope('is not JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new BadEnvelope('is not a JSON object');
  return new Map(Object.entries(parsed).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** Which fields are signed, in order. Each at most once, none that means nothing to us, and none that is used may be missing. */
function signedNames(fields: ReadonlyMap<string, string>): readonly string[] {
  const names = (fields.get('signedFields') ?? '').split(',').map((name) => name.trim());
  if (new Set(names).size !== names.length) throw new BadEnvelope('names a signed field twice');
  const missing = signedFields.filter((name) => !names.includes(name));
  if (missing.length > 0) throw new BadEnvelope(`does not sign ${missing.join(', ')}`);
  for (const name of names) {
    const form = forms.get(name);
    if (form === undefined) throw new BadEnvelope('signs a field that is unknown');
    if (!form.test(fields.get(name) ?? '')) throw new BadEnvelope(`has a wrong form of ${name}`);
  }
  return names;
}

function isSigned(signed: Buffer, fields: ReadonlyMap<string, string>, signer: KeyObject): boolean {
  const newer = fields.get('v2_signature');
  if (newer !== undefined) {
    const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO };
    return verify('sha256', signed, { key: signer, ...padding }, Buffer.from(newer, 'base64'));
  }
  const older = fields.get('signature');
  return older !== undefined && verify('sha1', signed, { key: signer }, Buffer.from(older, 'base64'));
}

/** `yyyyMMddHHmmss` in UTC, as milliseconds since 1970. */
function readTime(text = ''): number {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text) ?? [];
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const time = Date.parse(iso);
  // The 31st of February is a day to Date, but another one.
  if (Number.isNaN(time) || new Date(time).toISOString() !== iso) throw new BadEnvelope('has a date that does not exist');
  return time;
}
