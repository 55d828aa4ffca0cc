import { randomBytes } from 'node:crypto';
import forge from 'node-forge';
import { describe, expect, test } from 'vitest';
import { SetupError, inEnglish } from '#kit';
import { privateKey } from '../../../../src/setup/host/memory/private-keys.ts';
import { certificatesIn } from '../../../../src/setup/pki/chain.ts';
import { belongsTo, covers } from '../../../../src/setup/pki/inspect.ts';
import { issueAuthority, issueLeaf } from '../../../../src/setup/pki/issue.ts';
import { makeRequest, soundRequest } from '../../../../src/setup/pki/request.ts';
import { signRequest } from '../../../../src/setup/pki/sign-request.ts';

const now = new Date('2026-01-02T03:04:05Z');
const [authorityKey, key] = [privateKey(3072), privateKey(2048)];
const subject = { country: 'US', organization: 'Example', commonName: 'engine.example.net' };
const certificate = issueAuthority({ subject, key: authorityKey, serial: randomBytes(16), now, days: 3650 });
const authority = { certificate, key: authorityKey };
const leaf = { subject, key, serial: randomBytes(16), now, days: 10, authority, usages: ['serverAuth'] as const };
const engine = issueLeaf({ ...leaf, names: ['engine.example.net'] });
const bits = { least: 2048, most: 8192 };
const sign = (request: string, name = 'proxy.example.net') =>
  signRequest({ request, name, authority, engine, serial: randomBytes(16), now, bits });

/** A request as somebody else makes it. */
function foreign(
  extensions: readonly object[],
  change: (request: forge.pki.CertificateSigningRequest) => void = () => undefined,
  by = key,
): string {
  const request = forge.pki.createCertificationRequest();
  const pair = forge.pki.privateKeyFromPem(by);
  request.publicKey = forge.pki.setRsaPublicKey(pair.n, pair.e);
  request.setSubject([{ name: 'commonName', value: 'anything' }]);
  request.setAttributes([{ name: 'extensionRequest', extensions }] as unknown as forge.pki.CertificateField[]);
  request.sign(pair, forge.md.sha256.create());
  change(request);
  return forge.pki.certificationRequestToPem(request);
}
const san = (...values: readonly string[]) => ({ name: 'subjectAltName', altNames: values.map((value) => ({ type: 2, value })) });
const flaws = (work: () => unknown): readonly string[] => {
  try {
    work();
    return [];
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    return error.problems.length === 0 ? [error.message] : error.problems.map(({ message }) => inEnglish(message));
  }
};

describe('the request of a proxy on another host', () => {
  test('is signed for its names, and comes with what the proxy needs besides', () => {
    const [own, ofEngine, root, ...more] = certificatesIn(sign(makeRequest({ key, names: ['proxy.example.net', 'consoles.example.net'] })));
    expect(more).toEqual([]);
    expect(own?.verify(root!.publicKey)).toBe(true);
    expect(String(root)).toBe(certificate);
    expect(String(ofEngine)).toBe(engine);
    expect(belongsTo(own!, key)).toBe(true);
    expect([own?.ca, own?.keyUsage]).toEqual([false, ['1.3.6.1.5.5.7.3.1']]);
    for (const name of ['proxy.example.net', 'consoles.example.net']) expect(covers(own!, name)).toBe(true);
    expect(own?.subject).toBe('C=US\nO=Example\nCN=proxy.example.net');
    expect(own?.subjectAltName).not.toContain('anything');
  });

  test.each([
    ['an authority', [san('proxy.example.net'), { name: 'basicConstraints', cA: true }], /certificate of an authority/],
    ['signatures of certificates', [san('proxy.example.net'), { name: 'keyUsage', keyCertSign: true }], /other usages .*keyCertSign/],
    ['clients', [san('proxy.example.net'), { name: 'extKeyUsage', clientAuth: true }], /other usages .*clientAuth/],
    ['what nobody knows', [san('proxy.example.net'), { id: '1.2.3.4', value: '\x05\x00' }], /the extension 1\.2\.3\.4/],
    [
      'addresses',
      [
        {
          name: 'subjectAltName',
          altNames: [
            { type: 2, value: 'proxy.example.net' },
            { type: 7, ip: '192.0.2.1' },
          ],
        },
      ],
      /other names than those of DNS/,
    ],
    ['all hosts', [san('proxy.example.net', '*.example.net')], /"\*\.example\.net" is not the name of one host/],
    ['the engine', [san('proxy.example.net', 'ENGINE.example.net')], /names the engine itself/],
    ['another host', [san('other.example.net')], /does not name proxy\.example\.net, but other\.example\.net/],
    ['nobody', [], /it names no host/],
  ])('that is for %s is refused', (_what, extensions, wanted) => {
    expect(flaws(() => sign(foreign(extensions)))).toEqual([expect.stringMatching(wanted)]);
  });

  test('with what any TLS server asks for is no surprise', () => {
    const usual = [
      san('proxy.example.net'),
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true, keyEncipherment: true },
      { name: 'extKeyUsage', serverAuth: true },
    ];
    expect(flaws(() => sign(foreign(usual)))).toEqual([]);
  });

  test('has to be signed with its own key, which is long enough', () => {
    const swapped = foreign([san('proxy.example.net')], (request) => (request.signature = Buffer.alloc(256, 1).toString('binary')));
    expect(flaws(() => sign(swapped))).toEqual([expect.stringContaining('not signed with its own key')]);
    const weak = foreign([san('proxy.example.net')], (request) => request.sign(forge.pki.privateKeyFromPem(key), forge.md.sha1.create()));
    expect(flaws(() => sign(weak))).toEqual([expect.stringContaining('not with SHA-256 or better')]);
    const short = makeRequest({ key: privateKey(512), names: ['proxy.example.net'] });
    expect(flaws(() => soundRequest(short, bits))).toEqual([expect.stringContaining('has 512 bits')]);
  });

  test.each(['', 'junk', certificate, '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n'])(
    'is none: %#',
    (text) => {
      expect(flaws(() => sign(text))).toEqual(['It is no certificate request (PKCS#10) in PEM with an RSA key']);
    },
  );
});
