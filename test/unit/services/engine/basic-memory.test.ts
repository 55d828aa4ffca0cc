import { describe, expect, it } from 'vitest';
import { createBasicMemory } from '../../../../src/services/engine/api/basic-memory.ts';

const credentials = { user: 'admin@internal', password: 'secret' };
const same = async (proof: string): Promise<string> => proof;

describe('credentials of HTTP Basic', () => {
  it('are checked again after a minute', async () => {
    let time = 0;
    let checks = 0;
    const remembered = createBasicMemory<string>(() => time);
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
      expect(await remembered(credentials, check, same)).toBe('user-1');
      expect(checks).toBe(expected);
    }
  });

  it('are told apart however user and password are cut', async () => {
    const remembered = createBasicMemory<string>(() => 0);
    await remembered({ user: 'a', password: 'b:c' }, async () => 'first', same);
    expect(await remembered({ user: 'a:b', password: 'c' }, async () => 'second', same)).toBe('second');
  });

  it('that are wrong are not remembered', async () => {
    const remembered = createBasicMemory<string>(() => 0);
    expect(await remembered(credentials, async () => null, same)).toBeNull();
    expect(await remembered(credentials, async () => 'user-1', same)).toBe('user-1');
  });

  it('are checked once when many requests bring them at the same time', async () => {
    let checks = 0;
    const remembered = createBasicMemory<string>(() => 0);
    const check = async (): Promise<string> => {
      checks++;
      return 'user-1';
    };
    await Promise.all(Array.from({ length: 50 }, () => remembered(credentials, check, same)));
    expect(checks).toBe(1);
  });

  it('are checked anew as soon as what they proved no longer holds', async () => {
    const remembered = createBasicMemory<string>(() => 0);
    let present = 'first password';
    const check = async (): Promise<string> => present;
    const look = async (proof: string): Promise<string | null> => (proof === present ? proof : null);
    expect(await remembered(credentials, check, look)).toBe('first password');
    present = 'second password';
    expect(await remembered(credentials, async () => null, look)).toBeNull();
    expect(await remembered(credentials, check, look)).toBe('second password');
  });

  it('whose check fails are checked anew', async () => {
    const remembered = createBasicMemory<string>(() => 0);
    await expect(remembered(credentials, async () => Promise.reject(new Error('down')), same)).rejects.toThrow('down');
    expect(await remembered(credentials, async () => 'user-1', same)).toBe('user-1');
  });
});
