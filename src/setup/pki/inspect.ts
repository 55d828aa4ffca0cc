import { type KeyObject, X509Certificate, createHash, createPrivateKey } from 'node:crypto';
import { isIP } from 'node:net';
import { remembering } from './remembering.ts';
import { sshPublicKey } from './ssh-certificate.ts';

const certificateOf = remembering((pem) => new X509Certificate(pem));
const privateKeyOf = remembering((pem) => createPrivateKey(pem));

/** Parses a certificate from PEM; undefined if there is none in the text. Text before the BEGIN marker is allowed. */
export function parseCertificate(pem: string | undefined): X509Certificate | undefined {
  const start = pem?.indexOf('-----BEGIN CERTIFICATE-----') ?? -1;
  if (pem === undefined || start < 0) return undefined;
  try {
    return certificateOf(pem.slice(start));
  } catch {
    return undefined;
  }
}

/** Parses a private key from PEM; undefined if there is none in the text that can be read. */
export function parsePrivateKey(pem: string | undefined): KeyObject | undefined {
  if (pem === undefined) return undefined;
  try {
    return privateKeyOf(pem);
  } catch {
    return undefined;
  }
}

/** Whether the text is a private key that can be read. */
export const isPrivateKey = (pem: string | undefined): pem is string => parsePrivateKey(pem) !== undefined;

/** A private key as PKCS#8 PEM without a password; undefined if there is none in the text that can be read. */
export const asPkcs8 = (pem: string, passphrase?: string): string | undefined => {
  try {
    return createPrivateKey({ key: pem, ...(passphrase === undefined ? {} : { passphrase }) }).export({
      type: 'pkcs8',
      format: 'pem',
    }) as string;
  } catch {
    return undefined;
  }
};

/** Whether a private key belongs to a certificate. */
export function belongsTo(certificate: X509Certificate, key: string | undefined): boolean {
  const parsed = parsePrivateKey(key);
  return parsed !== undefined && certificate.checkPrivateKey(parsed);
}

const publicKeyOf = ({ publicKey }: X509Certificate): Buffer => publicKey.export({ type: 'spki', format: 'der' });

/**
 * Whether two certificates have the same key. Node's own comparison leaves an error behind where the keys are of two kinds: the next
 * private key that is read would be taken for damaged, and made anew.
 */
export const sameKey = (a: X509Certificate, b: X509Certificate): boolean => publicKeyOf(a).equals(publicKeyOf(b));

/**
 * The first part of a subject with a name, such as `CN`; undefined where there is none.
 * @param subject as node prints it: one `NAME=value` a line, escaped as RFC 2253 wants it. Its toLegacyObject is no way to it: called
 *   before anything has loaded node:tls, it leaves that module half loaded, and no connection can be made any more
 */
export const partOf = (subject: string, name: string): string | undefined =>
  subject
    .split('\n')
    .find((line) => line.startsWith(`${name}=`))
    ?.slice(name.length + 1)
    .replace(/\\([0-9A-F]{2}|.)/g, (_, what: string) => (what.length === 2 ? String.fromCharCode(parseInt(what, 16)) : what));

/** Whether a certificate speaks for a name or address, by its alternative names alone. */
export const covers = (certificate: X509Certificate, name: string): boolean =>
  (isIP(name) === 0 ? certificate.checkHost(name, { subject: 'never' }) : certificate.checkIP(name)) !== undefined;

/** Whether a certificate is not valid yet: the clock is behind, or was ahead when it was made. */
export const isEarly = (certificate: X509Certificate, now: Date): boolean => now < certificate.validFromDate;

/** Renewal is due in the last third of a certificate's life. */
export function isDue(certificate: X509Certificate, now: Date): boolean {
  const from = Date.parse(certificate.validFrom);
  const to = Date.parse(certificate.validTo);
  return now.getTime() > from + ((to - from) * 2) / 3;
}

/** Fingerprints as people compare them: upper-case hex pairs joined by colons, over the DER form. */
export const fingerprints = (certificate: X509Certificate): { readonly sha1: string; readonly sha256: string } => ({
  sha1: certificate.fingerprint,
  sha256: certificate.fingerprint256,
});

/** Fingerprint of a public key as OpenSSH prints it: `SHA256:` and 43 characters of unpadded base64. */
export const sshFingerprint = (privateKey: string): string =>
  `SHA256:${createHash('sha256').update(sshPublicKey(privateKey)).digest('base64').replace(/=+$/, '')}`;
