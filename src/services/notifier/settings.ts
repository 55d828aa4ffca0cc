import { type Config, ConfigError } from '../frame/config.ts';
import { readDatabase } from '../frame/database-settings.ts';
import type { DatabaseSettings } from '../frame/database.ts';
import { FilterError, parseFilter, recipientsOf, type Rule } from './filter.ts';
import type { MailSettings } from './mail.ts';
import { readSnmpProfile, type SnmpProfile } from './snmp-settings.ts';

export interface NotifierSettings {
  readonly rules: readonly Rule[];
  readonly intervalMs: number;
  readonly retryMs: number;
  readonly retries: number;
  readonly daysToKeep: number;
  readonly daysAtStart: number;
  /** Every so many looks that fail are told. */
  readonly unreachableEvery: number;
  /** Null where no server is configured. */
  readonly mail: MailSettings | null;
  readonly snmpProfile: (name: string) => SnmpProfile | null;
  readonly secrets: readonly string[];
  readonly healthSocket: string | null;
  readonly database: DatabaseSettings;
}

/** Takes what the notifier needs from its configuration, and the way into the database from the engine's. Throws ConfigError. */
export function readSettings(own: Config, engine: Config, hostName: string): NotifierSettings {
  const rules = readRules(own);
  // Every profile that is named is read now, so that a mistake in it is told before an event needs it.
  const profiles = new Map(
    ['', ...recipientsOf(rules).flatMap(({ transport, address }) => (transport === 'snmp' ? [address] : []))].map(
      (name) => [name, readSnmpProfile(own, name)] as const,
    ),
  );
  return {
    rules,
    intervalMs: own.integer('INTERVAL_IN_SECONDS', 1, 86_400) * 1_000,
    retryMs: own.integer('IDLE_INTERVAL', 1, 86_400) * 1_000,
    retries: own.integer('MAIL_RETRIES', 1, 100),
    daysToKeep: own.integer('DAYS_TO_KEEP_HISTORY', 0, 36_500),
    daysAtStart: own.integer('DAYS_TO_SEND_ON_STARTUP', 0, 36_500),
    unreachableEvery: Math.max(1, own.integer('FAILED_QUERIES_NOTIFICATION_THRESHOLD', 0, 1_000_000)),
    mail: readMail(own, hostName),
    snmpProfile: (name) => profiles.get(name) ?? profiles.get('') ?? null,
    secrets: [own.optionalText('MAIL_PASSWORD'), ...[...profiles.values()].flatMap(secretsOf)].filter((secret) => secret !== null),
    healthSocket: own.optionalText('NOTIFIER_HEALTH_SOCKET'),
    database: readDatabase(engine, 'ENGINE_DB'),
  };
}

function readRules(config: Config): readonly Rule[] {
  try {
    return parseFilter(config.optionalText('FILTER') ?? '');
  } catch (error) {
    if (error instanceof FilterError) throw new ConfigError([`FILTER ${error.message}`]);
    throw error;
  }
}

function readMail(config: Config, hostName: string): MailSettings | null {
  const server = config.optionalText('MAIL_SERVER');
  if (server === null) return null;
  const encryption = config.text('MAIL_SMTP_ENCRYPTION');
  if (encryption !== 'none' && encryption !== 'ssl' && encryption !== 'tls')
    throw new ConfigError(['MAIL_SMTP_ENCRYPTION must be none, ssl or tls']);
  const user = config.optionalText('MAIL_USER');
  return {
    server,
    port: config.port('MAIL_PORT'),
    encryption,
    user,
    password: config.optionalText('MAIL_PASSWORD'),
    from: config.optionalText('MAIL_FROM') ?? (user?.includes('@') === true ? user : `ovirt-engine-notifier@${hostName}`),
    replyTo: config.optionalText('MAIL_REPLY_TO'),
    html: config.yesNo('HTML_MESSAGE_FORMAT'),
  };
}

function secretsOf(profile: SnmpProfile | null): readonly (string | null)[] {
  if (profile === null || profile.security.version === 2) return [];
  return [profile.security.authentication?.passphrase ?? null, profile.security.privacy?.passphrase ?? null];
}
