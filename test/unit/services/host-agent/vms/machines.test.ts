import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Domain } from '../../../../../src/services/host-agent/libvirt/domain.ts';
import type { Libvirt } from '../../../../../src/services/host-agent/libvirt/libvirt.ts';
import { LibvirtError, LibvirtGone } from '../../../../../src/services/host-agent/libvirt/rpc.ts';
import { type Status, codes, exitReasons } from '../../../../../src/services/host-agent/vms/codes.ts';
import { lifecycle } from '../../../../../src/services/host-agent/vms/lifecycle.ts';
import { newMachine } from '../../../../../src/services/host-agent/vms/machine.ts';
import { machineFiles } from '../../../../../src/services/host-agent/vms/machine-files.ts';
import { createMachines } from '../../../../../src/services/host-agent/vms/machines.ts';
import { quietLog } from '../../../../support/fakes.ts';

const id = '6f1b3c1e-0000-4000-8000-000000000001';
const domain: Domain = { name: 'one', uuid: id, id: 1 };
const here: Domain[] = [];
const create = vi.fn<Libvirt['create']>();
const destroy = vi.fn<Libvirt['destroy']>();
const teardown = vi.fn(() => Promise.resolve());
const ask = vi.fn();
const howEnded = vi.fn(() => Promise.resolve(''));
const libvirt = {
  create,
  destroy,
  domains: () => Promise.resolve([...here]),
  xml: () => Promise.resolve(`<domain type="qemu"><name>one</name><uuid>${id}</uuid><devices/></domain>`),
  state: () => Promise.resolve([1, 1]),
} as unknown as Libvirt;
let folder: string;
const make = (log = quietLog, of = libvirt) =>
  createMachines({
    libvirt: () => of,
    guests: { ask },
    images: { prepare: () => Promise.resolve('/x'), teardown },
    files: machineFiles(join(folder, 'machines'), log),
    howEnded,
    notify: () => undefined,
    log,
    now: Date.now,
    clock: Date.now,
  });
const launched = async (machines = make()) => {
  const machine = {
    ...newMachine(id, 'one', 0),
    volumes: new Map([['vda', { poolID: 'p', domainID: 'd', imageID: 'i', volumeID: 'v' }]]),
  };
  machines.add(machine);
  await machines.launch(machines.get(id), '<domain/>', false);
  return { machines, machine: machines.get(id) };
};
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'machines-'));
  here.length = 0;
  for (const mock of [create, destroy, teardown]) mock.mockReset();
  teardown.mockResolvedValue(undefined);
  howEnded.mockReset().mockResolvedValue('');
  destroy.mockResolvedValue(undefined);
});
afterEach(() => rm(folder, { recursive: true }));

describe('a virtual machine of which libvirt does not say whether it was started', () => {
  beforeEach(() => void create.mockRejectedValue(new LibvirtGone('libvirt does not answer')));

  test('is not taken for one that has ended, and keeps its volumes', async () => {
    const { machines, machine } = await launched();
    expect([machine.status, machine.exit, teardown.mock.calls]).toEqual(['WaitForLaunch', undefined, []]);
    machines.stop();
  });

  test('is one that runs, when libvirt says so after all', async () => {
    const { machines, machine } = await launched();
    machines.told({ kind: 'lifecycle', domain, event: lifecycle.started, detail: 0 });
    await vi.waitFor(() => expect(machine.status).toBe('Up'));
    expect(machine.domain).toEqual(domain);
    machines.stop();
  });

  test('is settled when libvirt is back', async () => {
    const { machines, machine } = await launched();
    await machines.recover(libvirt);
    expect([machine.status, teardown.mock.calls.length]).toEqual(['Down', 1]);
    machines.stop();
  });

  test('is ended where it runs, when somebody wants that', async () => {
    const { machines, machine } = await launched();
    here.push(domain);
    machine.ending = 'destroy';
    await machines.settle(machine);
    expect(destroy).toHaveBeenCalledWith(domain, { graceful: false });
    machines.stop();
  });

  test('has ended where libvirt has refused it', async () => {
    create.mockRejectedValue(new LibvirtError(1, 'no memory'));
    const { machines, machine } = await launched();
    expect([machine.status, machine.exit?.message]).toEqual(['Down', 'no memory']);
    // What comes later changes nothing any more.
    machines.set(machine, 'Powering down');
    expect(machine.status).toBe('Down');
    machines.stop();
  });

  test('does not have the name of a probe, which nobody is told of', () => {
    const machines = make();
    expect(() => machines.add(newMachine(id, `probe-${id}`, 0))).toThrow(expect.objectContaining({ code: codes.cannotCreate }) as Error);
    expect(() => machines.add(newMachine(id, 'probe-db', 0))).not.toThrow();
    machines.stop();
  });
});

