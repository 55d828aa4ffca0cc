import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isKdumpMessage } from '../../../../src/services/fence-kdump-listener/kdump-message.ts';

const head = [0x40, 0x2a, 0x30, 0x1b, 1, 0, 0, 0];

describe('a message of a dumping host', () => {
  it('begins with the magic and the version, least byte first, and may go on with anything', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (rest) => isKdumpMessage(Buffer.from([...head, ...rest]))));
  });

  it('is not shorter', () => {
    for (let length = 0; length < head.length; length++) expect(isKdumpMessage(Buffer.from(head.slice(0, length)))).toBe(false);
  });

  it('is nothing else, however many of its bytes are right', () => {
    const wrong = fc.tuple(fc.nat({ max: 7 }), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(wrong, ([at, change]) => {
        const bytes = head.map((byte, index) => (index === at ? byte ^ change : byte));
        return !isKdumpMessage(Buffer.from(bytes));
      }),
    );
  });
});
