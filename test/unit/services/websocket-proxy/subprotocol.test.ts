import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chooseSubprotocol, fromBase64 } from '../../../../src/services/websocket-proxy/subprotocol.ts';

describe('the subprotocol', () => {
  test.each([
    [undefined, 'binary'],
    ['binary', 'binary'],
    ['binary, base64', 'binary'],
    ['base64,binary', 'base64'],
    ['chat, base64', 'base64'],
    ['chat', null],
    ['Binary', null],
    ['', null],
  ])('of an offer of %j is %j', (offered, chosen) => {
    expect(chooseSubprotocol(offered)).toBe(chosen);
  });

  test('base64 brings every byte back', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(fromBase64(Buffer.from(bytes).toString('base64'))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  test.each(['?', '=a', 'a b\u0000', '<xml>'])('takes no %j for base64', (text) => {
    expect(() => fromBase64(text)).toThrow(/not base64/);
  });
});
