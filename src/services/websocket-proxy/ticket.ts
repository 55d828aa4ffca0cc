import { createHash, constants, type KeyObject, verify } from 'node:crypto';
import { Refusal } from './refusal.ts';

/** A ticket whose signature and time are right. */
export interface Ticket {
  /** What was signed, as a digest: two forms of one ticket are the same ticket. */
  readonly id: string;
  /** End of its validity, in milliseconds since 1970. */
  readonly validTo: number;
  /** The payload, as it was signed. */
  readonly data: string;
}

/** Clocks of two machines are never the same; only the beginning is lenient, which nobody gains anything from. */
const clockSkewMs = 5_000;

/** The fields of a ticket that can be signed, and their forms. So strict that the signed text can be cut into them in one way only. */
const forms: ReadonlyMap<string, RegExp> = new Map([
  ['salt', /^[A-Za-z0-9+/]{10,128}={0,2}$/],
  ['digest', /^sha1$/],
  ['validFrom', /^\d{14}$/],
  ['validTo', /^\d{14}$/],
  ['data', /^[\x21-\x7e]{1,8192}$/],
]);
const required = ['salt', 'validFrom', 'validTo', 'data'];

const bad = (why: string): Refusal => new Refusal(403, `the ticket ${why}`);

/**
 * Opens a ticket: base64 of a JSON object that names its signed fields in the order in which their values were signed.
 * The signature is `v2_signature` (RSASSA-PSS with SHA-256), or the older `signature` (PKCS#1 with SHA-1) where that is
 * missing. The certificate that a ticket carries is not looked at: only `signer` counts. Throws Refusal.
 */
export function openTicket(text: string, signer: KeyObject, now: number): Ticket {
  const fields = readFields(text);
  const names = signedNames(fields);
  const signed = Buffer.from(names.map((name) => fields.get(name)).join(''));
  if (!isSigned(signed, fields, signer)) throw bad('is not signed by the engine');
  const [validFrom, validTo] = [readTime(fields.get('validFrom')), readTime(fields.get('validTo'))];
  if (validFrom > validTo) throw bad('ends before it begins');
  if (now < validFrom - clockSkewMs) throw bad('is not valid yet');
  if (now > validTo + 999) throw bad('is not valid any more');
  return { id: createHash('sha256').update(signed).digest('base64'), validTo, data: fields.get('data') ?? '' };
}

function readFields(text: string): ReadonlyMap<string, string> {
  // Some encoders break lines.
  const base64 = text.replace(/[\r\n]/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) throw bad('is not base64');
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(base64, 'base64').toString());
  } catch {
    throw bad('is not JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw bad('is not a JSON object');
  return new Map(Object.entries(parsed).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** Which fields are signed, in order. Each at most once, none that means nothing to us, and none that is used may be missing. */
function signedNames(fields: ReadonlyMap<string, string>): readonly string[] {
  const names = (fields.get('signedFields') ?? '').split(',').map((name) => name.trim());
  if (new Set(names).size !== names.length) throw bad('names a signed field twice');
  const missing = required.filter((name) => !names.includes(name));
  if (missing.length > 0) throw bad(`does not sign ${missing.join(', ')}`);
  for (const name of names) {
    const form = forms.get(name);
    if (form === undefined) throw bad('signs a field that is unknown');
    if (!form.test(fields.get(name) ?? '')) throw bad(`has a wrong form of ${name}`);
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
  if (Number.isNaN(time) || new Date(time).toISOString() !== iso) throw bad('has a date that does not exist');
  return time;
}
