import { X509Certificate } from 'node:crypto';

/** Every certificate of a PEM text, in its order; what stands between them does not count. Throws what node throws for one that is damaged. */
export const certificatesIn = (pem: string): readonly X509Certificate[] =>
  (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map((block) => new X509Certificate(block));

/** Whether the signature of a certificate was made with the key of another one. */
function verifies(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.verify(issuer.publicKey);
  } catch {
    // A key of another kind than the signature.
    return false;
  }
}

/** Whether one certificate may have signed another, by names and extensions, and really has. */
const hasSigned = (issuer: X509Certificate, certificate: X509Certificate): boolean =>
  certificate.checkIssued(issuer) && verifies(certificate, issuer);

/** Whether a certificate vouches for itself: there is nothing above it. */
export const isRoot = (certificate: X509Certificate): boolean =>
  certificate.subject === certificate.issuer && verifies(certificate, certificate);

const ends = (path: readonly X509Certificate[]): boolean => path.some(isRoot);

/**
 * The way from a certificate up to a root, each one signed by the next, whatever the order of the others.
 * @param others certificates that may stand on the way
 * @returns the longest way there is where none ends in a root
 */
export function pathFrom(certificate: X509Certificate, others: readonly X509Certificate[]): readonly X509Certificate[] {
  if (isRoot(certificate)) return [certificate];
  let longest: readonly X509Certificate[] = [certificate];
  for (const issuer of others.filter((one) => one.ca && hasSigned(one, certificate))) {
    const path = [
      certificate,
      ...pathFrom(
        issuer,
        others.filter((one) => one !== issuer),
      ),
    ];
    if (ends(path)) return path;
    if (path.length > longest.length) longest = path;
  }
  return longest;
}

/** What a server sends: itself and those between, without the root, which whoever verifies has already. */
export const served = (path: readonly X509Certificate[]): string =>
  path
    .filter((one, index) => index === 0 || !isRoot(one))
    .map(String)
    .join('');

/** What whoever verifies it has to know: all that stands above it, up to the root. */
export const issuers = (path: readonly X509Certificate[]): string => path.slice(1).map(String).join('');
