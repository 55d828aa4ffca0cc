import { type Problem, SetupError, type Text, message } from '#kit';
import { covers, parseCertificate, partOf } from './inspect.ts';
import { issueLeaf } from './issue.ts';
import { soundRequest } from './request.ts';

/** Browsers accept at most 398 days. */
const days = 397;

interface Signing {
  readonly request: string;
  /** The host that somebody wants the certificate for: the request has to name it. */
  readonly name: string;
  readonly authority: { readonly certificate: string; readonly key: string };
  /** The certificate of the engine. */
  readonly engine: string;
  readonly serial: Buffer;
  readonly now: Date;
  /** Smallest and largest length of the key in the request. */
  readonly bits: { readonly least: number; readonly most: number };
}

/**
 * Signs the request of a WebSocket proxy on another host.
 * @returns PEM with the certificate, that of the engine, which checks tickets, and that of the authority
 * @throws SetupError `refused` with everything that is wrong
 */
export function signRequest({ request, name, authority, engine, serial, now, bits }: Signing): string {
  const { publicKey, names } = soundRequest(request, bits);
  const ca = parseCertificate(authority.certificate);
  const own = parseCertificate(engine);
  if (ca === undefined || own === undefined)
    throw new SetupError('refused', 'The certificate of the authority or of the engine is damaged');
  const flaws: Text[] = [];
  if (!names.includes(name.toLowerCase())) flaws.push(message`it does not name ${name}, but ${names.join(', ')}`);
  // With such a one another host could pass itself off as the engine.
  for (const one of names) if (covers(own, one)) flaws.push(message`it names the engine itself: ${one}`);
  const problems = flaws.map((text): Problem => ({ id: 'certificate-request', level: 'error', message: text }));
  if (problems.length > 0) throw new SetupError('refused', 'The request cannot be signed', { problems });
  const part = (id: string): string => partOf(ca.subject, id) ?? '';
  const signed = issueLeaf({
    subject: { country: part('C'), organization: part('O'), commonName: name },
    key: publicKey,
    serial,
    now,
    days,
    authority,
    names,
    usages: ['serverAuth'],
  });
  return [signed, own, ca].map(String).join('');
}
