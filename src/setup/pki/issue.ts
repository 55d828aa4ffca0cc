import { createPublicKey, sign } from 'node:crypto';
import { isIP } from 'node:net';
import forge from 'node-forge';
import type { Subject } from './distinguished-name.ts';

/** Everything that goes into a certificate. */
interface Request {
  readonly subject: Subject;
  /** Key of the certificate's holder, PEM: public or private, of which only the public half is used. An authority needs the private one. */
  readonly key: string;
  /** Serial number: 16 random bytes. */
  readonly serial: Buffer;
  readonly now: Date;
  readonly days: number;
}

export interface AuthorityRequest extends Request {}

/** What a certificate is for: one of TLS, or an object identifier such as `1.3.6.1.4.1.2312.13.1.2.1.1`. */
export type ExtendedUsage = 'serverAuth' | 'clientAuth' | `${number}.${string}`;

export interface LeafRequest extends Request {
  readonly authority: { readonly certificate: string; readonly key: string };
  /** DNS names and IP addresses; the verifier looks at these, never at the common name. None for who is known by the usage alone. */
  readonly names: readonly string[];
  readonly usages: readonly ExtendedUsage[];
}

const day = 24 * 60 * 60 * 1000;

/** node-forge writes strings as PrintableString unless told otherwise; names of people and firms need UTF-8. */
const attribute = (name: string, value: string): forge.pki.CertificateField =>
  ({ name, value, valueTagClass: forge.asn1.Type.UTF8 }) as unknown as forge.pki.CertificateField;

const distinguishedName = (subject: Subject): forge.pki.CertificateField[] => [
  { name: 'countryName', value: subject.country },
  attribute('organizationName', subject.organization),
  attribute('commonName', subject.commonName.slice(0, 64)),
];

/** The attributes of a subject as node-forge takes them: what it parses are bytes, what it writes are characters. */
const readable = (attributes: readonly forge.pki.CertificateField[]): forge.pki.CertificateField[] =>
  attributes.map((one) =>
    (one.valueTagClass as unknown) === forge.asn1.Type.UTF8 ? { ...one, value: forge.util.decodeUtf8(String(one.value)) } : one,
  );

const publicKeyOf = (key: string): forge.pki.PublicKey =>
  forge.pki.publicKeyFromPem(createPublicKey(key).export({ type: 'spki', format: 'pem' }) as string);

function begin(request: Request): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = publicKeyOf(request.key);
  // The first bit is cleared so that the number is positive, the second set so that it never starts with a zero byte.
  const serial = Buffer.from(request.serial);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  certificate.serialNumber = serial.toString('hex');
  // Backdated by one day: clocks of hosts differ. Whole seconds, since the format has no fractions.
  const from = Math.floor(request.now.getTime() / 1000) * 1000 - day;
  certificate.validity.notBefore = new Date(from);
  certificate.validity.notAfter = new Date(from + (request.days + 1) * day);
  certificate.setSubject(distinguishedName(request.subject));
  return certificate;
}

/** Signs with node:crypto: node-forge builds the structure, but its RSA in plain JavaScript is many times slower. */
function finish(certificate: forge.pki.Certificate, key: string): string {
  const signer = {
    sign: () => {
      const body = forge.asn1.toDer((certificate as unknown as { tbsCertificate: forge.asn1.Asn1 }).tbsCertificate).getBytes();
      return sign('sha256', Buffer.from(body, 'binary'), key).toString('binary');
    },
  };
  certificate.sign(signer as unknown as forge.pki.rsa.PrivateKey, forge.md.sha256.create());
  return forge.pki.certificateToPem(certificate).replaceAll('\r\n', '\n');
}

/** A self-signed certificate authority as PEM: RSA with SHA-256, may sign certificates and revocation lists, nothing else. */
export function issueAuthority(request: AuthorityRequest): string {
  const certificate = begin(request);
  certificate.setIssuer(certificate.subject.attributes);
  certificate.setExtensions([
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    { name: 'subjectKeyIdentifier' },
  ]);
  return finish(certificate, request.key);
}

/** A certificate for a service, signed by the authority, as PEM. */
export function issueLeaf(request: LeafRequest): string {
  const authority = forge.pki.certificateFromPem(request.authority.certificate);
  const certificate = begin(request);
  certificate.setIssuer(readable(authority.subject.attributes));
  certificate.setExtensions([
    { name: 'basicConstraints', cA: false, critical: true },
    { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
    { name: 'extKeyUsage', ...Object.fromEntries(request.usages.map((usage) => [usage, true])) },
    ...(request.names.length === 0
      ? []
      : [
          {
            name: 'subjectAltName',
            altNames: request.names.map((name) => (isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name })),
          },
        ]),
    { name: 'subjectKeyIdentifier' },
    { name: 'authorityKeyIdentifier', keyIdentifier: authority.generateSubjectKeyIdentifier().getBytes() },
  ]);
  return finish(certificate, request.authority.key);
}
