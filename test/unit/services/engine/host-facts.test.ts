import { describe, expect, it } from 'vitest';
import { readCapabilities } from '../../../../src/services/engine/hosts/capabilities.ts';
import { counterOf, flagOf, integerOf, numberOf, textOf, wordsOf } from '../../../../src/services/engine/agents/hostile.ts';
import { type Demands, judge } from '../../../../src/services/engine/hosts/suitability.ts';
import { readStatistics } from '../../../../src/services/engine/monitoring/host-statistics.ts';
import { capabilities, statistics } from '../../../support/simulated-host.ts';

const demands: Demands = {
  ...{ cluster: 'Default', level: '4.8', processor: null, emulatedMachine: null, network: 'ovirtmgmt' },
  emulatedMachines: ['pc-q35-rhel9.2.0', 'pc-q35-4.1', 'pc-i440fx-2.12'],
};
const read = (more: object = {}) => readCapabilities(capabilities('10.0.0.5', more), {});

/** Values of every kind, nested a little, chosen by a seed. */
function anything(seed: number, depth = 3): unknown {
  const pick = (Math.imul(seed, 2654435761) >>> 0) % 12;
  const simple = [null, true, -1, 1e308, Number.NaN, '', '\u0000\ud800', 'x'.repeat(70_000), '12,13', '-7.5'];
  if (pick < simple.length || depth === 0) return simple[pick % simple.length];
  const inner = Array.from({ length: 3 }, (_, at) => anything(seed * 7 + at + 1, depth - 1));
  return pick === 10 ? inner : { nics: inner[0], eth0: inner[1], uuid: inner[2] };
}

describe('what agents say', () => {
  it('is read in all the forms it has', () => {
    expect([textOf(' a\n\u202eb '), textOf(''), textOf({}), textOf('abc', 2), textOf(7)]).toEqual(['a b', null, null, 'ab', '7']);
    expect([numberOf('12.5'), numberOf(-1), numberOf('1e5'), numberOf('x'), numberOf(null), integerOf('7.9')]).toEqual([
      12.5,
      null,
      null,
      null,
      null,
      7,
    ]);
    expect([flagOf('True'), flagOf(0), flagOf('no'), flagOf('maybe'), flagOf([])]).toEqual([true, false, false, null, null]);
    expect([wordsOf('a, b,,c'), wordsOf(['a', {}, 'b']), wordsOf(7)]).toEqual([['a', 'b', 'c'], ['a', 'b'], []]);
    expect([counterOf('9223372036854775807'), counterOf('9223372036854775808'), counterOf(1.5), counterOf(12)]).toEqual([
      '9223372036854775807',
      null,
      null,
      '12',
    ]);
  });

  it('may be anything', () => {
    for (let seed = 1; seed < 3_000; seed++) {
      const caps = {
        ...capabilities('10.0.0.5'),
        ...Object.fromEntries(Object.keys(capabilities('x')).map((key, at) => [key, anything(seed + at)])),
      };
      const found = readCapabilities(seed % 5 === 0 ? anything(seed) : caps, anything(seed + 1));
      expect(JSON.stringify(found).length).toBeLessThan(1_000_000);
      expect(() => judge(found, demands)).not.toThrow();
      const stats = Object.fromEntries(Object.keys(statistics()).map((key, at) => [key, anything(seed + at)]));
      expect(() => readStatistics('h', seed % 5 === 0 ? anything(seed) : stats)).not.toThrow();
    }
  });

  it('finds VLANs, bonds, and the networks on them', () => {
    const { interfaces, networks } = read({
      bondings: { bond0: { slaves: ['eth0', 'eth1'], opts: { mode: '4', miimon: '100' }, hwaddr: '52:54:00:00:00:01' } },
      vlans: { 'bond0.7': { iface: 'bond0', vlanid: '7', ipv6addrs: ['fe80::1/64', '2001:db8::7/64'] } },
      networks: {
        storage: { bridged: false, iface: 'bond0.7' },
        ovirtmgmt: { bridged: true, ports: ['vnet0', 'bond0'], addr: '10.0.0.5' },
      },
    });
    expect(networks).toEqual([
      { name: 'storage', bridged: false, interface: 'bond0.7' },
      { name: 'ovirtmgmt', bridged: true, interface: 'bond0' },
    ]);
    const named = Object.fromEntries(interfaces.map((one) => [one.name, one]));
    expect(named['eth0']).toMatchObject({ bond_name: 'bond0', is_bond: false, network_name: null });
    expect(named['bond0']).toMatchObject({
      is_bond: true,
      bond_opts: 'mode=4 miimon=100',
      network_name: 'ovirtmgmt',
      bridged: true,
      addr: '10.0.0.5',
    });
    expect(named['bond0.7']).toMatchObject({
      vlan_id: 7,
      base_interface: 'bond0',
      ipv6_address: '2001:db8::7',
      ipv6_prefix: 64,
      network_name: 'storage',
    });
  });
});

describe('a host and its cluster', () => {
  it('fit, and the host settles what is open', () => {
    expect(judge(read(), demands)).toEqual({ processor: 'Intel Skylake Server Family', emulatedMachine: 'pc-q35-4.1' });
    expect(judge(read(), { ...demands, processor: 'Intel Nehalem Family', emulatedMachine: 'pc-i440fx-2.12' })).toEqual({
      processor: 'Intel Nehalem Family',
      emulatedMachine: 'pc-i440fx-2.12',
    });
  });

  it('fit without a processor type where a host only emulates', () => {
    expect(judge(read({ kvmEnabled: 'false', cpuFlags: 'fpu,model_qemu64' }), demands)).toEqual({
      processor: null,
      emulatedMachine: 'pc-q35-4.1',
    });
  });

  it.each([
    ['the engine', { supportedENGINEs: ['4.4'], clusterLevels: [], cpuFlags: '' }, 5, 'works with engines of the versions 4.4'],
    ['the level', { clusterLevels: ['4.7'], cpuFlags: '', emulatedMachines: [] }, 14, 'has the level 4.8, and the host supports 4.7'],
    ['the processor', { cpuFlags: 'vmx,nx', emulatedMachines: [] }, 2, 'lacks what Intel Haswell Family has: model_Haswell-noTSX'],
    ['the emulated machine', { emulatedMachines: ['pc-1'] }, 11, 'no emulated machine'],
  ])('do not fit by %s, which is told first', (_what, more, reason, text) => {
    expect(judge(read(more), { ...demands, processor: 'Intel Haswell Family' })).toMatchObject({
      reason,
      text: expect.stringContaining(text),
    });
  });
});
