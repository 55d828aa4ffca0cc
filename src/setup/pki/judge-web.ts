import type { X509Certificate } from 'node:crypto';
import { type Message, type Problem, type Text, message } from '#kit';
import { isRoot, pathFrom } from './chain.ts';
import { belongsTo, covers, partOf } from './inspect.ts';

/** A certificate of somebody else's authority, with all that was handed in with it. */
export interface WebCertificate {
  /** The one of the server first, the others in any order. */
  readonly certificates: readonly X509Certificate[];
  /** Private key, PEM. */
  readonly key: string | undefined;
}

/** What it is wanted for. */
export interface Purpose {
  /** The name that it has to speak for. */
  readonly name: string;
  /** Other names under which browsers may come. */
  readonly others: readonly string[];
  readonly now: Date;
}

type Level = Problem['level'];
const problem = (id: string, level: Level, text: Text, remedy?: Text): Problem => ({
  ...{ id, level, message: text },
  ...(remedy === undefined ? {} : { remedy }),
});

/** People are told this long before a certificate ends: 30 days. */
export const soon = 30 * 24 * 3600 * 1000;

/** How people know a certificate: its common name, or all of its subject where there is none. */
export const nameOf = ({ subject }: X509Certificate): string => partOf(subject, 'CN') ?? subject.replaceAll('\n', ', ');

/** Not yet valid, over, or over soon. */
function datesOf(certificate: X509Certificate, now: Date): readonly Problem[] {
  const name = nameOf(certificate);
  if (certificate.validFromDate > now)
    return [problem('https-dates', 'error', message`${name} is valid from ${certificate.validFrom} on only`)];
  if (certificate.validToDate <= now) return [problem('https-dates', 'error', message`${name} has ended: ${certificate.validTo}`)];
  if (certificate.validToDate.getTime() - now.getTime() > soon) return [];
  return [problem('https-dates', 'warning', message`${name} ends soon: ${certificate.validTo}`, 'Have a new one issued, and import it.')];
}

/** Names that it does not speak for. */
function namesOf(certificate: X509Certificate, { name, others }: Purpose): readonly Problem[] {
  const lacking = others.filter((one) => !covers(certificate, one));
  return [
    ...(covers(certificate, name)
      ? []
      : [
          problem(
            'https-names',
            'error',
            message`The certificate does not speak for ${name}, but for ${certificate.subjectAltName ?? 'nothing'}`,
            'Have one issued with that name among its alternative names.',
          ),
        ]),
    ...(lacking.length === 0
      ? []
      : [
          problem(
            'https-names',
            'warning',
            message`The certificate does not speak for ${lacking.join(', ')}: browsers will warn of these addresses`,
          ),
        ]),
  ];
}

/** Of what kind and size a key is, if browsers do not accept it or anybody could break it. */
function weakness({ publicKey }: X509Certificate): Message | undefined {
  const { modulusLength = 0, namedCurve = '' } = publicKey.asymmetricKeyDetails ?? {};
  const type = publicKey.asymmetricKeyType ?? '';
  if (type === 'rsa') return modulusLength < 2048 ? message`RSA with ${modulusLength} bits` : undefined;
  if (type !== 'ec') return message`${type}`;
  return ['prime256v1', 'secp384r1'].includes(namedCurve) ? undefined : message`the curve ${namedCurve}`;
}

const strengthOf = (path: readonly X509Certificate[]): readonly Problem[] =>
  path.flatMap((one) => {
    const weak = weakness(one);
    // Nobody verifies the signature of a root: it is trusted for itself.
    const digest = isRoot(one) ? undefined : /md[245]|sha-?1(?!\d)/i.exec(one.signatureAlgorithm ?? '')?.[0];
    return [
      ...(weak === undefined
        ? []
        : [problem('https-strength', 'error', message`${nameOf(one)} has a key that browsers do not accept: ${weak}`)]),
      ...(digest === undefined
        ? []
        : [problem('https-strength', 'error', message`${nameOf(one)} is signed with ${digest}, which can be forged`)]),
    ];
  });

/** What it may be used for, by its extensions (RFC 5280, sections 4.2.1.3, 4.2.1.9 and 4.2.1.12). */
async function usageOf(certificate: X509Certificate): Promise<readonly Problem[]> {
  // node-forge is loaded only where a certificate is really handed in.
  const { maySign } = await import('./key-usage.ts');
  // Node calls the extended usage so; without one there is no restriction.
  const extended = certificate.keyUsage as readonly string[] | undefined;
  const serves = extended === undefined || extended.some((use) => use === '1.3.6.1.5.5.7.3.1' || use === '2.5.29.37.0');
  return [
    ...(certificate.ca
      ? [problem('https-usage', 'error', message`${nameOf(certificate)} is the certificate of an authority, and none of a server`)]
      : []),
    ...(serves
      ? []
      : [
          problem(
            'https-usage',
            'error',
            message`${nameOf(certificate)} may not be used by servers: its extended key usage lacks serverAuth`,
          ),
        ]),
    ...(maySign(certificate)
      ? []
      : [problem('https-usage', 'error', message`${nameOf(certificate)} may not be used with TLS: its key usage lacks digitalSignature`)]),
  ];
}

/** Whether the way ends in a root, and what stands beside it. */
function chainOf(path: readonly X509Certificate[], all: readonly X509Certificate[]): readonly Problem[] {
  const last = path.at(-1);
  const unused = all.filter((one) => path.every((each) => each.fingerprint256 !== one.fingerprint256));
  return [
    ...(last === undefined || (isRoot(last) && path.length > 1) ? [] : [broken(last)]),
    ...(unused.length === 0
      ? []
      : [problem('https-chain', 'warning', message`Left out, since they have no part in the chain: ${unused.map(nameOf).join(', ')}`)]),
  ];
}

const broken = (last: X509Certificate): Problem =>
  isRoot(last)
    ? problem('https-chain', 'error', message`${nameOf(last)} has signed itself: no authority vouches for it`)
    : problem(
        'https-chain',
        'error',
        message`The chain is broken: the certificate of the issuer of ${nameOf(last)} is missing (${last.issuer.replaceAll('\n', ', ')})`,
        'Hand in all certificates up to the root with --chain=FILE, in any order.',
      );

/** What is wrong with a certificate that is handed in, all of it. With an error it cannot be used. */
export async function judgeWebCertificate({ certificates, key }: WebCertificate, purpose: Purpose): Promise<readonly Problem[]> {
  const [own, ...others] = certificates;
  if (own === undefined) return [problem('https-chain', 'error', 'There is no certificate')];
  const path = pathFrom(own, others);
  return [
    ...(belongsTo(own, key) ? [] : [problem('https-key', 'error', message`The private key does not belong to ${nameOf(own)}`)]),
    ...chainOf(path, certificates),
    ...namesOf(own, purpose),
    ...path.flatMap((one) => datesOf(one, purpose.now)),
    ...(await usageOf(own)),
    ...strengthOf(path),
  ];
}

/** What is to be told in later runs of one that is installed. That it ends is no reason to refuse them. */
export function watchWebCertificate({ certificates: [own], key }: WebCertificate, purpose: Purpose): readonly Problem[] {
  if (own === undefined || !belongsTo(own, key))
    return [
      problem(
        'https-key',
        'error',
        'The imported certificate is gone, or does not fit its key',
        'Import it again with engine-setup pki import, or go back to one of our own authority with engine-setup pki import --ours.',
      ),
    ];
  return [...namesOf(own, { ...purpose, others: [] }), ...datesOf(own, purpose.now)].map((one) => ({ ...one, level: 'warning' as const }));
}
