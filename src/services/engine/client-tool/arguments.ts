import { parseArgs } from 'node:util';
import { isRegistered } from '../sso/redirects.ts';
import { areRegistered, splitScope } from '../sso/scopes.ts';
import { misuse, type Where } from '../tool.ts';

export const help = `ovirt-register-sso-client-tool registers a program with single sign-on and writes its secret into a file.

Usage:
  ovirt-register-sso-client-tool --client-id=NAME --conf-file-name=FILE [option ...]

  --client-id=NAME                 what the program is called: letters, digits, and . _ -
  --conf-file-name=FILE            new file for SSO_CLIENT_ID and SSO_CLIENT_SECRET; only its owner may read it
  --redirect-uri=URL               an address people are sent back to after the login; may be repeated. Compared letter by letter
  --callback-prefix-url=URL        kept for reports; it allows no address, name each of them with --redirect-uri
  --scope='SCOPE ...'              what the program may ask for (default: openid ovirt-app-api)
  --client-ca-location=FILE        the certificate of its authority; kept for reports
  --notification-callback=URL      https address that is told of each token that ends before its time
  --encrypted-userinfo=true|false  whether it gets what it asks about a user as a signed token (default: true)
  --replace                        gives a program that is registered already a new secret and new settings
  --db-config=FILE                 configuration of the engine (default /etc/ovirt-engine/engine.conf)
  --root=DIR                       the installation below this directory
  -h, --help                       this text
`;

/** A client to be registered. */
export interface Wanted {
  readonly id: string;
  readonly redirects: readonly string[];
  readonly prefix: string | null;
  readonly scope: string;
  readonly certificate: string | null;
  readonly callback: string | null;
  readonly signedUserInfo: boolean;
  readonly replace: boolean;
}

export interface Given {
  readonly wanted: Wanted;
  /** Where the secret is written to. */
  readonly file: string;
  readonly where: Where;
}

const options = {
  'client-id': { type: 'string' },
  'conf-file-name': { type: 'string' },
  'redirect-uri': { type: 'string', multiple: true },
  'callback-prefix-url': { type: 'string' },
  scope: { type: 'string' },
  'client-ca-location': { type: 'string' },
  'notification-callback': { type: 'string' },
  'encrypted-userinfo': { type: 'string' },
  replace: { type: 'boolean' },
  'db-config': { type: 'string' },
  root: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options, strict: true }).values;
  } catch {
    throw misuse('The command line cannot be understood. See ovirt-register-sso-client-tool --help.');
  }
}

/** An address that leaves nothing to interpretation. */
const isAddress = (text: string): boolean => text.length <= 1024 && isRegistered(text, [text], []);

/** Reads a command line; null where it asks for help. Throws a Problem. */
export function readArguments(argv: readonly string[]): Given | null {
  const given = parse(argv);
  if (given.help === true || argv.length === 0) return null;
  const { 'client-id': id = '', 'conf-file-name': file = '', 'redirect-uri': redirects = [], scope = 'openid ovirt-app-api' } = given;
  const { 'callback-prefix-url': prefix = null, 'notification-callback': callback = null, 'encrypted-userinfo': signed = 'true' } = given;
  if (!/^[\w.-]{1,128}$/.test(id)) throw misuse('--client-id is 1 to 128 letters, digits, and . _ -');
  if (id === 'ovirt-engine-core') throw misuse('ovirt-engine-core is the engine itself. engine-setup registers it.');
  if (file === '') throw misuse('--conf-file-name says where the secret is written to.');
  if (prefix !== null && redirects.length === 0) {
    throw misuse('Addresses are compared letter by letter, so a prefix allows none. Name each of them with --redirect-uri.');
  }
  if (!redirects.every(isAddress) || !(prefix === null || isAddress(prefix))) throw misuse('An address is https://HOST[:PORT]/PATH.');
  if (callback !== null && !(isAddress(callback) && /^https:/i.test(callback)))
    throw misuse('--notification-callback is an https address.');
  if (!areRegistered(splitScope(scope)) || scope.length > 1024) throw misuse('--scope names a scope that does not exist.');
  if (signed !== 'true' && signed !== 'false') throw misuse('--encrypted-userinfo is true or false.');
  return {
    wanted: {
      ...{ id, redirects, prefix, callback },
      scope: splitScope(scope).join(' '),
      certificate: given['client-ca-location'] ?? null,
      signedUserInfo: signed === 'true',
      replace: given.replace === true,
    },
    file,
    where: { config: given['db-config'], root: given.root },
  };
}
