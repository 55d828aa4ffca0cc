import { createPublicKey, sign } from 'node:crypto';
import forge from 'node-forge';
import { SetupError, type Text, message } from '#kit';

/** What may be signed of a certificate request (PKCS#10, RFC 2986). */
export interface SoundRequest {
  /** The public key as PEM. */
  readonly publicKey: string;
  readonly names: readonly string[];
}

const binary = (structure: forge.asn1.Asn1): Buffer => Buffer.from(forge.asn1.toDer(structure).getBytes(), 'binary');

/** A request for a certificate that speaks for DNS names, as PEM. Without names whoever signs it has to know them. */
export function makeRequest({ key, names }: { readonly key: string; readonly names: readonly string[] }): string {
  const request = forge.pki.createCertificationRequest();
  request.publicKey = forge.pki.publicKeyFromPem(createPublicKey(key).export({ type: 'spki', format: 'pem' }) as string);
  const altNames = names.map((value) => ({ type: 2, value }));
  const extensions = [{ name: 'subjectAltName', altNames }];
  if (names.length > 0) request.setAttributes([{ name: 'extensionRequest', extensions }]);
  const body = (): Buffer => binary((request as unknown as { certificationRequestInfo: forge.asn1.Asn1 }).certificationRequestInfo);
  const signer = { sign: () => sign('sha256', body(), key).toString('binary') };
  request.sign(signer as unknown as forge.pki.rsa.PrivateKey, forge.md.sha256.create());
  return forge.pki.certificationRequestToPem(request).replaceAll('\r\n', '\n');
}

/** Whether a request is for a key and speaks for a name alone. */
export function asksFor(pem: string, { key, name }: { readonly key: string; readonly name: string }): boolean {
  const own = forge.pki.publicKeyFromPem(createPublicKey(key).export({ type: 'spki', format: 'pem' }) as string);
  try {
    const { publicKey, names } = soundRequest(pem, { least: 0, most: own.n.bitLength() });
    return publicKey === forge.pki.publicKeyToPem(own) && names.length === 1 && names[0] === name.toLowerCase();
  } catch {
    return false;
  }
}

const { oids } = forge.pki;
/** Signatures that are not broken. */
const signatures = ['sha256WithRSAEncryption', 'sha384WithRSAEncryption', 'sha512WithRSAEncryption'].map((name) => oids[name]);

/** Letters, digits and hyphens in labels, with dots between them (RFC 1123). */
const isDnsName = (name: string): boolean =>
  name.length <= 253 && name.split('.').every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(label)) && !/^[\d.]+$/.test(name);

interface Extension {
  readonly id: string;
  readonly name?: string;
  readonly cA?: boolean;
  readonly altNames?: readonly { readonly type: number; readonly value: string }[];
  readonly [usage: string]: unknown;
}

/** Usages that a certificate for a TLS server has anyway. */
const usual = ['digitalSignature', 'keyEncipherment', 'serverAuth', oids['serverAuth']];

/** What an extension of a request asks for that nobody gets; undefined if it is harmless. */
function excess(extension: Extension): Text | undefined {
  const { name, id } = extension;
  switch (name) {
    case 'subjectKeyIdentifier':
    case 'subjectAltName':
      return undefined;
    case 'basicConstraints':
      return extension.cA === true ? 'it asks for a certificate of an authority' : undefined;
    case 'keyUsage':
    case 'extKeyUsage': {
      const more = Object.entries(extension).filter(([usage, wanted]) => wanted === true && usage !== 'critical' && !usual.includes(usage));
      return more.length === 0
        ? undefined
        : message`it asks for other usages than those of a TLS server: ${more.map(([one]) => one).join(', ')}`;
    }
    default:
      return message`it asks for the extension ${name ?? id}, which is not known here`;
  }
}

function parse(pem: string): forge.pki.CertificateSigningRequest {
  try {
    return forge.pki.certificationRequestFromPem(pem);
  } catch {
    throw new SetupError('refused', 'It is no certificate request (PKCS#10) in PEM with an RSA key');
  }
}

function isSigned(request: forge.pki.CertificateSigningRequest): boolean {
  try {
    return signatures.includes(request.signatureOid ?? '') && request.verify();
  } catch {
    return false;
  }
}

interface Bits {
  readonly least: number;
  readonly most: number;
}

/** What is wrong with the key of a request, and with its signature. */
function flawsOfKey(request: forge.pki.CertificateSigningRequest, bits: Bits): readonly Text[] {
  const flaws: Text[] = [];
  if (!isSigned(request)) flaws.push('it is not signed with its own key, or not with SHA-256 or better');
  const key = request.publicKey as forge.pki.rsa.PublicKey;
  const length = key.n.bitLength();
  if (length < bits.least || length > bits.most)
    flaws.push(message`its RSA key has ${length} bits; between ${bits.least} and ${bits.most} are taken`);
  // Small exponents, and even ones, are mistakes or traps.
  if (key.e.bitLength() > 32 || key.e.intValue() < 65_537 || key.e.intValue() % 2 === 0)
    flaws.push('the exponent of its RSA key is not 65537, and not a larger odd number of 32 bits');
  return flaws;
}

const refuse = (flaws: readonly Text[]): void => {
  if (flaws.length === 0) return;
  throw new SetupError('refused', 'The request cannot be signed', {
    problems: flaws.map((text) => ({ id: 'certificate-request', level: 'error', message: text })),
  });
};

/**
 * Reads a certificate request of somebody else of which nothing counts but the key: whoever signs it knows the names.
 * @param bits smallest and largest length of the key
 * @returns the public key as PEM
 * @throws SetupError `refused` with everything that is wrong with the key
 */
export function soundKey(pem: string, bits: Bits): string {
  const request = parse(pem);
  refuse(flawsOfKey(request, bits));
  return forge.pki.publicKeyToPem(request.publicKey as forge.pki.PublicKey);
}

/**
 * Reads a certificate request of somebody else. Nothing is taken from it but the key and the DNS names.
 * @param bits smallest and largest length of the key
 * @throws SetupError `refused` with everything that is wrong with it
 */
export function soundRequest(pem: string, bits: Bits): SoundRequest {
  const request = parse(pem);
  const flaws: Text[] = [...flawsOfKey(request, bits)];
  const asked = (request.getAttribute({ name: 'extensionRequest' }) as { extensions?: readonly Extension[] } | null)?.extensions ?? [];
  for (const extension of asked) flaws.push(...[excess(extension) ?? []].flat());
  const alternative = asked.flatMap(({ altNames }) => altNames ?? []);
  if (alternative.some(({ type }) => type !== 2)) flaws.push('it asks for other names than those of DNS');
  const names = [...new Set(alternative.filter(({ type }) => type === 2).map(({ value }) => value.toLowerCase()))];
  if (names.length === 0) flaws.push('it names no host: a DNS name is wanted among its alternative names');
  for (const name of names) if (!isDnsName(name)) flaws.push(message`"${name}" is not the name of one host`);
  refuse(flaws);
  return { publicKey: forge.pki.publicKeyToPem(request.publicKey as forge.pki.PublicKey), names };
}
