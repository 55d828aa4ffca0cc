import { fileURLToPath } from 'node:url';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createConfig } from '../../../../src/services/frame/config.ts';
import { type Assignment, parseConf } from '../../../../src/services/frame/conf-parser.ts';
import { readSettings } from '../../../../src/services/notifier/settings.ts';

const defaults = readFileSync(fileURLToPath(new URL('../../../../src/services/notifier/defaults.conf', import.meta.url)), 'utf8');
const database = 'ENGINE_DB_USER=engine\nENGINE_DB_PASSWORD=secret\nENGINE_DB_DATABASE=engine\n';

/** Settings from what an administrator has written. */
function settings(own: string) {
  const read = (text: string) => {
    const values = new Map<string, Assignment>();
    expect(parseConf(defaults, 'defaults.conf', values)).toEqual([]);
    expect(parseConf(text, 'own.conf', values)).toEqual([]);
    return createConfig(values, 'main.conf');
  };
  return readSettings(read(own), read(database), 'engine.example.com');
}

describe('the settings of the notifier', () => {
  it('tell nobody of anything by default', () => {
    const { mail, rules, snmpProfile, intervalMs } = settings('');
    expect(rules).toEqual([{ include: false, event: null, severity: null, recipient: null }]);
    expect([mail, snmpProfile(''), intervalMs]).toEqual([null, null, 120_000]);
  });

  it('take a filter that goes on with the one before', () => {
    expect(settings('FILTER="include:A(smtp:a@b) ${FILTER}"').rules).toHaveLength(2);
    expect(() => settings('FILTER="include:A(smtp:a@b"')).toThrow('FILTER cannot be read from here on: "(smtp:a@b"');
  });

  it('take the user of the mail server as the sender, or the host', () => {
    expect(settings('MAIL_SERVER=mail\nMAIL_USER=me@example.com').mail?.from).toBe('me@example.com');
    expect(settings('MAIL_SERVER=mail\nMAIL_USER=me').mail?.from).toBe('ovirt-engine-notifier@engine.example.com');
    expect(settings('MAIL_SERVER=mail\nMAIL_FROM="A <a@b>"').mail?.from).toBe('A <a@b>');
    expect(() => settings('MAIL_SERVER=mail\nMAIL_SMTP_ENCRYPTION=starttls')).toThrow('must be none, ssl or tls');
  });

  it('have profiles of SNMP managers, which take what they do not say from the nameless one', () => {
    const { snmpProfile } = settings(
      'SNMP_MANAGERS="a.example [2001:db8::1]:1162 192.0.2.1:163"\nSNMP_MANAGERS_two=b.example\nSNMP_COMMUNITY_two=private\nFILTER="include:*(snmp:two) include:*(snmp:three)"',
    );
    expect(snmpProfile('')).toEqual({
      managers: [
        { host: 'a.example', port: 162 },
        { host: '2001:db8::1', port: 1162 },
        { host: '192.0.2.1', port: 163 },
      ],
      oid: '1.3.6.1.4.1.2312.13.1.1',
      security: { version: 2, community: 'public' },
    });
    expect(snmpProfile('two')).toMatchObject({ managers: [{ host: 'b.example' }], security: { community: 'private' } });
    expect(snmpProfile('three')).toEqual(snmpProfile(''));
  });

  const version3 = 'SNMP_MANAGERS=m\nSNMP_VERSION=3\nSNMP_ENGINE_ID=80:00:00:00:01:02\nSNMP_USERNAME=u\nSNMP_SECURITY_LEVEL=3\n';
  it('have what version 3 needs, and hide its passphrases', () => {
    const keys =
      'SNMP_AUTH_PROTOCOL=SHA\nSNMP_AUTH_PASSPHRASE=canary-auth\nSNMP_PRIVACY_PROTOCOL=AES128\nSNMP_PRIVACY_PASSPHRASE=canary-priv';
    const { secrets, snmpProfile } = settings(version3 + keys);
    expect(secrets).toEqual(['canary-auth', 'canary-priv']);
    expect(snmpProfile('')?.security).toEqual({
      version: 3,
      engineId: '800000000102',
      user: 'u',
      authentication: { protocol: 'sha', passphrase: 'canary-auth' },
      privacy: { protocol: 'aes', passphrase: 'canary-priv' },
    });
  });

  it.each([
    ['SNMP_MANAGERS="a:b:c"', 'SNMP_MANAGERS must be hosts'],
    ['SNMP_MANAGERS="a:0"', 'SNMP_MANAGERS must be hosts'],
    ['SNMP_MANAGERS=a\nSNMP_OID=x', 'SNMP_OID must be numbers'],
    ['SNMP_MANAGERS=a\nSNMP_VERSION=1', 'SNMP_VERSION must be a whole number from 2 to 3'],
    [`${version3}SNMP_ENGINE_ID=xyz`, 'SNMP_ENGINE_ID must be 5 to 32 bytes'],
    [`${version3}SNMP_AUTH_PROTOCOL=ROT13`, 'SNMP_AUTH_PROTOCOL must be one of MD5, SHA, SHA256, SHA512'],
    [`${version3}SNMP_AUTH_PROTOCOL=SHA\nSNMP_AUTH_PASSPHRASE=short`, 'SNMP_AUTH_PASSPHRASE must have 8 characters or more'],
  ])('refuse %j', (text, message) => expect(() => settings(text)).toThrow(message));
});
