import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKvmProbe, probeKvm, probeName } from '../../../../../src/services/host-agent/host/kvm.ts';
import type { Domain } from '../../../../../src/services/host-agent/libvirt/domain.ts';
import type { Libvirt } from '../../../../../src/services/host-agent/libvirt/libvirt.ts';

/* Whether guests may use KVM, with a host and a libvirt that are made up: where tests run, there is none. */

let folder = '';
const file = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvm-'));
  for (const [name, flags] of [
    ['intel', 'fpu vmx nx'],
    ['amd', 'fpu svm nx'],
    ['plain', 'fpu vmxish nx'],
  ] as const)
    await writeFile(file(name), `processor\t: 0\nmodel name\t: made up\nflags\t\t: ${flags}\n`);
  await writeFile(file('device'), '');
});
afterAll(() => rm(folder, { recursive: true }));

const guest: Domain = { name: 'probe', uuid: '4c4c4544-0042-4000-8000-b4c04f4a3533', id: 7 };

/** A libvirt that starts a guest, of which it tells these states and times one after the other, the last ones for ever. */
function libvirtWith(states: readonly number[], times: readonly number[], former: readonly Domain[] = []) {
  const done: string[] = [];
  const next = <Value>(all: readonly Value[], at: number): Value => all[Math.min(at, all.length - 1)] as Value;
  let [looks, asked] = [0, 0];
  return {
    done,
    looks: () => looks,
    domains: () => Promise.resolve(former),
    create(xml: string, { paused }: { readonly paused: boolean }) {
      expect(xml).toContain('type="kvm"');
      expect(paused).toBe(false);
      done.push('create');
      return Promise.resolve(guest);
    },
    state: () => Promise.resolve([next(states, looks++), 0] as const),
    stats: () => Promise.resolve([{ domain: guest, values: { 'vcpu.0.time': next(times, asked++) } }]),
    destroy: ({ uuid }: Domain) => Promise.resolve(void done.push(`destroy ${uuid}`)),
  };
}
const probe = (libvirt: Parameters<typeof probeKvm>[0], cpuinfo = 'intel', device = 'device'): Promise<boolean> =>
  probeKvm(libvirt, { cpuinfo: file(cpuinfo), device: file(device), pauseMs: 0 });

describe('KVM', () => {
  it.each(['intel', 'amd'])('is used where a guest really runs, which is ended again: %s', async (cpuinfo) => {
    const libvirt = libvirtWith([1], [0, 0, 12_345]);
    expect(await probe(libvirt, cpuinfo)).toBe(true);
    expect(libvirt.looks()).toBe(3);
    expect(libvirt.done).toEqual(['create', `destroy ${guest.uuid}`]);
  });

  it.each([
    ['the processor has no extension', 'plain', 'device'],
    ['there is no device', 'intel', 'nowhere'],
    ['nothing is known of the processor', 'nowhere', 'device'],
  ])('is not tried where %s', async (_what, cpuinfo, device) => {
    const libvirt = libvirtWith([1], [1]);
    expect(await probe(libvirt, cpuinfo, device)).toBe(false);
    expect(libvirt.done).toEqual([]);
  });

  it.each([
    ['hangs', [1], [0], 20],
    ['crashes', [1, 1, 6], [0], 3],
    ['is paused', [3], [0], 1],
  ])('is not used where the guest %s, which is ended all the same', async (_what, states, times, looks) => {
    const libvirt = libvirtWith(states, times);
    expect(await probe(libvirt)).toBe(false);
    expect(libvirt.looks()).toBe(looks);
    expect(libvirt.done).toEqual(['create', `destroy ${guest.uuid}`]);
  });

  it('is not used where libvirt starts no guest with it', async () => {
    const libvirt = { ...libvirtWith([1], [1]), create: () => Promise.reject(new Error('no domain type kvm')) };
    expect(await probe(libvirt)).toBe(false);
  });

  it('has guests of an earlier try ended, and no others', async () => {
    const uuid = '4c4c4544-0042-4000-8000-b4c04f4a3534';
    const libvirt = libvirtWith(
      [1],
      [1],
      [
        { name: probeName(uuid), uuid, id: 1 },
        { name: probeName(uuid), uuid: '4c4c4544-0042-4000-8000-b4c04f4a3535', id: 2 },
      ],
    );
    expect(await probe(libvirt, 'plain')).toBe(false);
    expect(libvirt.done).toEqual([`destroy ${uuid}`]);
  });

  it('is not lost with a restart of libvirt, when no guest gets to run', async () => {
    const outcomes = [false, true, false];
    const hasKvm = createKvmProbe(async () => outcomes.shift() === true);
    const libvirt = {} as Libvirt;
    expect([await hasKvm(libvirt), await hasKvm(libvirt), await hasKvm(libvirt)]).toEqual([false, true, true]);
  });
});
