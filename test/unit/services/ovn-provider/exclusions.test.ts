import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { excluded } from '../../../../src/services/ovn-provider/neutron/exclusions.ts';
import type { Switch } from '../../../../src/services/ovn-provider/northbound/tables.ts';

const network = (text?: string): Switch => ({
  id: 'one',
  name: 'one',
  ports: [],
  other_config: new Map(text === undefined ? [] : [['exclude_ips', text]]),
  external_ids: new Map(),
});

describe('addresses that OVN gives to nobody', () => {
  test.each([
    [undefined, {}, undefined],
    [undefined, { add: ['10.0.0.1'] }, '10.0.0.1'],
    ['10.0.0.1', { drop: ['10.0.0.1'] }, undefined],
    ['10.0.0.1', { drop: ['10.0.0.1'], add: ['10.0.0.1'] }, '10.0.0.1'],
    ['10.0.0.1', { add: ['10.0.0.1'] }, '10.0.0.1'],
    ['10.0.0.1', { drop: ['10.0.0.11'], add: ['10.0.0.11'] }, '10.0.0.1 10.0.0.11'],
    [' 10.0.0.1   10.0.0.20..10.0.0.29 ', { drop: ['10.0.0.1', '10.0.0.20'] }, '10.0.0.20..10.0.0.29'],
  ])('%j with %j are %j', (before, change, after) => {
    expect(excluded(network(before), change)).toBe(after);
  });

  test('are as before once what was added goes again', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.ipV4(), { minLength: 1 }), (addresses) => {
        const [address = '', ...others] = addresses;
        const before = others.length === 0 ? undefined : others.join(' ');
        expect(excluded(network(excluded(network(before), { add: [address] })), { drop: [address] })).toBe(before);
      }),
    );
  });
});
