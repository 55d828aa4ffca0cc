import type { Step, View } from '#kit';
import { registeredClient } from '#steps';
import { engineDatabase } from '../database/settings.ts';
import { realRoot } from '../environment/settings.ts';
import { fqdn, httpsPort } from '../network/settings.ts';
import { paths as pki } from '../pki/settings.ts';
import { ssoClientSecret } from './settings.ts';

/** What the engine may ask of its own single sign-on. */
const scopes = [
  'openid',
  'ovirt-app-portal',
  'ovirt-app-admin',
  'ovirt-app-api',
  'ovirt-ext=auth:identity',
  'ovirt-ext=token:password-access',
  'ovirt-ext=auth:sequence-priority',
  'ovirt-ext=token:login-on-behalf',
  'ovirt-ext=token-info:authz-search',
  'ovirt-ext=token-info:public-authz-search',
  'ovirt-ext=token-info:validate',
  'ovirt-ext=revoke:revoke-all',
];

/** Where the pages of the engine take people back after a login. */
const callbacks = ['oauth2-callback', 'webadmin/sso/oauth2-callback', 'web-ui/sso/oauth2-callback'];

/** Registers the engine with its own single sign-on. */
export function ssoClient(view: View, inside: readonly string[]): Step {
  const prefix = `https://${view.get(fqdn)}:${view.get(httpsPort)}/ovirt-engine/`;
  return registeredClient(
    {
      id: 'engine/sso-client',
      chapter: 'engine.options',
      title: 'Registering the engine with single sign-on',
      quiet: true,
      needs: ['engine/schema'],
      inside: [...inside, 'engine/schema'],
    },
    {
      at: engineDatabase(view),
      id: 'ovirt-engine-core',
      secret: view.get(ssoClientSecret),
      scopes,
      description: 'The engine itself',
      certificate: `${view.fact(realRoot)}${pki.certificate('engine')}`,
      prefix,
      redirects: callbacks.map((path) => `${prefix}${path}`),
    },
  );
}
