import { type X509Certificate, createHash } from 'node:crypto';

/**
 * Who may call. Our authority has signed certificates for every service and host; the engine alone gives orders. Its certificate is renewed,
 * its key stays: hence the fingerprint of the key.
 */
export interface Callers {
  /** Common names; none: any, of those with one of the keys. */
  readonly names: readonly string[];
  /** SHA-256 of public keys (SubjectPublicKeyInfo, DER) in base64; none: any, of those with one of the names. */
  readonly keys: readonly string[];
}

/** The SHA-256 fingerprint of a certificate's public key, in base64. */
export const keyFingerprint = ({ publicKey }: X509Certificate): string =>
  createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64');

/** The common name of a certificate's holder; empty where it has none. */
export function commonName(certificate: X509Certificate): string {
  const name: unknown = (certificate.toLegacyObject().subject as { CN?: unknown } | undefined)?.CN;
  return typeof name === 'string' ? name : '';
}

/**
 * Why the holder of a certificate, which the authority has signed for clients, may not call; undefined if it may. Who has the key of this
 * host is this host: tools that an administrator runs on it use its certificate.
 */
export function mayNotCall(certificate: X509Certificate, own: X509Certificate, { names, keys }: Callers): string | undefined {
  const key = keyFingerprint(certificate);
  if (key === keyFingerprint(own)) return undefined;
  const name = commonName(certificate);
  // The authority has signed for every host and service.
  if (names.length === 0 && keys.length === 0) return 'CLIENT_NAMES and CLIENT_KEYS name nobody who may call';
  if (names.length > 0 && !names.includes(name)) return `${name === '' ? 'the certificate' : name} is not among those who may call`;
  if (keys.length > 0 && !keys.includes(key)) return `the key of ${name} is not among those that may call`;
  return undefined;
}
