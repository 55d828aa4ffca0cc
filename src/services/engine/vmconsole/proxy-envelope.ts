import { type KeyObject, X509Certificate } from 'node:crypto';
import { BadEnvelope } from '../../frame/envelope.ts';

/** What a certificate is for whose holder may ask for keys and consoles of users: the extended key usage of oVirt's VM console proxy. */
export const proxyUsage = '1.3.6.1.4.1.2312.13.1.2.1.1';

/**
 * The key of the certificate in an envelope, if our authority has issued that for a VM console proxy, and it is valid. Throws BadEnvelope.
 * @param now in milliseconds since 1970
 */
export function keyOfProxy(pem: string | undefined, authority: X509Certificate, now: number): KeyObject {
  const certificate = parse(pem);
  if (!certificate.checkIssued(authority) || !certificate.verify(authority.publicKey))
    throw new BadEnvelope('bears a certificate of another authority');
  const [from, to] = [certificate.validFromDate.getTime(), certificate.validToDate.getTime()];
  if (now < from || now > to) throw new BadEnvelope('bears a certificate that is not valid now');
  // Of the authority come certificates of every service, and of every host.
  if (certificate.ca || !hasUsage(certificate)) throw new BadEnvelope('bears a certificate for something else');
  return certificate.publicKey;
}

function parse(pem: string | undefined): X509Certificate {
  if (pem === undefined || pem.length > 16_384) throw new BadEnvelope('bears no certificate');
  try {
    return new X509Certificate(pem);
  } catch {
    throw new BadEnvelope('bears no certificate that can be read');
  }
}

/** Whether it has the usage. There is no list of them where the extension is missing, whatever the types say. */
const hasUsage = ({ keyUsage }: X509Certificate): boolean => Array.isArray(keyUsage) && keyUsage.includes(proxyUsage);
