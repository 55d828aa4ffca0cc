import type { Config } from '../../frame/config.ts';

/** Where storage is seen on this host, and what helps with it. */
export interface StorageSettings {
  /** Below it the helper mounts what is reached over the network. */
  readonly mountFolder: string;
  /** Links to folders of this host that are domains (LOCALFS). The agent owns it. */
  readonly localFolder: string;
  /** Links to the domains of pools: `<pool>/<domain>`, and `<pool>/mastersd`. */
  readonly poolFolder: string;
  readonly helperSocket: string;
  /** Where tickets for images are put. */
  readonly ticketSocket: string;
  readonly qemuImg: string;
  readonly qemuNbd: string;
  /** Where servers for the content of volumes have their sockets. */
  readonly nbdFolder: string;
  readonly sanlock: string;
  /** Where its daemon listens. */
  readonly sanlockSocket: string;
  /** Seconds that one read or write of a lease may take; a holder that died is known to be dead after 8 times that, and a minute. */
  readonly leaseIoSeconds: number;
}

/** Takes what storage needs from the configuration of the agent. Throws ConfigError naming the key and its line. */
export const readStorageSettings = (config: Config): StorageSettings => ({
  mountFolder: config.path('MOUNT_FOLDER'),
  localFolder: config.path('LOCAL_FOLDER'),
  poolFolder: config.path('POOL_FOLDER'),
  helperSocket: config.path('HELPER_SOCKET'),
  ticketSocket: config.path('TICKET_SOCKET'),
  qemuImg: config.path('QEMU_IMG'),
  qemuNbd: config.path('QEMU_NBD'),
  nbdFolder: config.path('NBD_FOLDER'),
  sanlock: config.path('SANLOCK'),
  sanlockSocket: config.path('SANLOCK_SOCKET'),
  leaseIoSeconds: config.integer('LEASE_IO_SECONDS', 1, 60),
});
