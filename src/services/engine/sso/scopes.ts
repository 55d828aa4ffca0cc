import type { Database } from '../../frame/database.ts';

/** Scopes that clients without a registration of their own may ask for: those of the engine's own client. */
const ofOurClient: readonly string[] = [
  'openid',
  'ovirt-app-admin',
  'ovirt-app-api',
  'ovirt-app-portal',
  'ovirt-ext=auth:identity',
  'ovirt-ext=auth:sequence-priority',
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
export const openidScope = 'openid';
export const identityScope = 'ovirt-ext=auth:identity';
export const onBehalfScope = 'ovirt-ext=token:login-on-behalf';
export const revokeAllScope = 'ovirt-ext=revoke:revoke-all';
export const validateScope = 'ovirt-ext=token-info:validate';
export const searchScope = 'ovirt-ext=token-info:authz-search';
export const publicSearchScope = 'ovirt-ext=token-info:public-authz-search';

/** May be asked for, and is never granted: no password is kept in a form that could be handed out (docs/single-sign-on.md). */
const passwordScope = 'ovirt-ext=token:password-access';

/** The scopes that a scope depends on, for each that depends on any. */
export type Dependencies = ReadonlyMap<string, readonly string[]>;

/** Reads them from `sso_scope_dependency`, the only place that has them. */
export async function readDependencies(database: Database): Promise<Dependencies> {
  const rows = await database.query<{ scope: string; dependencies: string }>('select scope, dependencies from sso_scope_dependency');
  return new Map(rows.map(({ scope, dependencies }) => [scope, splitScope(dependencies)]));
}

/** The scopes of a space-separated list. */
export const splitScope = (text: string): string[] => text.split(' ').filter((scope) => scope !== '');

/** Whether a client is registered for every one of these scopes. */
export const areRegistered = (scopes: readonly string[], registered = ofOurClient): boolean =>
  scopes.every((scope) => registered.includes(sequencePriority.test(scope) ? 'ovirt-ext=auth:sequence-priority' : scope));

/** What is granted when these scopes are asked for: their dependencies added, what nobody gets left out, sorted, joined by blanks. */
export function grantedScope(asked: readonly string[], dependencies: Dependencies): string {
  const all = new Set(asked.flatMap((scope) => [scope, ...(dependencies.get(scope) ?? [])]));
  return [...all]
    .filter((scope) => scope !== passwordScope)
    .sort()
    .join(' ');
}

/** Clients of the plain API expect errors in another shape than everybody else. */
export const isPlainApi = (scopes: readonly string[]): boolean =>
  scopes.includes(apiScope) && !scopes.includes('ovirt-app-admin') && !scopes.includes('ovirt-app-portal');
