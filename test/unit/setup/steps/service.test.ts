import { describe, expect, test } from 'vitest';
import { type Host, file } from '#kit';
import { type MemoryHost, memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { command, succeed } from '../../../../src/setup/steps/command.ts';
import { running } from '../../../../src/setup/steps/service.ts';
import { english } from '../../../support/fakes.ts';

const heading = { id: 'x', chapter: 'services.start', title: 'X' } as const;
const silent = (): undefined => undefined;

function host(): MemoryHost {
  const machine = newMachine();
  machine.disk.set('/etc/systemd/system/u.service', file('', 0o644));
  let time = 0;
  return { ...memoryHost(machine), now: () => new Date(time), sleep: async (ms) => void (time += ms) };
}

describe('a running service', () => {
  test('is enabled and started, and then there is nothing to do', async () => {
    const on = host();
    const step = running(heading, { unit: 'u' });
    expect(step.starts).toBe('u');
    expect(english(await step.check(on))).toEqual({ kind: 'run', note: 'u is not enabled' });
    await step.apply(on, silent);
    expect(on.effects).toEqual(['enable u', 'start u']);
    expect(await step.check(on)).toEqual({ kind: 'none' });
  });

  test('that is enabled but does not run is started', async () => {
    const on = host();
    await on.services.enable('u', true);
    expect(english(await running(heading, { unit: 'u' }).check(on))).toEqual({ kind: 'run', note: 'u is not running' });
  });

  test('that runs without answering as it should is restarted', async () => {
    const on = host();
    let restarts = 0;
    const again: Host = { ...on, services: { ...on.services, restart: async (unit) => (restarts++, on.services.restart(unit)) } };
    const step = running(heading, { unit: 'u', answers: async () => restarts > 0 });
    await on.services.enable('u', true);
    await on.services.start('u');
    expect(english(await step.check(again))).toEqual({ kind: 'run', note: 'u does not answer as it should' });
    await step.apply(again, silent);
    expect(restarts).toBe(1);
    expect(await step.check(again)).toEqual({ kind: 'none' });
  });

  test('is waited for until it answers, but not longer than its limit', async () => {
    const on = host();
    let asked = 0;
    await running(heading, { unit: 'u', answers: async () => ++asked > 5 }).apply(on, silent);
    expect(asked).toBe(6);
    const mute = running(heading, { unit: 'u', answers: async () => false, limitMs: 500, remedy: 'Look there' });
    await expect(mute.apply(on, silent)).rejects.toMatchObject({
      code: 'failed',
      message: 'u runs but does not answer',
      remedy: 'Look there',
    });
    expect(on.now().getTime()).toBeGreaterThan(500);
  });

  test('that ends while it starts fails at once', async () => {
    const on = host();
    const dying = running(heading, { unit: 'u', answers: async () => (on.machine.running.clear(), false), limitMs: 1e9 });
    await expect(dying.apply(on, silent)).rejects.toThrow('u ended while it was starting');
  });

  test('is as it was after undoing', async () => {
    for (const [active, enabled] of [
      [false, false],
      [false, true],
      [true, true],
      [true, false],
    ] as const) {
      const on = host();
      if (active) await on.services.start('u');
      if (enabled) await on.services.enable('u', true);
      const step = running(heading, { unit: 'u' });
      const kept = await step.prepare!(on);
      await step.apply(on, silent);
      await (step.undo as { run(host: Host, kept: unknown): Promise<void> }).run(on, kept);
      expect([await on.services.isActive('u'), await on.services.isEnabled('u')]).toEqual([active, enabled]);
    }
  });
});

describe('a command', () => {
  const answering = (code: number, stdout = '', stderr = ''): Host => ({ ...host(), run: async () => ({ code, stdout, stderr }) });

  test('that succeeds says nothing', async () => {
    await expect(succeed(answering(0, 'chatter'), { argv: ['/bin/x'] })).resolves.toBeUndefined();
  });

  test('that fails carries the end of what it said, and never its input', async () => {
    const lines = Array.from({ length: 9 }, (_, n) => `line ${n}`).join('\n');
    const command_ = { argv: ['/bin/x', '--y'], input: 'geheim' } as const;
    await expect(succeed(answering(3, 'out', lines), command_)).rejects.toMatchObject({
      code: 'failed',
      message: '/bin/x --y ended with code 3: line 4\nline 5\nline 6\nline 7\nline 8',
    });
    await expect(succeed(answering(1, 'only here\n', ' '), command_)).rejects.toThrow('ended with code 1: only here');
  });

  test('as a step runs only while its look finds a need', async () => {
    const step = command(heading, {
      look: async (on) => ((await on.files.read('/done')) === undefined ? { kind: 'run', note: 'needed' } : { kind: 'none' }),
      run: (on) => on.files.write('/done', file('', 0o600)),
      undo: { never: 'it ran' },
    });
    const on = host();
    expect((await step.check(on)).kind).toBe('run');
    await step.apply(on, silent);
    expect(await step.check(on)).toEqual({ kind: 'none' });
  });
});
