import type { Config } from './config.ts';
import type { DatabaseSettings } from './database.ts';
import { serversFlaw } from './servers.ts';

/**
 * Takes what leads to a database from a configuration. Throws ConfigError.
 * @param prefix beginning of its keys: 'ENGINE_DB'
 */
export const readDatabase = (config: Config, prefix: string): DatabaseSettings => ({
  host: config.text(`${prefix}_HOST`, serversFlaw),
  port: config.port(`${prefix}_PORT`),
  user: config.text(`${prefix}_USER`),
  password: config.text(`${prefix}_PASSWORD`),
  database: config.text(`${prefix}_DATABASE`),
  secured: config.yesNo(`${prefix}_SECURED`),
  securedValidation: config.yesNo(`${prefix}_SECURED_VALIDATION`),
  authority: config.optionalText(`${prefix}_SECURED_AUTHORITY`),
});
