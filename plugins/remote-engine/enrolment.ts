import type { X509Certificate } from 'node:crypto';
import { type HostReader, type Text, fact, message, readText } from '#kit';
import { certificatesIn, isRoot } from '../../src/setup/pki/chain.ts';
import { belongsTo, covers, isDue, isPrivateKey } from '../../src/setup/pki/inspect.ts';
import { paths as pki } from '../pki/settings.ts';

/* What the engine's host signs for the WebSocket proxy of this one, and sends along. */

export const paths = {
  folder: `${pki.home}/requests`,
  request: `${pki.home}/requests/websocket-proxy.csr`,
  key: pki.key('websocket-proxy'),
  certificate: pki.certificate('websocket-proxy'),
  engine: pki.certificate('engine'),
  authority: pki.authority,
} as const;

/** The certificates that `engine-setup pki sign` prints, in its order. */
export interface Signed {
  readonly own: X509Certificate;
  /** With its key the engine signs tickets. */
  readonly engine: X509Certificate;
  readonly authority: X509Certificate;
}

const read = (pem: string): readonly X509Certificate[] => {
  try {
    return certificatesIn(pem);
  } catch {
    return [];
  }
};

/** Reads what came from the engine's host; a text where it does not belong here. */
export function judgeSigned(pem: string, to: { readonly key: string; readonly name: string; readonly now: Date }): Signed | Text {
  const [own, engine, authority, ...more] = read(pem);
  if (own === undefined || engine === undefined || authority === undefined || more.length > 0)
    return 'It is not what engine-setup pki sign has printed: three certificates in PEM are expected';
  if (!belongsTo(own, to.key)) return 'The certificate was signed for another key than that of the WebSocket proxy on this host';
  if (!covers(own, to.name)) return message`The certificate does not speak for ${to.name}`;
  const isSigned = (one: X509Certificate): boolean => one.checkIssued(authority) && one.verify(authority.publicKey);
  if (!isRoot(authority) || !isSigned(own) || !isSigned(engine))
    return 'The certificates do not belong together: one authority has to have signed the others';
  if (own.validToDate <= to.now) return message`The certificate has ended ${own.validTo}`;
  return { own, engine, authority };
}

/** The key of the proxy, and its certificate if that lasts for a while with all that belongs to it. */
export async function enrolmentOn(
  host: HostReader,
): Promise<{ readonly key: string | undefined; readonly certificate: X509Certificate | undefined }> {
  const files = [paths.key, paths.certificate, paths.engine, paths.authority];
  const [key, ...texts] = await Promise.all(files.map((path) => readText(host, path)));
  const [own, engine, authority] = texts.map((text) => read(text ?? '')[0]);
  const whole = own !== undefined && engine !== undefined && authority !== undefined && !isDue(own, host.now());
  const fits = whole && belongsTo(own, key) && [own, engine].every((one) => one.checkIssued(authority) && one.verify(authority.publicKey));
  return { key: isPrivateKey(key) ? key : undefined, certificate: fits ? own : undefined };
}

export const enrolment = fact('websocket-enrolment', enrolmentOn);