describe('a virtual machine whose definition cannot be read', () => {
  const [odd, busy, gone] = [1, 2, 3].map((number) => ({ name: `vm${number}`, uuid: id.replace(/.$/, String(number)), id: number })) as [
    Domain,
    Domain,
    Domain,
  ];
  const libvirt = {
    create: () => Promise.resolve(odd),
    domains: () => Promise.resolve([odd, busy, gone, { ...domain, uuid: id.replace(/.$/, '4') }]),
    async xml({ uuid }: Domain) {
      if (uuid === gone.uuid) throw new LibvirtError(42, 'Domain not found');
      if (uuid === busy.uuid) throw new LibvirtError(68, 'cannot acquire state change lock');
      return uuid === odd.uuid ? `<domain>${'x'.repeat(4_000_000)}</domain>` : '<domain><devices/></domain>';
    },
    state: () => Promise.resolve([1, 1]),
  } as unknown as Libvirt;
  test('is found all the same, and so are all others', async () => {
    const machines = make(quietLog, libvirt);
    await machines.recover(libvirt);
    expect(machines.all().map(({ name, status }) => [name, status])).toEqual([
      ['vm1', 'Up'],
      ['vm2', 'Up'],
      ['one', 'Up'],
    ]);
    machines.stop();
  });

  test('is not taken for one that could not be started', async () => {
    const machines = make(quietLog, libvirt);
    machines.add(newMachine(odd.uuid, odd.name, 0));
    await machines.launch(machines.get(odd.uuid), '<domain/>', false);
    expect(machines.get(odd.uuid)).toMatchObject({ status: 'Powering up', domain: odd, exit: undefined });
    machines.stop();
  });
});

describe('a virtual machine that runs', () => {
  const machines = createMachines({
    libvirt: () =>
      ({ create: () => Promise.resolve(domain), xml: () => Promise.resolve('<domain><devices/></domain>') }) as unknown as Libvirt,
    guests: { ask: () => undefined },
    images: { prepare: () => Promise.resolve('/x'), teardown: () => Promise.resolve() },
    files: { keep: () => undefined, forget: () => undefined, readAll: () => [] },
    howEnded,
    notify: () => undefined,
    log: quietLog,
    now: () => 0,
    clock: () => 0,
  });
  const tell = (event: number) => machines.told({ kind: 'lifecycle', domain, event, detail: 0 });
  const agent = (connected: boolean) => machines.told({ kind: 'agent', domain, connected });
  const status = () => machines.get(id).status;
  const pausedAndBack = (): Status => {
    tell(lifecycle.suspended);
    expect(status()).toBe('Paused');
    tell(lifecycle.resumed);
    return status();
  };
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => {
    machines.remove(machines.get(id));
    vi.useRealTimers();
  });
  const launched = async (paused: boolean): Promise<void> => {
    machines.add(newMachine(id, 'one', 0));
    await machines.launch(machines.get(id), '<domain/>', paused);
  };

  test('powers up only then, when it was started so', async () => {
    await launched(true);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(status()).toBe('Paused');
    tell(lifecycle.resumed);
    expect(status()).toBe('Powering up');
    agent(true);
    expect(status()).toBe('Up');
  });

  test('is paused, and goes on with what it was doing', async () => {
    await launched(false);
    expect(pausedAndBack()).toBe('Powering up');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(status()).toBe('Up');
    expect(pausedAndBack()).toBe('Up');
    machines.told({ kind: 'reboot', domain });
    expect(pausedAndBack()).toBe('RebootInProgress');
    tell(lifecycle.suspended);
    agent(true);
    tell(lifecycle.resumed);
    expect(status()).toBe('Up');
    machines.set(machines.get(id), 'Powering down');
    expect(pausedAndBack()).toBe('Powering down');
  });

  test('ends by itself, long after it was asked to and has not', async () => {
    await launched(false);
    const machine = machines.get(id);
    machine.ending = 'shutdown';
    machines.set(machine, 'Powering down');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(status()).toBe('Up');
    tell(lifecycle.stopped);
    await vi.waitFor(() => expect(machine.exit?.message).toBe('User shut down from within the guest'));
  });
});

