import { type Config, ConfigError } from '../frame/config.ts';
import { readDatabase } from '../frame/database-settings.ts';
import type { DatabaseSettings } from '../frame/database.ts';
import { nameInUrls } from './host-names.ts';

export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
}

export interface ListenSettings {
  readonly address: string;
  readonly port: number;
  /** Null where a web server in front ends TLS. */
  readonly tls: TlsFiles | null;
  /** Whether that web server's X-Forwarded headers are to be believed. */
  readonly behindProxy: boolean;
  /** Whether browsers are told to come over TLS alone from now on: only with a certificate that they trust anyway. */
  readonly strictTransport: boolean;
}

export interface SsoClient {
  readonly id: string;
  readonly secret: string;
}

export interface Settings {
  readonly listen: ListenSettings;
  readonly database: DatabaseSettings;
  /** Configured names under which browsers may reach the engine, the main one first. */
  readonly hostNames: readonly string[];
  readonly caCertificate: string;
  readonly engineCertificate: string;
  /** The file of the engine's private key, which signs tokens; null where there is none. */
  readonly engineKey: string | null;
  readonly client: SsoClient;
  /** The address of the engine without a path, as others know it: it issues tokens in this name. */
  readonly issuer: string;
  /** Whether somebody tries to switch the check of redirect addresses off. */
  readonly wantsUncheckedRedirects: boolean;
  readonly tokenIdleSeconds: number;
  /** How many sessions a user may have at a time; null for any number. */
  readonly mostSessionsOfUser: number | null;
  readonly healthSocket: string | null;
  /** Where the image proxy takes tickets; null where there is none. */
  readonly imageProxySocket: string | null;
}

/** Takes what the engine needs from its configuration. Throws ConfigError naming the key and its line. */
export function readSettings(config: Config): Settings {
  return {
    listen: readListen(config),
    database: readDatabase(config, 'ENGINE_DB'),
    hostNames: [config.text('ENGINE_FQDN'), ...words(config.optionalText('SSO_ALTERNATE_ENGINE_FQDNS'))].map(nameInUrls),
    caCertificate: config.text('ENGINE_PKI_CA'),
    engineCertificate: config.text('ENGINE_PKI_ENGINE_CERT'),
    engineKey: config.optionalText('ENGINE_PKI_ENGINE_KEY'),
    issuer: readIssuer(config),
    wantsUncheckedRedirects: config.optionalText('SSO_CALLBACK_PREFIX_CHECK') !== null && !config.yesNo('SSO_CALLBACK_PREFIX_CHECK'),
    client: { id: config.text('ENGINE_SSO_CLIENT_ID'), secret: config.text('ENGINE_SSO_CLIENT_SECRET') },
    tokenIdleSeconds: config.integer('SSO_TOKEN_TIMEOUT', 1, 2_147_483_647),
    mostSessionsOfUser: config.text('ENGINE_MAX_USER_SESSIONS') === '-1' ? null : config.integer('ENGINE_MAX_USER_SESSIONS', 1, 1_000_000),
    healthSocket: config.optionalText('ENGINE_HEALTH_SOCKET'),
    imageProxySocket: config.optionalText('ENGINE_IMAGE_PROXY_SOCKET'),
  };
}

function readListen(config: Config): ListenSettings {
  const https = config.yesNo('ENGINE_HTTPS_ENABLED');
  const http = config.yesNo('ENGINE_HTTP_ENABLED');
  if (https === http) throw new ConfigError(['exactly one of ENGINE_HTTPS_ENABLED and ENGINE_HTTP_ENABLED must be true']);
  const strictTransport = config.yesNo('ENGINE_HTTPS_HSTS');
  if (http) {
    const behindProxy = config.yesNo('ENGINE_PROXY_ENABLED');
    return { address: '127.0.0.1', port: config.port('ENGINE_HTTP_PORT'), tls: null, behindProxy, strictTransport };
  }
  return {
    address: config.text('ENGINE_HTTPS_ADDRESS'),
    port: config.port('ENGINE_HTTPS_PORT'),
    tls: { certificate: config.text('ENGINE_HTTPS_PKI_CERT'), key: config.text('ENGINE_HTTPS_PKI_KEY') },
    behindProxy: false,
    strictTransport,
  };
}

function readIssuer(config: Config): string {
  const address = config.optionalText('ENGINE_SSO_AUTH_URL') ?? `https://${nameInUrls(config.text('ENGINE_FQDN'))}:443/ovirt-engine/sso`;
  const origin = /^https:\/\/[^/?#\s]+/.exec(address)?.[0];
  if (origin === undefined) throw new ConfigError(['ENGINE_SSO_AUTH_URL must be an address that begins with https://']);
  return origin;
}

const words = (text: string | null): string[] => (text ?? '').split(/\s+/).filter((word) => word !== '');
