import type { Config } from './config.ts';
import { tlsProfile } from './tls-profile.ts';

/** Where a service listens, and how it is spoken with there. */
export interface TlsListener {
  /** Null: every address of the machine. */
  readonly address: string | null;
  readonly port: number;
  readonly certificate: string;
  readonly key: string;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  readonly ciphers: string;
}

/**
 * Takes it from a configuration.
 * @param keys those of the address and the port, which differ between services
 * @throws ConfigError naming the key and its line
 */
export const readTlsListener = (config: Config, keys: { readonly address: string; readonly port: string }): TlsListener => ({
  address: config.address(keys.address),
  port: config.port(keys.port),
  certificate: config.text('SSL_CERTIFICATE'),
  key: config.text('SSL_KEY'),
  minVersion: config.choice('SSL_MIN_VERSION', ['TLSv1.2', 'TLSv1.3']),
  ciphers: config.optionalText('SSL_CIPHERS') ?? tlsProfile.ciphers,
});