describe('a virtual machine, while the agent is away', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_000_000 });
    create.mockImplementation(() => {
      here.push(domain);
      return Promise.resolve(domain);
    });
  });
  afterEach(() => void vi.useRealTimers());
  /** The agent ends, and another one looks for its machines. */
  const next = async (before: ReturnType<typeof make>) => {
    before.stop();
    const machines = make();
    await machines.recover(libvirt);
    return machines;
  };

  test.each([
    ['has come meanwhile', 60_000, 0],
    ['comes later', 5_000, 25_000],
  ])('is switched off at its time, which %s', async (_when, awayMs, leftMs) => {
    const { machines, machine } = await launched();
    machines.plan(machine, { ending: 'shutdown', switchOffAt: Date.now() + 30_000 });
    machines.stop();
    await vi.advanceTimersByTimeAsync(awayMs);
    const after = await next(machines);
    if (leftMs > 0) await vi.advanceTimersByTimeAsync(leftMs - 1);
    expect(destroy).not.toHaveBeenCalled();
    // Whatever is in the way at first.
    destroy.mockRejectedValueOnce(new LibvirtGone('libvirt does not answer'));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(destroy.mock.calls.length).toBeGreaterThan(1);
    after.told({ kind: 'lifecycle', domain, event: lifecycle.stopped, detail: 1 });
    expect(after.get(id).exit).toMatchObject({ code: 0, reason: exitReasons.byAdministrator });
    destroy.mockClear();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(destroy).not.toHaveBeenCalled();
  });

  test('is still shutting down, and does so for a minute at most', async () => {
    const { machines, machine } = await launched();
    machines.plan(machine, { ending: 'shutdown', switchOffAt: undefined });
    const after = await next(machines);
    expect(after.get(id).status).toBe('Powering down');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(after.get(id)).toMatchObject({ status: 'Up', ending: undefined });
    const last = await next(after);
    expect(last.get(id)).toMatchObject({ status: 'Up', ending: undefined });
    last.stop();
  });

  test('is ended when that had begun', async () => {
    const { machines, machine } = await launched();
    machines.plan(machine, { ending: 'destroy', switchOffAt: undefined });
    const after = await next(machines);
    expect(destroy).toHaveBeenCalledWith(domain, { graceful: false });
    after.stop();
  });

  test.each([
    ['by itself', undefined, 'shutdown', 0, exitReasons.byUser],
    ['by somebody on the host', undefined, 'destroyed', 0, exitReasons.byHost],
    ['with QEMU', undefined, 'crashed', 1, exitReasons.lostQemu],
    ['nobody knows how', undefined, '', 1, exitReasons.domainGone],
    ['as it was asked to', 'shutdown', 'shutdown', 0, exitReasons.byAdministrator],
    ['since it was switched off', 'destroy', '', 0, exitReasons.byAdministrator],
    ['with QEMU, before it was asked to', 'shutdown', 'crashed', 1, exitReasons.lostQemu],
  ] as const)('ends %s, which is told until somebody has heard it', async (_how, ending, word, code, reason) => {
    const { machines, machine } = await launched();
    machines.plan(machine, { ending, switchOffAt: undefined });
    here.length = 0;
    howEnded.mockResolvedValueOnce(word);
    const [once, twice] = [await next(machines), await next(await next(machines))];
    for (const one of [once, twice]) expect(one.get(id)).toMatchObject({ name: 'one', status: 'Down', exit: { code, reason } });
    twice.remove(twice.get(id));
    expect((await next(twice)).all()).toEqual([]);
    expect(await readdir(join(folder, 'machines'))).toEqual([]);
  });

  test('has the clock that its guest has set', async () => {
    const { machines } = await launched();
    machines.told({ kind: 'clock', domain, offset: -7_200 });
    here.length = 0;
    const after = await next(machines);
    expect(after.get(id)).toMatchObject({ status: 'Down', timeOffset: -7_200 });
  });

  test('was never started, or has been after all', async () => {
    create.mockReturnValue(new Promise(() => undefined));
    const machines = make();
    machines.add(newMachine(id, 'one', 7));
    void machines.launch(machines.get(id), '<domain/>', false);
    const after = await next(machines);
    expect(after.get(id)).toMatchObject({ status: 'Down', started: 7, exit: { code: 1, reason: exitReasons.startFailed } });
    after.told({ kind: 'lifecycle', domain, event: lifecycle.started, detail: 0 });
    await vi.waitFor(() => expect(after.get(id)).toMatchObject({ status: 'Up', exit: undefined, domain }));
    after.stop();
  });

  test('is found by libvirt alone where nothing can be kept, or read', async () => {
    await writeFile(join(folder, 'machines'), '');
    const errors: string[] = [];
    const log = { ...quietLog, error: (what: string) => void errors.push(what) };
    const { machines } = await launched(make(log));
    expect(errors).toContain('a virtual machine will not be remembered');
    machines.stop();
    await rm(join(folder, 'machines'));
    const { machines: again } = await launched();
    await writeFile(join(folder, 'machines', `${id}.json`), '{"name":7}');
    await writeFile(join(folder, 'machines', 'other'), '');
    const last = make(log);
    await last.recover(libvirt);
    expect(errors.at(-1)).toBe('what was kept of a virtual machine cannot be read');
    expect(last.get(id)).toMatchObject({ status: 'Up', domain });
    for (const one of [again, last]) one.stop();
  });
});
