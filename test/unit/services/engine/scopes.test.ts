import { describe, expect, it } from 'vitest';
import { areRegistered, grantedScope, isPlainApi, splitScope } from '../../../../src/services/engine/sso/scopes.ts';

describe('scopes', () => {
  it('bring their dependencies along, sorted', () => {
    expect(grantedScope(['ovirt-app-api'])).toBe(
      'ovirt-app-api ovirt-ext=token-info:authz-search ovirt-ext=token-info:public-authz-search ovirt-ext=token-info:validate ovirt-ext=token:password-access',
    );
    expect(splitScope(grantedScope(['ovirt-app-admin']))).toContain('ovirt-ext=revoke:revoke-all');
    expect(splitScope(grantedScope(['ovirt-app-portal']))).toContain('ovirt-app-api');
    expect(splitScope(grantedScope(['ovirt-app-api']))).not.toContain('ovirt-ext=revoke:revoke-all');
  });

  it('are granted only when registered', () => {
    expect(areRegistered(['openid', 'ovirt-app-api', 'ovirt-ext=auth:sequence-priority=~'])).toBe(true);
    expect(areRegistered(['ovirt-app-api', 'root'])).toBe(false);
    expect(areRegistered(['openid=x'])).toBe(false);
  });

  it('decide about the shape of errors', () => {
    expect(isPlainApi(['ovirt-app-api', 'openid'])).toBe(true);
    expect(isPlainApi(['ovirt-app-api', 'ovirt-app-admin'])).toBe(false);
    expect(isPlainApi(['ovirt-app-api', 'ovirt-app-portal'])).toBe(false);
    expect(isPlainApi([])).toBe(false);
  });
});
