import { describe, expect, test } from 'vitest';
import { guestSystemOf, guestZoneOf } from '../../../../../src/services/engine/api/collections/machines/guest-system.ts';

describe('the operating system of a guest', () => {
  const kernelOf = (kernel: string): unknown => (guestSystemOf({ kernel })?.['kernel'] as { version: unknown }).version;

  test.each([
    ['3.10.0-514.10.2.el7.x86_64', { major: 3, minor: 10, build: 0, revision: 514 }],
    ['6.1.0-50-amd64', { major: 6, minor: 1, build: 0, revision: 50 }],
    ['6.12.3', { major: 6, minor: 12, build: 3 }],
    ['5.15.0-rc7', { major: 5, minor: 15, build: 0 }],
    ['10', { major: 10 }],
    ['rolling', {}],
    ['99999999999999999999.1', {}],
  ])('has the numbers of the kernel %s', (kernel, numbers) => {
    expect(kernelOf(kernel)).toEqual({ full_version: kernel, ...numbers });
  });

  test('has its family and its version in the words of the API, and nothing that it has not told', () => {
    expect(guestSystemOf({ type: 'windows', version: '10.0', distribution: null })).toEqual({
      ...{ family: 'Windows', version: { full_version: '10.0', major: 10, minor: 0 } },
      ...{ architecture: undefined, codename: undefined, distribution: null, kernel: undefined },
    });
    expect(guestSystemOf({ type: 'beos' })).toMatchObject({ family: 'Other' });
    expect(guestSystemOf(null)).toBeUndefined();
  });

  test('has a clock that is so far from Greenwich', () => {
    expect(guestZoneOf({ zone: 'CET', offset: 60 })).toEqual({ name: 'CET', utc_offset: '01:00' });
    expect(guestZoneOf({ zone: 'X', offset: -90 })).toEqual({ name: 'X', utc_offset: '-01:30' });
  });
});
