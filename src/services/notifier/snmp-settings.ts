import { type Config, ConfigError } from '../frame/config.ts';

export interface Manager {
  readonly host: string;
  readonly port: number;
}

export type Security =
  | { readonly version: 2; readonly community: string }
  | {
      readonly version: 3;
      readonly engineId: string;
      readonly user: string;
      readonly authentication: { readonly protocol: 'md5' | 'sha' | 'sha256' | 'sha512'; readonly passphrase: string } | null;
      readonly privacy: { readonly protocol: 'aes' | 'aes256b'; readonly passphrase: string } | null;
    };

/** Managers, and how traps are made for them. */
export interface SnmpProfile {
  readonly managers: readonly Manager[];
  readonly oid: string;
  readonly security: Security;
}

const authenticationProtocols = { MD5: 'md5', SHA: 'sha', SHA256: 'sha256', SHA512: 'sha512' } as const;
/** The original's AES192 is in no standard, and the library does not have it. */
const privacyProtocols = { AES128: 'aes', AES256: 'aes256b' } as const;

/**
 * The profile of a name: each key with that suffix, and without where there is none of it. A profile without managers of
 * its own is the nameless one, as in the original. Null where that has no managers either. Throws ConfigError.
 */
export function readSnmpProfile(config: Config, name: string): SnmpProfile | null {
  const suffix = /^\w+$/.test(name) && config.optionalText(`SNMP_MANAGERS_${name}`) !== null ? `_${name}` : '';
  const keyOf = (key: string): string => (config.optionalText(`${key}${suffix}`) === null ? key : `${key}${suffix}`);
  const managers = config.optionalText(keyOf('SNMP_MANAGERS'));
  if (managers === null) return null;
  const oid = config.text(keyOf('SNMP_OID'));
  if (!/^\d+(\.\d+)+$/.test(oid)) throw new ConfigError([`${keyOf('SNMP_OID')} must be numbers with dots between them`]);
  return { managers: parseManagers(managers, keyOf('SNMP_MANAGERS')), oid, security: readSecurity(config, keyOf) };
}

function readSecurity(config: Config, keyOf: (key: string) => string): Security {
  const version = config.integer(keyOf('SNMP_VERSION'), 2, 3);
  if (version === 2) return { version, community: config.text(keyOf('SNMP_COMMUNITY')) };
  const level = config.integer(keyOf('SNMP_SECURITY_LEVEL'), 1, 3);
  const engineId = config.text(keyOf('SNMP_ENGINE_ID')).replace(/^0x|[:\s]/g, '');
  if (!/^([0-9a-f]{2}){5,32}$/i.test(engineId))
    throw new ConfigError([`${keyOf('SNMP_ENGINE_ID')} must be 5 to 32 bytes in hexadecimal digits`]);
  const passphrase = (key: string): string => {
    const text = config.text(keyOf(key));
    if (text.length < 8) throw new ConfigError([`${keyOf(key)} must have 8 characters or more`]);
    return text;
  };
  const one = <T extends Readonly<Record<string, unknown>>>(key: string, of: T): T[keyof T] => {
    const text = config.text(keyOf(key));
    if (!Object.hasOwn(of, text)) throw new ConfigError([`${keyOf(key)} must be one of ${Object.keys(of).join(', ')}`]);
    return of[text] as T[keyof T];
  };
  return {
    version: 3,
    engineId,
    user: config.text(keyOf('SNMP_USERNAME')),
    authentication:
      level >= 2 ? { protocol: one('SNMP_AUTH_PROTOCOL', authenticationProtocols), passphrase: passphrase('SNMP_AUTH_PASSPHRASE') } : null,
    privacy:
      level >= 3 ? { protocol: one('SNMP_PRIVACY_PROTOCOL', privacyProtocols), passphrase: passphrase('SNMP_PRIVACY_PASSPHRASE') } : null,
  };
}

/** Reads `manager.example.com 192.0.2.1:1162 [2001:db8::1]:1162`. Throws ConfigError naming the key. */
function parseManagers(text: string, key: string): readonly Manager[] {
  return text.split(/\s+/).flatMap((word) => {
    if (word === '') return [];
    const [, six, plain, port = '162'] = /^(?:\[([^\]]+)\]|([^[\]:]+))(?::(\d{1,5}))?$/.exec(word) ?? [];
    const host = six ?? plain;
    if (host === undefined || Number(port) < 1 || Number(port) > 65_535) {
      throw new ConfigError([`${key} must be hosts with blanks between them, each with a port or none; IPv6 in square brackets`]);
    }
    return [{ host, port: Number(port) }];
  });
}
