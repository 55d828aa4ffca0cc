import { describe, expect, it } from 'vitest';
import { cleanName } from '../../../../src/services/engine/audit.ts';

describe('user names in the audit log', () => {
  it('hold nothing that could pass for another line or direction', () => {
    expect(cleanName('ad\nmin\0\u202e@internal\u2028')).toBe('admin@internal');
  });

  it('are cut, also between the halves of a character', () => {
    expect(cleanName('x'.repeat(500))).toHaveLength(100);
    expect(cleanName(`${'x'.repeat(99)}\u{1F600}`).isWellFormed()).toBe(true);
  });
});
