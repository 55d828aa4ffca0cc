import { fileURLToPath } from 'node:url';
import { type Config, loadConfig } from '../frame/config.ts';

export interface EngineSettings {
  /** The address of the engine, with a slash at its end. */
  readonly baseUrl: string;
  /** Certificates that vouch for the engine's. */
  readonly ca: string;
  readonly verifyHost: boolean;
  /** What questions are signed with. */
  readonly certificate: string;
  readonly key: string;
}

export interface HostSettings {
  readonly port: number;
  readonly user: string;
  /** The key for hosts, and the certificate that they let in. */
  readonly key: string;
  readonly certificate: string;
  /** The file that says whose certificates of hosts are right. */
  readonly knownHosts: string;
}

export interface Settings {
  readonly engine: EngineSettings;
  readonly host: HostSettings;
  /** How often the engine is asked whether somebody may stay connected, and for how long nobody is cut off when it is silent. */
  readonly checkMs: number;
  readonly graceMs: number;
}

/** The main file of the configuration, where none is named. */
export const usualConfiguration = '/etc/ovirt-engine/ovirt-vmconsole-proxy-helper.conf';

const defaultsFile = fileURLToPath(new URL('defaults.conf', import.meta.url));

/** Reads the configuration. Throws ConfigError naming the key and its line. */
export const loadSettings = async (mainFile: string): Promise<Settings> => readSettings(await loadConfig(mainFile, defaultsFile));

/** Takes what the proxy needs from its configuration. Throws ConfigError naming the key and its line. */
export const readSettings = (config: Config): Settings => ({
  engine: {
    baseUrl: config.text('ENGINE_BASE_URL', (value) =>
      /^https:\/\/[^/?#\s@]+\/[^?#\s]*$/.test(value) && value.endsWith('/') ? null : 'must be https://HOST:PORT/ovirt-engine/',
    ),
    ca: config.text('ENGINE_CA'),
    verifyHost: config.yesNo('ENGINE_VERIFY_HOST'),
    certificate: config.text('TOKEN_CERTIFICATE'),
    key: config.text('TOKEN_KEY'),
  },
  host: {
    port: config.port('HOST_PORT'),
    user: config.text('HOST_USER', (value) => (/^[a-z_][a-z0-9_-]*$/.test(value) ? null : 'must be the name of an account')),
    key: config.text('USER_KEY'),
    certificate: config.text('USER_CERTIFICATE'),
    knownHosts: config.text('KNOWN_HOSTS'),
  },
  checkMs: config.integer('CHECK_SECONDS', 1, 3_600) * 1_000,
  graceMs: config.integer('GRACE_SECONDS', 0, 86_400) * 1_000,
});
