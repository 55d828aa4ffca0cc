import { SetupError, message } from '#kit';
import { covers, isDue, isEarly, parseCertificate, partOf } from './inspect.ts';
import { issueLeaf } from './issue.ts';
import { soundKey } from './request.ts';
import {
  isSignedBy,
  issueSshCertificate,
  parseSshCertificate,
  publicKeyOfLine,
  sshPublicKey,
  sshPublicKeyLine,
} from './ssh-certificate.ts';

/* What the engine's authority issues for a compute node: of its requests only the keys count, the engine knows its address. */

/** Days that certificates of hosts are valid. */
const days = 1827;
const requestBits = { least: 2048, most: 8192 };
const day = 24 * 3600 * 1000;

interface Signing {
  /** PKCS#10 in PEM, with RSA. */
  readonly request: string;
  /** The public key of the SSH server for serial consoles, as a line of its file. */
  readonly console: string;
  /** Name or IP address by which the engine reaches the host. */
  readonly address: string;
  readonly authority: { readonly certificate: string; readonly key: string };
  /** The certificate of the engine: no host may pass for it. */
  readonly engine: string;
  readonly now: Date;
  readonly random: (bytes: number) => Buffer;
  /** What the host has from an earlier time; kept, where that is still good. */
  readonly present: { readonly certificate: string; readonly consoleCertificate: string };
}

export interface HostCertificates {
  /** PEM. */
  readonly certificate: string;
  /** As lines of files of SSH. */
  readonly consoleCertificate: string;
  readonly consoleAuthority: string;
}

/** The certificate that the host has, if nothing about it has to change; in the last third of its life it has. */
function stillGood({ present, authority, address, now }: Signing, key: string): string | undefined {
  const [found, ca] = [parseCertificate(present.certificate), parseCertificate(authority.certificate)];
  if (found === undefined || ca === undefined || !found.checkIssued(ca) || !found.verify(ca.publicKey)) return undefined;
  const fits = sshPublicKey(found.publicKey.export({ type: 'spki', format: 'pem' }) as string).equals(sshPublicKey(key));
  return fits && covers(found, address) && !isEarly(found, now) && !isDue(found, now) ? String(found) : undefined;
}

function issueNew({ address, authority, now, random }: Signing, key: string): string {
  const ca = parseCertificate(authority.certificate);
  const part = (id: string): string => partOf(ca?.subject ?? '', id) ?? '';
  return issueLeaf({
    subject: { country: part('C'), organization: part('O'), commonName: address },
    key,
    serial: random(16),
    now,
    days,
    authority,
    names: [address],
    // It is asked by the engine, and asks other hosts.
    usages: ['serverAuth', 'clientAuth'],
  });
}

/** The same for its SSH server for serial consoles. */
function issueForConsoles({ console, address, authority, now, random, present }: Signing): string {
  const key = publicKeyOfLine(console);
  if (key === undefined) throw new SetupError('refused', 'The public key for serial consoles is no RSA key of SSH with 2048 bits or more');
  const found = parseSshCertificate(present.consoleCertificate);
  if (found !== undefined && found.kind === 'host' && isSignedBy(found, authority.key) && found.key.equals(sshPublicKey(key))) {
    const age = (now.getTime() - found.from.getTime()) / (found.to.getTime() - found.from.getTime());
    if (found.principals.join() === address && age >= 0 && age < 2 / 3) return present.consoleCertificate.trim();
  }
  return issueSshCertificate({
    kind: 'host',
    identity: address,
    // Not the name that fits every host: any of them could pass for another.
    principals: [address],
    key,
    authority: authority.key,
    serial: random(8),
    nonce: random(32),
    from: new Date(now.getTime() - day),
    to: new Date(now.getTime() + days * day),
  }).trim();
}

/**
 * Issues what a compute node needs, or gives it what it has.
 * @throws SetupError `refused` for requests that cannot be signed
 */
export function signHost(signing: Signing): HostCertificates {
  const engine = parseCertificate(signing.engine);
  if (engine === undefined || covers(engine, signing.address))
    throw new SetupError('refused', message`${signing.address} is the name of the engine itself; no host gets a certificate for it`);
  const key = soundKey(signing.request, requestBits);
  return {
    certificate: stillGood(signing, key) ?? issueNew(signing, key),
    consoleCertificate: issueForConsoles(signing),
    consoleAuthority: sshPublicKeyLine(signing.authority.key),
  };
}
