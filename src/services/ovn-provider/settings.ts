import { type Config, ConfigError } from '../frame/config.ts';
import { readRemotes, type Remote } from './ovsdb/remote.ts';

export interface ListenSettings {
  /** Null: every address of the machine. */
  readonly address: string | null;
  readonly keystonePort: number;
  readonly neutronPort: number;
  readonly certificate: string;
  readonly key: string;
}

export interface SignOnSettings {
  /** `https://engine.example.org:443` */
  readonly engine: string;
  /** Where the engine lies below it: `/ovirt-engine`. */
  readonly base: string;
  /** Certificates that vouch for the engine's. */
  readonly authority: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The one user who may use the provider. */
  readonly user: string;
  readonly timeoutMs: number;
  /** How long a token is said to live; null: nothing is said. */
  readonly tokenSeconds: number | null;
}

export interface Settings {
  /** Under which clients reach the provider. */
  readonly host: string;
  readonly listen: ListenSettings;
  readonly signOn: SignOnSettings;
  readonly ovn: {
    readonly remotes: readonly Remote[];
    readonly authority: string;
    readonly answerMs: number;
  };
  readonly networks: {
    readonly portSecurity: boolean;
    readonly mtu: number;
    readonly leaseSeconds: number;
  };
  readonly healthSocket: string | null;
}

/** Takes what the provider needs from its configuration. Throws ConfigError naming the key and its line. */
export function readSettings(config: Config): Settings {
  if (!config.yesNo('SSL/https-enabled')) {
    throw new ConfigError(['SSL/https-enabled must be true: passwords and tokens are not sent over networks in the clear']);
  }
  config.text('AUTH/auth-plugin', (value) =>
    value.endsWith(':AuthorizationByUserName') ? null : 'must end in :AuthorizationByUserName: who may use the provider is one user',
  );
  const tokenSeconds = config.integer('OVIRT/auth-token-timeout', 0, 1e9);
  return {
    host: config.text('PROVIDER/provider-host'),
    listen: {
      address: config.address('PROVIDER/listen-address'),
      keystonePort: config.port('PROVIDER/keystone-port'),
      neutronPort: config.port('PROVIDER/neutron-port'),
      certificate: config.text('SSL/ssl-cert-file'),
      key: config.text('SSL/ssl-key-file'),
    },
    signOn: {
      engine: config.text('OVIRT/ovirt-host', (value) =>
        /^https:\/\/[^/\s]+$/.test(value) ? null : 'must be https:// with a host, and a port where it is not 443',
      ),
      base: config.text('OVIRT/ovirt-base').replace(/\/+$/, ''),
      authority: config.text('OVIRT/ovirt-ca-file'),
      clientId: config.text('OVIRT/ovirt-sso-client-id'),
      clientSecret: config.text('OVIRT/ovirt-sso-client-secret'),
      user: config.text('OVIRT/ovirt-admin-user-name'),
      timeoutMs: config.integer('OVIRT/ovirt-auth-timeout', 1, 600) * 1000,
      tokenSeconds: tokenSeconds === 0 ? null : tokenSeconds,
    },
    ovn: {
      remotes: remotesOf(config),
      authority: config.text('SSL/ssl-cacert-file'),
      answerMs: config.integer('OVN REMOTE/ovn-timeout', 1, 600) * 1000,
    },
    networks: {
      portSecurity: config.yesNo('NETWORK/port-security-enabled-default'),
      mtu: config.integer('DHCP/dhcp-mtu', 68, 65_535),
      leaseSeconds: config.integer('DHCP/dhcp-lease-time', 60, 2 ** 31 - 1),
    },
    healthSocket: config.optionalText('PROVIDER/health-socket'),
  };
}

function remotesOf(config: Config): readonly Remote[] {
  const text = config.text('OVN REMOTE/ovn-remote', (value) =>
    readRemotes(value) === null ? 'must be ssl:HOST:PORT or unix:PATH, or several of them with commas between' : null,
  );
  return readRemotes(text) ?? [];
}
