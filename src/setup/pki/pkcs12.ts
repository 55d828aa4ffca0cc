import { createPrivateKey } from 'node:crypto';
import forge from 'node-forge';

/** The certificates and the private keys of a PKCS#12 file, as PEM. */
export interface Store {
  readonly certificates: readonly string[];
  readonly keys: readonly string[];
}

const { asn1, pki, pkcs12 } = forge;

const pem = (label: string, der: forge.asn1.Asn1): string => {
  const lines = Buffer.from(asn1.toDer(der).getBytes(), 'binary')
    .toString('base64')
    .replace(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
};

/** A key that the library knows, or one of another kind as it stood in the file; both as PKCS#8. */
const keyOf = ({ key, asn1: raw }: forge.pkcs12.Bag): string => {
  const text = key ? pki.privateKeyToPem(key) : pem('PRIVATE KEY', raw);
  return createPrivateKey(text).export({ type: 'pkcs8', format: 'pem' }) as string;
};

/**
 * Reads a PKCS#12 file (RFC 7292), as browsers, Windows and Java write them.
 * @param password empty for a file without one; of letters beyond ASCII the library makes something else than openssl does
 * @throws Error if it is damaged, or the password is another one
 */
export function readPkcs12(bytes: Uint8Array, password: string): Store {
  const parsed = pkcs12.pkcs12FromAsn1(asn1.fromDer(Buffer.from(bytes).toString('binary')), true, password);
  const bags = (type: string): readonly forge.pkcs12.Bag[] => parsed.getBags({ bagType: type })[type] ?? [];
  const { oids } = pki as unknown as { oids: Readonly<Record<string, string>> };
  const [certificate, shrouded, plain] = ['certBag', 'pkcs8ShroudedKeyBag', 'keyBag'].map((name) => oids[name] ?? '');
  return {
    // The library knows no certificates with keys on elliptic curves, but hands them on.
    certificates: bags(certificate ?? '').map(({ cert, asn1: raw }) => (cert ? pki.certificateToPem(cert) : pem('CERTIFICATE', raw))),
    keys: [...bags(shrouded ?? ''), ...bags(plain ?? '')].map(keyOf),
  };
}
