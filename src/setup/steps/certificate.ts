import { type Heading, type HostReader, type Step, type Text, term, file, nothing, readText, message } from '#kit';
import type { Subject } from '../pki/distinguished-name.ts';
import type { ExtendedUsage } from '../pki/issue.ts';
import { belongsTo, covers, isDue, isEarly, parseCertificate, partOf } from '../pki/inspect.ts';

interface Pair {
  /** Path of the certificate. */
  readonly path: string;
  /** Path of its private key, made by an earlier step. */
  readonly key: string;
  readonly subject: Subject;
  readonly days: number;
}

export interface WantedAuthority extends Omit<Pair, 'subject'> {
  /** The subject, which carries a number that tells authorities of one name apart. */
  readonly subject: (number: number) => Subject;
  /** Somebody wants it to live on: issued anew with the same key and subject, unless it is young. */
  readonly renew: boolean;
}

export interface WantedLeaf extends Pair {
  readonly authority: { readonly path: string; readonly key: string };
  readonly names: readonly string[];
  readonly usages: readonly ExtendedUsage[];
}

const must = async (host: HostReader, path: string): Promise<string> => {
  const text = await readText(host, path);
  if (text === undefined) throw new Error(`${path} is not there`);
  return text;
};

// node-forge is loaded only where a certificate is really made: it costs more than all our own modules together.
const issuing = () => import('../pki/issue.ts');

/** Younger than this, an authority has just been renewed. */
const young = 365 * 24 * 3600 * 1000;

/** The certificate of our own authority. One that fits its key is kept, whatever else it says, unless somebody wants it renewed. */
export function authority(heading: Heading, wanted: WantedAuthority): Step {
  return {
    ...heading,
    undo: 'restore-files',
    async check(host) {
      const found = parseCertificate(await readText(host, wanted.path));
      if (found !== undefined && belongsTo(found, await readText(host, wanted.key))) {
        const age = host.now().getTime() - found.validFromDate.getTime();
        if (!wanted.renew || (age >= 0 && age < young)) return nothing;
        const why = age < 0 ? message`begins ${found.validFrom}` : message`ends ${found.validTo}`;
        return { kind: 'update', note: message`${wanted.path}: ${term(why)}`, touches: [wanted.path] };
      }
      return { kind: found === undefined ? 'create' : 'update', note: wanted.path, touches: [wanted.path] };
    },
    async apply(host) {
      const key = await must(host, wanted.key);
      const { issueAuthority } = await issuing();
      const found = parseCertificate(await readText(host, wanted.path));
      // What it has signed stays valid: certificates know their authority by its subject and its key.
      const former = found !== undefined && belongsTo(found, key) ? partOf(found.subject, 'CN') : undefined;
      const number = 10_000 + (host.crypto.random(4).readUInt32BE() % 90_000);
      const pem = issueAuthority({
        subject: { ...wanted.subject(number), ...(former === undefined ? {} : { commonName: former }) },
        key,
        serial: host.crypto.random(16),
        now: host.now(),
        days: wanted.days,
      });
      await host.files.write(wanted.path, file(pem, 0o644));
    },
  };
}

/** Why a certificate has to be issued anew; undefined if it is as it should be. */
async function reasonToIssue(host: HostReader, wanted: WantedLeaf): Promise<Text | undefined> {
  const found = parseCertificate(await readText(host, wanted.path));
  if (found === undefined) return 'missing';
  const ca = parseCertificate(await readText(host, wanted.authority.path));
  if (ca === undefined || !found.verify(ca.publicKey) || !found.checkIssued(ca)) return 'not signed by our authority';
  if (!belongsTo(found, await readText(host, wanted.key))) return 'does not fit its key';
  const lacking = wanted.names.filter((name) => !covers(found, name));
  if (lacking.length > 0) return message`lacks ${lacking.join(', ')}`;
  if (isEarly(found, host.now())) return message`begins ${found.validFrom}`;
  return isDue(found, host.now()) ? message`ends ${found.validTo}` : undefined;
}

/** A certificate for a service, signed by our authority. Kept while it fits; issued anew with the same key in the last third of its life. */
export function certificate(heading: Heading, wanted: WantedLeaf): Step {
  return {
    ...heading,
    undo: 'restore-files',
    async check(host) {
      const reason = await reasonToIssue(host, wanted);
      if (reason === undefined) return nothing;
      return { kind: reason === 'missing' ? 'create' : 'update', note: message`${wanted.path}: ${term(reason)}`, touches: [wanted.path] };
    },
    async apply(host) {
      const [ca, caKey, key] = await Promise.all([
        must(host, wanted.authority.path),
        must(host, wanted.authority.key),
        must(host, wanted.key),
      ]);
      const { issueLeaf } = await issuing();
      const pem = issueLeaf({
        subject: wanted.subject,
        key,
        serial: host.crypto.random(16),
        now: host.now(),
        days: wanted.days,
        authority: { certificate: ca, key: caKey },
        names: wanted.names,
        usages: wanted.usages,
      });
      await host.files.write(wanted.path, file(pem, 0o644));
    },
  };
}
