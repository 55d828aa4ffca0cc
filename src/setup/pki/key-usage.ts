import type { X509Certificate } from 'node:crypto';
import forge from 'node-forge';

const { asn1 } = forge;

type Node = forge.asn1.Asn1;
const inside = ({ value }: Node): readonly Node[] => (Array.isArray(value) ? value : []);
const parse = (bytes: string): Node =>
  asn1.fromDer(bytes, { strict: true, parseAllBytes: true, decodeBitStrings: false } as unknown as boolean);

/** Number of the extension, as it is named in RFC 5280, section 4.2.1.3. */
const keyUsage = '2.5.29.15';

/**
 * Whether the key of a certificate may sign, which every handshake of today wants: the first bit of its key usage.
 * A certificate without that extension does not restrict its key. Node tells the extended usage alone.
 */
export function maySign(certificate: X509Certificate): boolean {
  const [body] = inside(parse(certificate.raw.toString('binary')));
  // [3] EXPLICIT Extensions, a sequence of: number, whether it is critical, content.
  const extensions =
    body === undefined
      ? undefined
      : inside(body).find(({ tagClass, type }) => tagClass === asn1.Class.CONTEXT_SPECIFIC && (type as number) === 3);
  for (const extension of extensions === undefined ? [] : inside(extensions).flatMap(inside)) {
    const [id, ...more] = inside(extension);
    const content = more.at(-1);
    if (typeof id?.value !== 'string' || typeof content?.value !== 'string' || asn1.derToOid(id.value) !== keyUsage) continue;
    const bits = parse(content.value).value;
    // The first byte says how many bits at the end do not count.
    return typeof bits === 'string' && (bits.charCodeAt(1) & 0x80) !== 0;
  }
  return true;
}
