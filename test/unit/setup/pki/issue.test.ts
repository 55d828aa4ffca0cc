import { execFileSync } from 'node:child_process';
import { type X509Certificate, createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import forge from 'node-forge';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { privateKey } from '../../../../src/setup/host/memory/private-keys.ts';
import { covers, parseCertificate } from '../../../../src/setup/pki/inspect.ts';
import { type LeafRequest, issueAuthority, issueLeaf } from '../../../../src/setup/pki/issue.ts';

const authorityKey = privateKey(3072);
const leafKey = privateKey(2048);
const now = new Date('2026-01-02T03:04:05.678Z');
const subject = { country: 'US', organization: 'Example', commonName: 'engine.example.net.12345' };

const authority = (more: Partial<Parameters<typeof issueAuthority>[0]> = {}): string =>
  issueAuthority({ subject, key: authorityKey, serial: randomBytes(16), now, days: 3650, ...more });
const leaf = (more: Partial<LeafRequest> = {}): string =>
  issueLeaf({
    subject: { ...subject, commonName: 'engine.example.net' },
    key: leafKey,
    serial: randomBytes(16),
    now,
    days: 397,
    authority: { certificate: authority(), key: authorityKey },
    names: ['engine.example.net', 'localhost', '127.0.0.1', '::1', '2001:db8::5:1'],
    usages: ['serverAuth'],
    ...more,
  });
const parse = (pem: string): X509Certificate => {
  const found = parseCertificate(pem);
  if (found === undefined) throw new Error('not a certificate');
  return found;
};

const directory = mkdtempSync(join(tmpdir(), 'pki-'));
afterAll(() => rmSync(directory, { recursive: true }));
const hasOpenssl = (() => {
  try {
    execFileSync('openssl', ['version']);
    return true;
  } catch {
    return false;
  }
})();
const openssl = (...args: readonly string[]): string =>
  execFileSync('openssl', [...args], { encoding: 'utf8', cwd: directory, stdio: 'pipe' });
const put = (name: string, text: string): string => {
  writeFileSync(join(directory, name), text);
  return name;
};

/** Names as people and firms have them. */
const organizations = ['Example', 'Müller & Söhne GmbH', 'Example, Inc. "x" <y>; #=+\\', '株式会社 例', 'Żółw 🐢', 'ß'.repeat(64)];

describe('an authority', () => {
  const pem = authority();
  const certificate = parse(pem);

  test('is self-signed with SHA-256, may sign certificates, and carries its subject', () => {
    expect(certificate.ca).toBe(true);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.checkIssued(certificate)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(authorityKey))).toBe(true);
    expect(certificate.subject).toBe('C=US\nO=Example\nCN=engine.example.net.12345');
    expect(certificate.signatureAlgorithm).toBe('sha256WithRSAEncryption');
    expect(certificate.publicKey.asymmetricKeyDetails?.modulusLength).toBe(3072);
  });

  test('has line ends as text files have them', () => {
    expect(pem).toMatch(/^-----BEGIN CERTIFICATE-----\n(?:[A-Za-z0-9+/=]+\n)+-----END CERTIFICATE-----\n$/);
  });

  test.skipIf(!hasOpenssl)('has exactly the extensions of an authority', () => {
    const text = openssl('x509', '-in', put('ca.pem', pem), '-noout', '-text');
    expect(text).toMatch(/X509v3 Basic Constraints: critical\s+CA:TRUE\n/);
    expect(text).toMatch(/X509v3 Key Usage: critical\s+Certificate Sign, CRL Sign\n/);
    expect(text).toMatch(/X509v3 Subject Key Identifier:\s+[0-9A-F:]{59}\n/);
    expect(text.match(/X509v3 (?!extensions)/g)).toHaveLength(3);
    expect(text).toContain('Version: 3');
  });
});

