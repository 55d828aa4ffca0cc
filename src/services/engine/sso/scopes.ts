/** Scopes the engine's own client is registered for. */
const registered: readonly string[] = [
  'openid',
  'ovirt-app-admin',
  'ovirt-app-api',
  'ovirt-app-portal',
  'ovirt-ext=auth:identity',
  'ovirt-ext=revoke:revoke-all',
  'ovirt-ext=token-info:authz-search',
  'ovirt-ext=token-info:public-authz-search',
  'ovirt-ext=token-info:validate',
  'ovirt-ext=token:login-on-behalf',
  'ovirt-ext=token:password-access',
];

/** The order of login mechanisms is part of the scope itself. */
const sequencePriority = /^ovirt-ext=auth:sequence-priority=[\w~]+$/;

export const apiScope = 'ovirt-app-api';
export const validateScope = 'ovirt-ext=token-info:validate';
export const searchScopes = ['ovirt-ext=token-info:authz-search', 'ovirt-ext=token-info:public-authz-search'] as const;

const ofEveryApplication = ['ovirt-ext=token:password-access', validateScope, ...searchScopes];
const ofPortals = [apiScope, ...ofEveryApplication, 'ovirt-ext=revoke:revoke-all'];

/** Granting the scope on the left grants those on the right as well. */
const dependencies: ReadonlyMap<string, readonly string[]> = new Map([
  [apiScope, ofEveryApplication],
  ['ovirt-app-admin', ofPortals],
  ['ovirt-app-portal', ofPortals],
]);

/** The scopes of a space-separated list. */
export const splitScope = (text: string): string[] => text.split(' ').filter((scope) => scope !== '');

/** Whether a client is registered for every one of these scopes. */
export const areRegistered = (scopes: readonly string[]): boolean =>
  scopes.every((scope) => registered.includes(scope) || sequencePriority.test(scope));

/** What is granted when these scopes are asked for: their dependencies added, sorted, joined by blanks. */
export function grantedScope(asked: readonly string[]): string {
  return [...new Set(asked.flatMap((scope) => [scope, ...(dependencies.get(scope) ?? [])]))].sort().join(' ');
}

/** Clients of the plain API expect errors in another shape than everybody else. */
export const isPlainApi = (scopes: readonly string[]): boolean =>
  scopes.includes(apiScope) && !scopes.includes('ovirt-app-admin') && !scopes.includes('ovirt-app-portal');
