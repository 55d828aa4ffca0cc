import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTarget, routedUrl } from '../../../../src/services/engine/api/target.ts';

describe('addresses below the API', () => {
  it.each([
    ['/ovirt-engine/api', '/ovirt-engine/api', null],
    ['/ovirt-engine/api/', '/ovirt-engine/api', null],
    ['/ovirt-engine/api/vms/?search=name%3Dx', '/ovirt-engine/api/vms?search=name%3Dx', null],
    ['/ovirt-engine/api/vms/;max=1', '/ovirt-engine/api/vms', null],
    ['/ovirt-engine/api/vms//', '/ovirt-engine/api/vms/', null],
    ['/ovirt-engine/api?a=/v3', '/ovirt-engine/api?a=/v3', null],
    ['/ovirt-engine/api/v4', '/ovirt-engine/api', '4'],
    ['/ovirt-engine/api/v4/', '/ovirt-engine/api', '4'],
    ['/ovirt-engine/api/v3/vms?max=1', '/ovirt-engine/api/vms?max=1', '3'],
    ['/ovirt-engine/api/v4x', '/ovirt-engine/api/v4x', null],
    ['/ovirt-engine/api;filter', '/ovirt-engine/api', null],
    ['/ovirt-engine/api/v4;filter=1', '/ovirt-engine/api', '4'],
    ['/ovirt-engine/api/vms;max=10;current?a=b', '/ovirt-engine/api/vms?a=b', null],
    ['/ovirt-engine/api/vms;max=10/1', '/ovirt-engine/api/vms;max=10/1', null],
  ])('%s is routed as %s with version %s', (url, routed, version) => {
    expect(routedUrl(url)).toBe(routed);
    expect(parseTarget(url)?.version).toBe(version);
  });

  it('carry matrix parameters on their last segment', () => {
    expect(parseTarget('/ovirt-engine/api/vms;max=10;current')?.matrix).toEqual(
      new Map([
        ['max', ['10']],
        ['current', ['']],
      ]),
    );
  });

  it.each(['/', '/ovirt-engine/apidoc', '/ovirt-engine', '/ovirt-engine/apix;a', '//ovirt-engine/api'])('do not include %s', (url) => {
    expect(parseTarget(url)).toBeNull();
    expect(routedUrl(url)).toBe(url);
  });

  it('may hold any text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(routedUrl(`/ovirt-engine/api/${text}`)).toMatch(/^\/ovirt-engine\/api/);
      }),
    );
  });
});
