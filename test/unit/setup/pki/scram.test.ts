import { createHash, createHmac } from 'node:crypto';
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crypto } from '../../../../src/setup/host/crypto.ts';
import { matchesScram, scramVerifier } from '../../../../src/setup/pki/scram.ts';

const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
const parts = (verifier: string) => {
  const [, iterations = '', given = '', stored = '', server = ''] = /^SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):(.+)$/.exec(verifier) ?? [];
  return { iterations, given, stored: Buffer.from(stored, 'base64'), server: Buffer.from(server, 'base64') };
};
const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

describe('a verifier', () => {
  test('agrees with the example of RFC 7677', async () => {
    const { iterations, given, stored, server } = parts(await scramVerifier('pencil', salt, crypto, 4096));
    expect([iterations, given]).toEqual(['4096', 'W22ZaJ0SNY7soEsUEjb6gQ==']);
    const nonce = 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
    const message = `n=user,r=rOprNGfwEbeRWgbNEkqO,r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=${nonce}`;
    expect(hmac(server, message).toString('base64')).toBe('6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
    // The client proves that it knows the key whose hash is stored.
    const proof = Buffer.from('dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=', 'base64');
    const signature = hmac(stored, message);
    const clientKey = Buffer.from(proof.map((byte, index) => byte ^ (signature[index] ?? 0)));
    expect(createHash('sha256').update(clientKey).digest()).toEqual(stored);
  });

  test('belongs to its password alone', async () => {
    const verifier = await scramVerifier('pencil', salt, crypto);
    expect(await matchesScram(verifier, 'pencil', crypto)).toBe(true);
    for (const other of ['Pencil', 'pencil ', '', verifier]) expect(await matchesScram(verifier, other, crypto)).toBe(false);
    expect(await matchesScram(await scramVerifier('pencil', Buffer.from('another salt'), crypto), 'pencil', crypto)).toBe(true);
  });

  test.each([
    null,
    undefined,
    '',
    'md5abcdef',
    'SCRAM-SHA-256$4096',
    'SCRAM-SHA-256$0:AAAA$AAAA:AAAA',
    'SCRAM-SHA-256$4096:AAAA$',
    'SCRAM-SHA-1$4096:AAAA$AAAA:AAAA',
    'pencil',
  ])('is not %j', async (stored) => {
    expect(await matchesScram(stored, 'pencil', crypto)).toBe(false);
  });

  test('is the one that the driver of the engine proves to know, for every password', async () => {
    // The driver's own implementation, run against what we would store.
    const require = createRequire(import.meta.url);
    type Session = { response: string; serverSignature: string };
    const sasl = require('pg/lib/crypto/sasl.js') as {
      startSession(mechanisms: readonly string[]): Session & { clientNonce: string };
      continueSession(session: Session, password: string, data: string): Promise<void>;
    };
    const unusual = fc.string({
      unit: fc.constantFrom('a', ' ', '\u00a0', '\u00ad', '\u200b', '\u200d', '\u3000', '\u1680', 'ﬁ', 'e\u0301', '½', '🐢', '\ufe0f', 'ß'),
      minLength: 1,
    });
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string({ minLength: 1 }), unusual), async (password) => {
        const session = sasl.startSession(['SCRAM-SHA-256']);
        const clientFirst = session.response;
        const nonce = `${session.clientNonce}server`;
        const serverFirst = `r=${nonce},s=${salt.toString('base64')},i=4096`;
        await sasl.continueSession(session, password, serverFirst);
        const [, withoutProof = '', proof = ''] = /^(.*),p=(.*)$/.exec(session.response) ?? [];
        const message = `${clientFirst.replace(/^n,,/, '')},${serverFirst},${withoutProof}`;
        const { stored, server } = parts(await scramVerifier(password, salt, crypto, 4096));
        expect(session.serverSignature).toBe(hmac(server, message).toString('base64'));
        const signature = hmac(stored, message);
        const clientKey = Buffer.from(Buffer.from(proof, 'base64').map((byte, index) => byte ^ (signature[index] ?? 0)));
        expect(createHash('sha256').update(clientKey).digest()).toEqual(stored);
      }),
      { numRuns: 40, examples: [['soft\u00adhyphen'], ['a\u00a0b'], ['\u2168']] },
    );
  });
});
