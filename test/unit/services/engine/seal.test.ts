import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seal, unseal } from '../../../../src/services/engine/sso/seal.ts';

describe('a sealed text', () => {
  it('comes back with the secret, and with nothing else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), fc.string(), (text, secret, other) => {
        const sealed = seal(text, secret, 'a');
        expect(unseal(sealed, secret, 'a')).toBe(text);
        expect(unseal(sealed, secret, 'b')).toBeNull();
        if (other !== secret) expect(unseal(sealed, other, 'a')).toBeNull();
      }),
    );
  });

  it('is refused when a bit of it was changed or it was cut off', () => {
    const sealed = seal('text', 'secret', 'a');
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed);
      changed[at]! ^= 1;
      expect(unseal(changed, 'secret', 'a')).toBeNull();
      expect(unseal(sealed.subarray(0, at), 'secret', 'a')).toBeNull();
    }
  });
});
