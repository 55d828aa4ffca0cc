import { readFileSync, statSync } from 'node:fs';
import { getCACertificates } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import { type Problem, type Text, message, term } from '#kit';
import { certificatesIn, isRoot, pathFrom } from '../pki/chain.ts';
import { asPkcs8, belongsTo } from '../pki/inspect.ts';
import type { Store } from '../pki/pkcs12.ts';
import { refuse } from './answer-files.ts';
import { Unreadable, tooLarge, unreadable } from './unreadable.ts';

/** Files that a certificate of another authority comes in. */
interface ImportFiles {
  /** PEM with one or more certificates, or PKCS#12 with all there is. */
  readonly certificate: string;
  readonly key: string | undefined;
  readonly chain: string | undefined;
  /** Its first line opens the key, or the PKCS#12 file. */
  readonly passwordFile: string | undefined;
}

/** All of it as PEM. */
interface Imported {
  /** The certificate that belongs to the key first, then the others with the root. */
  readonly certificates: string;
  readonly key: string;
}

const largest = 1024 * 1024;

/** The bytes of a file. A secret that every user can read is none. */
function read(path: string, secret: boolean): Buffer {
  const stat = statSync(path);
  if (!stat.isFile()) throw new Unreadable('it is no file');
  if (stat.size > largest) throw tooLarge(largest);
  if (secret && (stat.mode & 0o004) !== 0) throw new Unreadable('other users can read it', message`Change that: chmod 600 ${path}`);
  return readFileSync(path);
}

const isPem = (bytes: Buffer): boolean => bytes.includes('-----BEGIN ');

async function openStore(bytes: Buffer, password: string | undefined): Promise<Store> {
  const { readPkcs12 } = await import('../pki/pkcs12.ts');
  try {
    return readPkcs12(bytes, password ?? '');
  } catch {
    // What the library says of it tells nobody anything.
    throw new Unreadable('it is neither PEM nor PKCS#12 that this password opens', 'Give its password with --key-password-file=FILE.');
  }
}

function certificatesFrom(bytes: Buffer): readonly string[] {
  let found: readonly X509Certificate[];
  try {
    found = certificatesIn(bytes.toString('latin1'));
  } catch {
    throw new Unreadable('a certificate in it is damaged');
  }
  if (found.length === 0) throw new Unreadable('there is no certificate in PEM in it');
  return found.map(String);
}

function keyFrom(bytes: Buffer, password: string | undefined): string {
  const key = asPkcs8(bytes.toString('latin1'), password);
  if (key !== undefined) return key;
  if (!isPem(bytes)) throw new Unreadable('there is no private key in PEM in it');
  throw new Unreadable(
    'there is no private key in it, or this password does not open it',
    'Give its password with --key-password-file=FILE.',
  );
}

/** The certificate that belongs to the key comes first, and a root that the system trusts ends the chain. */
function inOrder(pems: readonly string[], key: string): string {
  const all = pems.map((pem) => new X509Certificate(pem));
  const own = all.find((one) => belongsTo(one, key)) ?? all[0];
  const others = all.filter((one) => one !== own);
  const last = own === undefined ? undefined : pathFrom(own, others).at(-1);
  const known = last === undefined || isRoot(last) ? [] : pathFrom(last, systemRoots(last)).slice(1);
  return [...(own === undefined ? [] : [own]), ...others, ...known].map(String).join('');
}

/** Authorities that the system trusts, and that could be the issuer of a certificate. */
const systemRoots = (of: X509Certificate): readonly X509Certificate[] =>
  getCACertificates('system')
    .map((pem) => new X509Certificate(pem))
    .filter((one) => one.subject === of.issuer && isRoot(one));

/**
 * Reads what a certificate of another authority comes in.
 * @throws SetupError `refused` with everything that cannot be read
 */
export async function readImport({ certificate, key, chain, passwordFile }: ImportFiles): Promise<Imported> {
  const problems: Problem[] = [];
  const attempt = async <T>(option: string, path: string, work: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      const { why, remedy } = unreadable(error);
      const text: Text = message`--${option}=${path} cannot be used: ${term(why)}`;
      problems.push({ id: 'certificate-file', level: 'error', message: text, ...(remedy === undefined ? {} : { remedy }) });
      return undefined;
    }
  };
  const password =
    passwordFile === undefined
      ? undefined
      : await attempt('key-password-file', passwordFile, () => read(passwordFile, true).toString('utf8').split(/\r?\n/, 1)[0]);
  const store = await attempt('certificate', certificate, async (): Promise<Store> => {
    const bytes = read(certificate, false);
    if (!isPem(bytes)) return openStore(read(certificate, true), password);
    return { certificates: certificatesFrom(bytes), keys: [] };
  });
  const above = chain === undefined ? [] : ((await attempt('chain', chain, () => certificatesFrom(read(chain, false)))) ?? []);
  const own = key === undefined ? store?.keys[0] : await attempt('key', key, () => keyFrom(read(key, true), password));
  if (key === undefined && store !== undefined && own === undefined)
    problems.push({
      id: 'certificate-file',
      level: 'error',
      message: message`--certificate=${certificate} holds no private key: give it with --key=FILE`,
    });
  refuse(problems, 'The certificate cannot be imported');
  return { certificates: inOrder([...(store?.certificates ?? []), ...above], own ?? ''), key: own ?? '' };
}
