import { SetupError } from '../kit/errors.ts';
import type { Kind } from '../kit/kinds.ts';
import { certificatesIn } from './chain.ts';
import { asPkcs8 } from './inspect.ts';

/* How certificates and keys stand in answers. */

/** Certificates as PEM, without what stands between them. */
export const certificatesPem: Kind<string> = {
  name: 'certificates in PEM',
  schema: { type: 'string', pattern: '-----BEGIN CERTIFICATE-----' },
  parse(raw) {
    try {
      const found = typeof raw === 'string' ? certificatesIn(raw) : [];
      if (found.length > 0) return found.map(String).join('');
    } catch {
      // It is told below what is expected.
    }
    throw new SetupError('refused', 'certificates in PEM are expected');
  },
  format: (value) => value,
};

/** A private key as PEM. */
export const keyPem: Kind<string> = {
  name: 'private key in PEM',
  schema: { type: 'string', pattern: '-----BEGIN [A-Z ]*PRIVATE KEY-----' },
  parse(raw) {
    const key = typeof raw === 'string' ? asPkcs8(raw) : undefined;
    if (key === undefined) throw new SetupError('refused', 'a private key in PEM without a password is expected');
    return key;
  },
  format: (value) => value,
};
