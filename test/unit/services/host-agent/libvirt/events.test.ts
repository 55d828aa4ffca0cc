import { expect, test } from 'vitest';
import { writeDomain } from '../../../../../src/services/host-agent/libvirt/domain.ts';
import { readEvent } from '../../../../../src/services/host-agent/libvirt/events.ts';
import { xdrReader } from '../../../../../src/services/host-agent/libvirt/xdr.ts';

const domain = { name: 'one', uuid: '6f1b3c1e-0000-4000-8000-000000000001', id: 1 };

test('an event of a clock says how many seconds it is ahead of UTC, or behind', () => {
  const behind = Buffer.alloc(8);
  behind.writeBigInt64BE(-3_600n);
  const bytes = writeDomain(domain).fixed(behind).bytes();
  expect(readEvent('clock', xdrReader(bytes))).toEqual({ kind: 'clock', domain, offset: -3_600 });
});
