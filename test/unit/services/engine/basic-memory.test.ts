import { describe, expect, it } from 'vitest';
import { createBasicMemory } from '../../../../src/services/engine/api/basic-memory.ts';

const credentials = { user: 'admin@internal', password: 'secret' };

describe('credentials of HTTP Basic', () => {
  it('are checked again after a minute', async () => {
    let time = 0;
    let checks = 0;
    const remembered = createBasicMemory(() => time);
    const check = async (): Promise<string> => {
      checks++;
      return 'user-1';
    };
    for (const [at, expected] of [
      [0, 1],
      [59_999, 1],
      [60_000, 2],
    ] as const) {
      time = at;
      expect(await remembered(credentials, check)).toBe('user-1');
      expect(checks).toBe(expected);
    }
  });

  it('are told apart however user and password are cut', async () => {
    const remembered = createBasicMemory(() => 0);
    await remembered({ user: 'a', password: 'b:c' }, async () => 'first');
    expect(await remembered({ user: 'a:b', password: 'c' }, async () => 'second')).toBe('second');
  });

  it('that are wrong are not remembered', async () => {
    const remembered = createBasicMemory(() => 0);
    expect(await remembered(credentials, async () => null)).toBeNull();
    expect(await remembered(credentials, async () => 'user-1')).toBe('user-1');
  });

  it('are checked once when many requests bring them at the same time', async () => {
    let checks = 0;
    const remembered = createBasicMemory(() => 0);
    const check = async (): Promise<string> => {
      checks++;
      return 'user-1';
    };
    await Promise.all(Array.from({ length: 50 }, () => remembered(credentials, check)));
    expect(checks).toBe(1);
  });

  it('whose check fails are checked anew', async () => {
    const remembered = createBasicMemory(() => 0);
    await expect(remembered(credentials, async () => Promise.reject(new Error('down')))).rejects.toThrow('down');
    expect(await remembered(credentials, async () => 'user-1')).toBe('user-1');
  });
});
