import { describe, expect, test } from 'vitest';
import { exitOf } from '../../../../../src/services/host-agent/vms/lifecycle.ts';

const running = { ending: undefined, shutdownBy: undefined, status: 'Up' } as const;

describe('the end of a virtual machine', () => {
  test.each([
    ['inside the guest', running, 0, { code: 0, reason: 7 }],
    [
      'by the administrator, in order',
      { ...running, ending: 'shutdown' as const, shutdownBy: 'guest' as const },
      0,
      { code: 0, reason: 6 },
    ],
    ['by the administrator, at once', { ...running, ending: 'destroy' as const }, 1, { code: 0, reason: 6 }],
    ['while it was paused', { ...running, ending: 'destroy' as const, status: 'Paused' as const }, 1, { code: 0, reason: 14 }],
    ['while it was started', { ...running, ending: 'destroy' as const, status: 'WaitForLaunch' as const }, 1, { code: 0, reason: 10 }],
    ['while it was rebooted', { ...running, ending: 'destroy' as const, status: 'RebootInProgress' as const }, 1, { code: 0, reason: 13 }],
    ['by somebody on the host', running, 1, { code: 0, reason: 11 }],
    ['with QEMU gone', running, 5, { code: 1, reason: 2 }],
    ['with a crash', running, 2, { code: 1, reason: 2 }],
    ['on another host', running, 3, { code: 0, reason: 4 }],
    ['with its state saved', running, 4, { code: 0, reason: 5 }],
  ])('%s, is told as such', (_what, machine, detail, exit) => {
    expect(exitOf(machine, detail)).toMatchObject(exit);
  });
});