describe('a certificate for a service', () => {
  test('is signed by the authority, speaks for its names and addresses, and for no others', () => {
    const ca = authority();
    const certificate = parse(leaf({ authority: { certificate: ca, key: authorityKey } }));
    expect(certificate.verify(parse(ca).publicKey)).toBe(true);
    expect(certificate.checkIssued(parse(ca))).toBe(true);
    expect(certificate.ca).toBe(false);
    for (const name of ['engine.example.net', 'localhost', '127.0.0.1', '::1', '2001:db8:0:0:0:0:5:1'])
      expect(covers(certificate, name), name).toBe(true);
    for (const name of ['example.net', 'other.example.net', '127.0.0.2', '::2', '192.0.2.1'])
      expect(covers(certificate, name), name).toBe(false);
  });

  test('is valid from one day before its issue, for the days asked for', () => {
    const { validFrom, validTo } = parse(leaf());
    expect(new Date(validFrom).toISOString()).toBe('2026-01-01T03:04:05.000Z');
    expect(new Date(validTo).toISOString()).toBe('2027-02-03T03:04:05.000Z');
  });

  test('may last beyond 2049, where the format of dates changes', () => {
    expect(new Date(parse(leaf({ now: new Date('2045-01-01T00:00:00Z'), days: 3650 })).validTo).toISOString()).toBe(
      '2054-12-30T00:00:00.000Z',
    );
  });

  test('has a positive serial number of 16 bytes, whatever random gives', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const { serialNumber } = parse(leaf({ serial: Buffer.from(bytes) }));
        expect(serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
        expect(serialNumber.slice(2)).toBe(Buffer.from(bytes).toString('hex').toUpperCase().slice(2));
      }),
      { numRuns: 20, examples: [[new Uint8Array(16)], [new Uint8Array(16).fill(255)]] },
    );
  });

  test('has a common name of at most 64 characters; the whole name stands in the alternative names', () => {
    const long = `${'a'.repeat(60)}.example.net`;
    const certificate = parse(leaf({ subject: { ...subject, commonName: long }, names: [long] }));
    expect(certificate.subject.split('\n').at(-1)).toBe(`CN=${long.slice(0, 64)}`);
    expect(covers(certificate, long)).toBe(true);
  });

  test('takes for an address only what is one', () => {
    expect(parse(leaf({ names: ['1.2.3.4', '1.2.3.999', '1.2'] })).subjectAltName).toBe('IP Address:1.2.3.4, DNS:1.2.3.999, DNS:1.2');
  });

  test.each(organizations)('is recognized as issued by the authority of %s', (organization) => {
    const ca = authority({ subject: { ...subject, organization } });
    const certificate = parse(leaf({ subject: { ...subject, organization }, authority: { certificate: ca, key: authorityKey } }));
    expect(certificate.checkIssued(parse(ca))).toBe(true);
    expect(certificate.issuer).toBe(parse(ca).subject);
  });

  test.skipIf(!hasOpenssl).each(organizations)('of %s is verified by openssl, with the organization in UTF-8', (organization) => {
    const ca = authority({ subject: { ...subject, organization } });
    const pem = leaf({ subject: { ...subject, organization }, authority: { certificate: ca, key: authorityKey } });
    const at = String(Math.floor(now.getTime() / 1000));
    expect(
      openssl(
        'verify',
        '-x509_strict',
        '-attime',
        at,
        '-CAfile',
        put('ca.pem', ca),
        '-verify_hostname',
        'engine.example.net',
        put('leaf.pem', pem),
      ),
    ).toBe('leaf.pem: OK\n');
    const printed = openssl('x509', '-in', 'leaf.pem', '-noout', '-subject', '-nameopt', 'utf8,sep_multiline,sname');
    expect(printed).toContain(`O=${organization}\n`);
  });

  test.skipIf(!hasOpenssl)('has exactly the extensions of a service, and names the key that signed it', () => {
    const ca = authority();
    const text = openssl(
      'x509',
      '-in',
      put('leaf.pem', leaf({ authority: { certificate: ca, key: authorityKey }, usages: ['serverAuth', 'clientAuth'] })),
      '-noout',
      '-text',
    );
    expect(text).toMatch(/X509v3 Basic Constraints: critical\s+CA:FALSE\n/);
    expect(text).toMatch(/X509v3 Key Usage: critical\s+Digital Signature, Key Encipherment\n/);
    expect(text).toMatch(/X509v3 Extended Key Usage: \s+TLS Web Server Authentication, TLS Web Client Authentication\n/);
    expect(text).toContain(
      'DNS:engine.example.net, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, IP Address:2001:DB8:0:0:0:0:5:1',
    );
    const key = (from: string): string | undefined => /Subject Key Identifier:\s+([0-9A-F:]{59})/.exec(from)?.[1];
    const authorityText = openssl('x509', '-in', put('ca.pem', ca), '-noout', '-text');
    expect(/Authority Key Identifier:\s+(?:keyid:)?([0-9A-F:]{59})/.exec(text)?.[1]).toBe(key(authorityText));
    expect(key(text)).not.toBe(key(authorityText));
    expect(text.match(/X509v3 (?!extensions)/g)).toHaveLength(6);
    expect(text.match(/Signature Algorithm: sha256WithRSAEncryption/g)).toHaveLength(2);
  });

  test.skipIf(!hasOpenssl)('for a server only is not accepted as a client', () => {
    const ca = put('ca.pem', authority());
    const pem = put('leaf.pem', leaf({ authority: { certificate: authority(), key: authorityKey } }));
    const verify = (purpose: string): string =>
      openssl('verify', '-attime', String(Math.floor(now.getTime() / 1000)), '-CAfile', ca, '-purpose', purpose, pem);
    expect(verify('sslserver')).toContain('OK');
    expect(() => verify('sslclient')).toThrow(/unsuitable certificate purpose|unsupported certificate purpose/);
  });

  test('belongs to its own key, also if that is not of RSA made here', () => {
    const { privateKey: other } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    expect(parse(leaf({ key: other })).checkPrivateKey(createPrivateKey(other))).toBe(true);
  });
});

describe('the slow arithmetic of node-forge', () => {
  afterEach(() => void vi.restoreAllMocks());

  test('is never used: keys are made and signatures computed by node itself', () => {
    const slow = [
      vi.spyOn(forge.pki.rsa, 'generateKeyPair'),
      vi.spyOn(forge.pki.rsa as unknown as { createKeyPairGenerationState(): void }, 'createKeyPairGenerationState'),
      vi.spyOn(forge.pki.rsa as unknown as { encrypt(): void }, 'encrypt'),
      vi.spyOn(forge.pki.rsa as unknown as { decrypt(): void }, 'decrypt'),
      vi.spyOn(forge.pki, 'privateKeyFromPem'),
      vi.spyOn(forge.pki, 'privateKeyFromAsn1'),
      vi.spyOn(forge.pki, 'setRsaPrivateKey'),
      // Every operation with a number of RSA, in plain JavaScript, ends here.
      vi.spyOn(forge.jsbn.BigInteger.prototype as unknown as { modPow(): void }, 'modPow'),
    ];
    leaf({ authority: { certificate: authority(), key: authorityKey } });
    for (const spy of slow) expect(spy).not.toHaveBeenCalled();
    // The spies see what they are meant to see.
    const pair = forge.pki.rsa.generateKeyPair({
      bits: 512,
      prng: { getBytesSync: (n: number) => randomBytes(n).toString('binary') },
    } as never);
    pair.privateKey.sign(forge.md.sha1.create().update('x'));
    expect(slow[0]).toHaveBeenCalled();
    expect(slow.at(-1)).toHaveBeenCalled();
  });
});
