import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { probeKvm, probeName } from '../../../../../src/services/host-agent/host/kvm.ts';
import type { Domain } from '../../../../../src/services/host-agent/libvirt/domain.ts';
import type { Libvirt } from '../../../../../src/services/host-agent/libvirt/libvirt.ts';

test('a guest that an agent has left while it looked for KVM is ended, and no other', async () => {
  const [uuid, other] = [randomUUID(), randomUUID()];
  const left: Domain = { name: probeName(uuid), uuid, id: 1 };
  const machine: Domain = { name: probeName(uuid), uuid: other, id: 2 };
  const ended: Domain[] = [];
  const libvirt: Pick<Libvirt, 'domains' | 'destroy' | 'create'> = {
    domains: async () => [left, machine],
    destroy: async (domain) => void ended.push(domain),
    create: () => Promise.reject(new Error('nothing is started here')),
  };
  expect(await probeKvm(libvirt as Libvirt)).toBe(false);
  expect(ended).toEqual([left]);
});
