import { type Heading, type HostReader, type Step, type Text, file, message, nothing, readText } from '#kit';
import { isPrivateKey } from '../pki/inspect.ts';
import {
  type SshCertificate,
  isSignedBy,
  issueSshCertificate,
  parseSshCertificate,
  sshPublicKey,
  sshPublicKeyLine,
} from '../pki/ssh-certificate.ts';

export interface WantedSshCertificate {
  readonly path: string;
  /** Path of the private key that it is for, made by an earlier step. */
  readonly key: string;
  readonly kind: 'user' | 'host';
  readonly identity: string;
  readonly principals: readonly string[];
}

export interface WantedSshAuthority {
  /** Path of the authority's private key, made by an earlier step. */
  readonly key: string;
  /** Where its public half is kept, for sshd (`TrustedUserCAKeys`). */
  readonly publicKey: string;
  /** Where it is named as the authority of every host, for ssh (`UserKnownHostsFile`). */
  readonly knownHosts: string;
  readonly certificates: readonly WantedSshCertificate[];
  readonly days: number;
}

const day = 24 * 3600 * 1000;

/** Why a certificate has to be issued anew; undefined if it is as it should be. Renewal is due in the last third of its life. */
function reasonToIssue(
  found: SshCertificate | undefined,
  wanted: WantedSshCertificate,
  pems: readonly string[],
  now: Date,
): Text | undefined {
  const [key = '', authority = ''] = pems;
  if (found === undefined) return 'missing';
  if (!isSignedBy(found, authority)) return 'not signed by our authority';
  if (!found.key.equals(sshPublicKey(key))) return 'does not fit its key';
  const names = (list: readonly string[]): string => [...list].sort().join(' ');
  if (found.kind !== wanted.kind || names(found.principals) !== names(wanted.principals)) return message`lacks ${names(wanted.principals)}`;
  if (now < found.from) return message`begins ${found.from.toISOString()}`;
  const due = found.from.getTime() + ((found.to.getTime() - found.from.getTime()) * 2) / 3;
  return now.getTime() > due ? message`ends ${found.to.toISOString()}` : undefined;
}

/** What the files of an authority hold, by their paths. */
const filesOf = ({ publicKey, knownHosts }: WantedSshAuthority, pem: string): ReadonlyMap<string, string> => {
  const line = sshPublicKeyLine(pem);
  return new Map([
    [publicKey, `${line} ovirt-engine\n`],
    [knownHosts, `@cert-authority * ${line}\n`],
  ]);
};

/** The files and the certificates that are not as they should be; all of them where the keys are still to be made. */
async function differing(host: HostReader, wanted: WantedSshAuthority) {
  const authority = await readText(host, wanted.key);
  const keys = await Promise.all(wanted.certificates.map(({ key }) => readText(host, key)));
  if (!isPrivateKey(authority) || !keys.every(isPrivateKey)) return undefined;
  const files: (readonly [path: string, text: string])[] = [];
  for (const [path, text] of filesOf(wanted, authority)) if ((await readText(host, path)) !== text) files.push([path, text]);
  const certificates: { readonly wanted: WantedSshCertificate; readonly key: string; readonly reason: Text }[] = [];
  for (const [at, one] of wanted.certificates.entries()) {
    const key = keys[at] ?? '';
    const found = parseSshCertificate(await readText(host, one.path));
    const reason = reasonToIssue(found, one, [key, authority], host.now());
    if (reason !== undefined) certificates.push({ wanted: one, key, reason });
  }
  return { authority, files, certificates };
}

/**
 * Certificates of SSH for keys of ours, signed by the key of the internal CA, and what others know that key by. A certificate is kept while
 * it fits, and issued anew with the same key in the last third of its life.
 */
export function sshCertificates(heading: Heading, wanted: WantedSshAuthority): Step {
  const all = [wanted.publicKey, wanted.knownHosts, ...wanted.certificates.map(({ path }) => path)];
  return {
    ...heading,
    undo: 'restore-files',
    async check(host) {
      const found = await differing(host, wanted);
      if (found === undefined) return { kind: 'create', note: all.join(' '), touches: all };
      const paths = [...found.files.map(([path]) => path), ...found.certificates.map(({ wanted: { path } }) => path)];
      if (paths.length === 0) return nothing;
      return { kind: paths.length === all.length ? 'create' : 'update', note: paths.join(' '), touches: paths };
    },
    async apply(host) {
      const found = await differing(host, wanted);
      if (found === undefined) throw new Error('the keys are not there');
      for (const [path, text] of found.files) await host.files.write(path, file(text, 0o644));
      // Backdated by one day: clocks of hosts differ.
      const from = host.now().getTime() - day;
      for (const { wanted: one, key } of found.certificates) {
        const line = issueSshCertificate({
          kind: one.kind,
          identity: one.identity,
          principals: one.principals,
          key,
          authority: found.authority,
          serial: host.crypto.random(8),
          nonce: host.crypto.random(32),
          from: new Date(from),
          to: new Date(from + (wanted.days + 1) * day),
        });
        await host.files.write(one.path, file(line, 0o644));
      }
    },
  };
}
