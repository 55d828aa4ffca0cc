import { describe, expect, it } from 'vitest';
import { areRegistered, grantedScope, isPlainApi } from '../../../../src/services/engine/sso/scopes.ts';

const dependencies = new Map([
  ['ovirt-app-api', ['ovirt-ext=token:password-access', 'ovirt-ext=token-info:validate']],
  ['ovirt-app-portal', ['ovirt-app-api', 'ovirt-ext=revoke:revoke-all']],
]);

describe('scopes', () => {
  it('bring their dependencies along, sorted and once', () => {
    expect(grantedScope(['ovirt-app-api'], dependencies)).toBe('ovirt-app-api ovirt-ext=token-info:validate');
    expect(grantedScope(['ovirt-app-portal', 'ovirt-app-api'], dependencies)).toBe(
      'ovirt-app-api ovirt-app-portal ovirt-ext=revoke:revoke-all ovirt-ext=token-info:validate',
    );
    expect(grantedScope(['openid'], new Map())).toBe('openid');
  });

  it('do not include the password, which is never handed out, however it is asked for', () => {
    expect(areRegistered(['ovirt-ext=token:password-access'])).toBe(true);
    expect(grantedScope(['openid', 'ovirt-ext=token:password-access'], dependencies)).toBe('openid');
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
