import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Libvirt } from '../../../../../src/services/host-agent/libvirt/libvirt.ts';
import { type Guests, createGuests } from '../../../../../src/services/host-agent/vms/guests.ts';
import { type Machine, newMachine } from '../../../../../src/services/host-agent/vms/machine.ts';

const machineOf = (name: string, number: number): Machine => ({
  ...newMachine(`id of ${name}`, name, 0),
  domain: { name, uuid: `id of ${name}`, id: number },
  agentConnected: true,
});
const never = new Promise<never>(() => undefined);

describe('agents of guests', () => {
  const guestInfo = vi.fn<Libvirt['guestInfo']>();
  const shutdown = vi.fn<Libvirt['shutdown']>();
  const reboot = vi.fn<Libvirt['reboot']>();
  const limitGuest = vi.fn<Libvirt['limitGuest']>(() => Promise.resolve());
  let guests: Guests;
  beforeEach(() => {
    vi.useFakeTimers();
    for (const mock of [guestInfo, shutdown]) mock.mockReset();
    guestInfo.mockImplementation(({ name }) => Promise.resolve({ hostname: `${name}.example.test` }));
    guests = createGuests(() => ({ guestInfo, shutdown, reboot, limitGuest }) as unknown as Libvirt);
  });
  afterEach(() => {
    guests.stop();
    vi.useRealTimers();
  });
  const minutes = (count: number) => vi.advanceTimersByTimeAsync(count * 60_000);

  const looks = (wanted: string) => guestInfo.mock.calls.filter(([{ name }, only]) => name === wanted && only === undefined).length;

  test('are asked as long as they listen, each with a limit, and often in the first minute', async () => {
    const one = machineOf('one', 1);
    guests.ask(one);
    await minutes(0.75);
    expect(looks('one')).toBe(4);
    await minutes(1.75);
    expect(one.guest['guestFQDN']).toBe('one.example.test');
    expect([looks('one'), limitGuest.mock.calls.at(-1)]).toEqual([5, [one.domain, 5]]);
    one.agentConnected = false;
    await minutes(5);
    expect(looks('one')).toBe(5);
    one.agentConnected = true;
    guests.ask(one);
    await minutes(0.75);
    expect(looks('one')).toBe(9);
  });

  test('are asked two at a time, and those that are slow more seldom than others', async () => {
    guestInfo.mockImplementation(async ({ name }) => {
      if (!name.startsWith('slow')) return {};
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      return {};
    });
    const all = ['slow1', 'slow2', 'quick'].map((name, at) => machineOf(name, at));
    for (const machine of all) guests.ask(machine);
    await minutes(0);
    expect(guestInfo.mock.calls.map(([{ name }]) => name)).toEqual(['slow1', 'slow2']);
    await minutes(9);
    const asked = (wanted: string) => guestInfo.mock.calls.filter(([{ name }, only]) => name === wanted && only === 'name').length;
    expect([asked('slow1'), asked('quick')]).toEqual([1, 12]);
    await minutes(3);
    expect(asked('slow1')).toBe(2);
    // libvirt does not say that nothing was answered: they are asked nothing more.
    expect(guestInfo.mock.calls.filter(([{ name }, only]) => name === 'slow1' && only === undefined)).toEqual([]);
  });

  test('tell nothing any more of a machine that has ended meanwhile', async () => {
    const [one, answer] = [machineOf('one', 1), Promise.withResolvers<Record<string, string>>()];
    guestInfo.mockReturnValue(answer.promise);
    guests.ask(one);
    await minutes(0);
    one.domain = undefined;
    answer.resolve({ hostname: 'late' });
    await minutes(0);
    expect(one.guest).toEqual({});
  });

  describe('that are asked to end their guest', () => {
    const pressButton = vi.fn<() => Promise<void>>(() => Promise.resolve());
    beforeEach(() => pressButton.mockClear());

    test('are not waited for', async () => {
      shutdown.mockReturnValue(never);
      const ended = guests.end(machineOf('one', 1), 'shutdown', pressButton);
      await vi.advanceTimersByTimeAsync(2_000);
      await ended;
      expect(pressButton).not.toHaveBeenCalled();
    });

    test('and do nothing, have its button pressed, unless it has ended', async () => {
      shutdown.mockReturnValue(never);
      const [one, other] = [machineOf('one', 1), machineOf('other', 2)];
      for (const machine of [one, other]) void guests.end(machine, 'shutdown', pressButton);
      other.domain = undefined;
      await minutes(1);
      expect(pressButton).toHaveBeenCalledTimes(1);
    });

    test('and refuse, have it pressed at once; what goes wrong with that is told', async () => {
      shutdown.mockRejectedValue(new Error('it does not answer'));
      const ended = guests.end(machineOf('one', 1), 'shutdown', pressButton);
      await vi.advanceTimersByTimeAsync(1_000);
      await ended;
      expect(pressButton).toHaveBeenCalledTimes(1);
      pressButton.mockRejectedValueOnce(new Error('there is no button'));
      const refused = expect(guests.end(machineOf('one', 1), 'shutdown', pressButton)).rejects.toThrow('there is no button');
      await vi.advanceTimersByTimeAsync(1_000);
      await refused;
    });

    test('and are gone since it starts anew, are let go', async () => {
      const one = machineOf('one', 1);
      reboot.mockRejectedValue(new Error('the agent has gone'));
      const ended = guests.end(one, 'reboot', pressButton);
      one.agentConnected = false;
      await vi.advanceTimersByTimeAsync(60_000);
      await ended;
      expect(pressButton).not.toHaveBeenCalled();
    });
  });
});
