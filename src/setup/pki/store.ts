import { type KeyObject, createHash, createPrivateKey } from 'node:crypto';
import { type Value, bodyOf, der, inside, integer, isOid, mustBe, octets, oid, partsOf, sequence, set, tags, valuesIn } from './der.ts';
import { parseCertificate, parsePrivateKey } from './inspect.ts';
import { type Crypto, bmp, lock, seal, unlock, verifySeal } from './password-lock.ts';

/*
 * PKCS#12 files (RFC 7292) of ours. To look into one costs a few milliseconds, since every run does it; what others write in all the forms
 * of thirty years is read by `readPkcs12`.
 */

/** What a store holds: a certificate with its key, or one that is trusted under a name. PEM; of several certificates the first counts. */
export type Contents =
  { readonly certificate: string; readonly key: string } | { readonly certificate: string; readonly trustedAs: string };

const oids = {
  data: oid('1.2.840.113549.1.7.1'),
  encryptedData: oid('1.2.840.113549.1.7.6'),
  certificateBag: oid('1.2.840.113549.1.12.10.1.3'),
  lockedKeyBag: oid('1.2.840.113549.1.12.10.1.2'),
  x509: oid('1.2.840.113549.1.9.22.1'),
  localKeyId: oid('1.2.840.113549.1.9.21'),
  friendlyName: oid('1.2.840.113549.1.9.20'),
  /** By this alone Java knows that a certificate is trusted, and not just lying about. */
  trustedKeyUsage: oid('2.16.840.1.113894.746875.1.1'),
  anyUsage: oid('2.5.29.37.0'),
} as const;

function rawOf(pem: string): Buffer {
  const certificate = parseCertificate(pem);
  if (certificate === undefined) throw new Error('the certificate cannot be read');
  return certificate.raw;
}

/** A key as OpenSSL writes it, whoever wrote it before. */
const pkcs8 = (key: KeyObject): Buffer => key.export({ type: 'pkcs8', format: 'der' });

function keyOf(pem: string): Buffer {
  const key = parsePrivateKey(pem);
  if (key === undefined) throw new Error('the private key cannot be read');
  return pkcs8(key);
}

const data = (bytes: Uint8Array): Buffer => sequence(oids.data, inside(octets(bytes)));
const attribute = (name: Buffer, value: Uint8Array): Buffer => sequence(name, set(value));

/** Which attributes go with the certificate: a key is found by the same number, which is that of OpenSSL. */
const attributesOf = (contents: Contents, certificate: Buffer): Buffer =>
  'key' in contents
    ? set(attribute(oids.localKeyId, octets(createHash('sha1').update(certificate).digest())))
    : set(attribute(oids.friendlyName, der(tags.bmp, bmp(contents.trustedAs))), attribute(oids.trustedKeyUsage, oids.anyUsage));

/** A new store, in the form that OpenSSL 3 writes. Throws Error where the certificate or its key cannot be read. */
export async function makeStore(contents: Contents, password: string, crypto: Crypto): Promise<Buffer> {
  const certificate = rawOf(contents.certificate);
  const attributes = attributesOf(contents, certificate);
  const bag = sequence(oids.certificateBag, inside(sequence(oids.x509, inside(octets(certificate)))), attributes);
  const locked = await lock(sequence(bag), password, crypto);
  const encrypted = sequence(integer(0), sequence(oids.data, locked.algorithm, der(tags.implicit, locked.bytes)));
  const safes = [sequence(oids.encryptedData, inside(encrypted))];
  if ('key' in contents) {
    const key = await lock(keyOf(contents.key), password, crypto);
    safes.push(data(sequence(sequence(oids.lockedKeyBag, inside(sequence(key.algorithm, octets(key.bytes))), attributes))));
  }
  const all = sequence(...safes);
  return sequence(integer(3), data(all), seal(all, password, crypto));
}

interface Bags {
  readonly certificates: readonly { readonly raw: Buffer; readonly attributes: readonly Buffer[] }[];
  /** PKCS#8 */
  readonly keys: readonly Buffer[];
}

const octetsInside = (value: Value | undefined): Buffer => bodyOf(partsOf(value, tags.inside)[0], tags.octets);

/** The bags of one part of a store. Throws Error for a part of another kind. */
async function bagsIn(part: Value, password: string, crypto: Crypto): Promise<readonly Value[]> {
  const [kind, content] = partsOf(part);
  if (isOid(kind, oids.data)) return valuesIn(octetsInside(content)).flatMap((bags) => partsOf(bags));
  mustBe(kind, oids.encryptedData);
  const [, encrypted] = partsOf(partsOf(content, tags.inside)[0]);
  const [inner, algorithm, bytes] = partsOf(encrypted);
  mustBe(inner, oids.data);
  return valuesIn(await unlock(algorithm, bodyOf(bytes, tags.implicit), password, crypto)).flatMap((bags) => partsOf(bags));
}

/**
 * A certificate and its key need a few thousand. The service that a store is for may write into it, and shall not keep setup busy for
 * minutes with a file full of values.
 */
const mostBytes = 65_536;

/** Opens a store in the form of today. Throws Error where it is damaged, has another password, or is of another form. */
async function open(bytes: Uint8Array, password: string, crypto: Crypto): Promise<Bags> {
  if (bytes.length > mostBytes) throw new Error('too large');
  const [version, authenticated, mac] = partsOf(valuesIn(Buffer.from(bytes))[0]);
  mustBe(version, integer(3));
  const [kind, content] = partsOf(authenticated);
  mustBe(kind, oids.data);
  const all = octetsInside(content);
  verifySeal(mac, all, password);
  const bags = await Promise.all(valuesIn(all).flatMap((parts) => partsOf(parts).map((part) => bagsIn(part, password, crypto))));
  const certificates: Bags['certificates'][number][] = [];
  const keys: Buffer[] = [];
  for (const bag of bags.flat()) {
    const [type, holder, attributes] = partsOf(bag);
    const [first, second] = partsOf(partsOf(holder, tags.inside)[0]);
    if (isOid(type, oids.certificateBag)) {
      mustBe(first, oids.x509);
      const notes = attributes === undefined ? [] : partsOf(attributes, tags.set);
      certificates.push({ raw: octetsInside(second), attributes: notes.map(({ whole }) => whole) });
    } else {
      mustBe(type, oids.lockedKeyBag);
      keys.push(await unlock(first, bodyOf(second, tags.octets), password, crypto));
    }
  }
  return { certificates, keys };
}

/** Whether a file is a store that this password opens, with exactly this in it. What it looks like is not compared: it is salted. */
export async function storeHolds(bytes: Uint8Array, contents: Contents, password: string, crypto: Crypto): Promise<boolean> {
  try {
    const { certificates, keys } = await open(bytes, password, crypto);
    const [certificate, ...others] = certificates;
    const raw = rawOf(contents.certificate);
    if (certificate?.raw.equals(raw) !== true || others.length > 0) return false;
    if ('key' in contents) {
      // Node's own comparison of keys of two kinds leaves an error behind, over which the next key that is read stumbles.
      const [key, ...more] = keys.map((one) => pkcs8(createPrivateKey({ key: one, format: 'der', type: 'pkcs8' })));
      return key?.equals(keyOf(contents.key)) === true && more.length === 0;
    }
    const wanted = partsOf(valuesIn(attributesOf(contents, raw))[0], tags.set);
    return keys.length === 0 && wanted.every(({ whole }) => certificate.attributes.some((one) => one.equals(whole)));
  } catch {
    return false;
  }
}
