import { describe, expect, it, test } from 'vitest';
import { readEvent, readMachines } from '../../../../../src/services/engine/monitoring/machine-statistics.ts';

const id = '11111111-1111-4111-8111-111111111111';
const one = (more: object = {}) => {
  const [machine] = readMachines([{ vmId: id, vmName: 'vm1', status: 'Up', ...more }]) ?? [];
  if (machine === undefined) throw new Error('it was not read');
  return machine;
};

describe('what a host says of its machines', () => {
  test.each([
    null,
    'x',
    {},
    [null],
    [{}],
    [{ vmId: '../..' }],
    [{ vmId: id }, { vmId: 7 }],
    Array.from({ length: 10_001 }, () => ({ vmId: id })),
  ])('proves nothing where it is no list of them (%#)', (answer) => {
    expect(readMachines(answer)).toBeNull();
  });

  it('is an empty list where it has none', () => {
    expect(readMachines([])).toEqual([]);
  });

  it('counts once, whatever is said of one twice', () => {
    expect(
      readMachines([
        { vmId: id, status: 'Up' },
        { vmId: id.toUpperCase(), status: 'Down' },
      ]),
    ).toMatchObject([{ id, status: 'up' }]);
  });

  test.each([
    ['WaitForLaunch', 'wait_for_launch'],
    ['Powering up', 'powering_up'],
    ['Migration Destination', 'migrating'],
    ['constructor', null],
    ['up', null],
    [3, null],
    [undefined, null],
  ])('has the status %j as %j', (said, status) => {
    expect(one({ status: said }).status).toBe(status);
  });

  it('is read as far as it makes sense', () => {
    const { usage } = one({
      ...{
        cpuUser: '150.1234567',
        cpuSys: '1e9',
        vcpuCount: '2',
        memUsage: '40',
        elapsedTime: '-1',
        disksUsage: 'all',
        displayInfo: 'none',
      },
      memoryStats: { mem_free: '99999999999999999999', mem_cached: '12' },
    });
    expect(usage.statistics).toEqual({
      ...{ cpu_user: 150.123, cpu_sys: null, usage_cpu_percent: null, usage_mem_percent: 40, elapsed_time: null, disks_usage: null },
      ...{ guest_mem_free: null, guest_mem_buffered: null, guest_mem_cached: 12, guest_mem_unused: null },
    });
    expect(usage.facts).toMatchObject({ graphics: [], guest_os: null, guest_user_name: null });
    expect(one({ cpuUser: '150', cpuSys: '30', vcpuCount: '2' }).usage.statistics['usage_cpu_percent']).toBe(90);
  });

  it('has displays, addresses and networks in their limits', () => {
    const { usage } = one({
      displayInfo: [
        { type: 'vnc', port: '5900', tlsPort: '-1', ipAddress: '0' },
        { type: 'toaster', port: '1' },
        { type: 'spice', port: '99999', tlsPort: 5901, ipAddress: 'a\u0000b' },
      ],
      network: {
        vnet0: { macAddr: '56:6F:00:00:00:01', rx: '18446744073709551615', tx: '5', sampleTime: 7.5 },
        vnet1: { macAddr: '56:6f:00:00:00:01', rx: '1' },
        vnet2: { macAddr: 'nonsense' },
        vnet3: null,
      },
      netIfaces: [{ name: 'eth0', hw: 'x', inet: ['10.0.0.7'], inet6: 'fe80::1' }, { name: 'eth0' }, { name: '' }, 7],
      guestTimezone: { zone: 'Europe/Berlin', offset: '60' },
      username: 'None',
    });
    expect(usage.facts['graphics']).toEqual([
      { type: 'vnc', port: 5900, tlsPort: null, address: '0' },
      { type: 'spice', port: null, tlsPort: 5901, address: 'a b' },
    ]);
    expect(usage.nics).toEqual([
      { mac: '56:6f:00:00:00:01', rx_total: null, tx_total: '5', rx_drop: null, tx_drop: null, sample_time: 7.5 },
    ]);
    expect(usage.guest).toEqual([{ interface_name: 'eth0', mac_address: 'x', ipv4_addresses: ['10.0.0.7'], ipv6_addresses: ['fe80::1'] }]);
    expect(usage.facts).toMatchObject({ guest_time_zone: { zone: 'Europe/Berlin', offset: 60 }, guest_user_name: null });
  });

  it('has disks that are known by their ids, each once', () => {
    const disk = '22222222-2222-4222-8222-222222222222';
    const { usage } = one({
      disks: {
        vda: {
          ...{ imageID: disk.toUpperCase(), readRate: '10.7', writeRate: 'fast', readOps: '18446744073709551615', writeOps: 7 },
          ...{ readLatency: '1500000.4', writeLatency: '-1', flushLatency: '9999999999999999999' },
        },
        vdb: { imageID: disk, readRate: '1' },
        sdc: { readRate: '5' },
        vdd: { imageID: "'; drop table" },
        vde: 'x',
      },
    });
    expect(usage.disks).toEqual([
      {
        ...{ disk, read_rate: 10, write_rate: null, read_ops: null, write_ops: '7' },
        ...{ read_latency_seconds: 0.0015, write_latency_seconds: null, flush_latency_seconds: null },
      },
    ]);
    expect(one({ disks: [] }).usage.disks).toEqual([]);
    const many = Object.fromEntries(
      Array.from({ length: 99 }, (_, at) => [`d${at}`, { imageID: disk.replace(/2{2}$/, String(at + 100).slice(1)) }]),
    );
    expect(one({ disks: many }).usage.disks).toHaveLength(64);
  });

  it('tells why one is down', () => {
    expect(one({ status: 'Down', exitCode: 1, exitReason: '2', exitMessage: 'Lost\nit' }).exit).toEqual({
      failed: true,
      reason: 2,
      message: 'Lost it',
    });
    expect(one({ status: 'Down', exitCode: 'x' }).exit).toEqual({ failed: false, reason: null, message: 'Its host does not say why' });
  });
});

describe('an event', () => {
  it('is of the machine that its name has', () => {
    const exit = { exitCode: 0, exitReason: 7, exitMessage: 'bye' };
    expect(readEvent(`|virt|VM_status|${id}`, { [id]: { status: 'Down', ...exit }, notify_time: 1 })).toEqual({
      ...{ id, status: 'down', pause: null },
      exit: { failed: false, reason: 7, message: 'bye' },
    });
  });

  test.each([
    [`|virt|VM_status|${id}`, {}],
    [`|virt|VM_status|${id}`, { [id]: 'Up' }],
    [`|virt|VM_status|${id}`, { [id]: { status: 'Asleep' } }],
    [`|virt|VM_migration_status|${id}`, { [id]: { status: 'Up' } }],
    ['|net|host_conn|no_id', {}],
    ['|virt|VM_status|', { '': { status: 'Up' } }],
  ])('says nothing where it is %s %j', (name, params) => {
    expect(readEvent(name, params)).toBeNull();
  });
});
