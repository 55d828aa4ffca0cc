import { type Config, pathFlaw } from '../frame/config.ts';
import { isFileSystem, type FileSystemName } from './file-systems.ts';

export interface Settings {
  readonly socket: string;
  /** The account that may ask, and that owns what is mounted. */
  readonly agent: { readonly uid: number; readonly gid: number };
  readonly mountFolder: string;
  readonly fileSystems: readonly FileSystemName[];
  readonly sharedFolders: readonly string[];
  readonly mountSeconds: number;
  /** Where libvirt keeps the logs of virtual machines. */
  readonly machineLogs: string;
  readonly systemdMount: string;
  /** Networks that hold after every start of the host, and what was changed since the last one. */
  readonly networkFolder: string;
  readonly networkChangeFolder: string;
  /** Where systemd-networkd keeps leases of DHCP, by the numbers of devices. */
  readonly leaseFolder: string;
  /** What ifupdown reads. */
  readonly interfaces: string;
  /** Where ifupdown keeps what is up, and where leases are that it has clients of DHCP ask for. */
  readonly ifupdownState: string;
  readonly dhclientLeases: string;
  readonly networkctl: string;
  readonly systemctl: string;
  readonly systemdRun: string;
  readonly ip: string;
  readonly ifup: string;
  readonly ifdown: string;
  readonly dhclient: string;
  readonly startStopDaemon: string;
  readonly healthSocket: string | null;
}

/** Takes what the helper needs from its configuration. Throws ConfigError naming the key and its line. */
export function readSettings(config: Config): Settings {
  return {
    socket: config.path('SOCKET'),
    agent: { uid: config.integer('AGENT_UID', 1, 4_294_967_294), gid: config.integer('AGENT_GID', 1, 4_294_967_294) },
    mountFolder: config.path('MOUNT_FOLDER'),
    fileSystems: config
      .words('FILE_SYSTEMS', (word) => (isFileSystem(word) ? null : `names ${word}, which is not known`))
      .filter(isFileSystem),
    sharedFolders: config.words('SHARED_FOLDERS', pathFlaw),
    mountSeconds: config.integer('MOUNT_TIMEOUT', 1, 3_600),
    machineLogs: config.path('MACHINE_LOGS'),
    systemdMount: config.path('SYSTEMD_MOUNT'),
    networkFolder: config.path('NETWORK_FOLDER'),
    networkChangeFolder: config.path('NETWORK_CHANGE_FOLDER'),
    leaseFolder: config.path('LEASE_FOLDER'),
    interfaces: config.path('INTERFACES'),
    ifupdownState: config.path('IFUPDOWN_STATE'),
    dhclientLeases: config.path('DHCLIENT_LEASES'),
    networkctl: config.path('NETWORKCTL'),
    systemctl: config.path('SYSTEMCTL'),
    systemdRun: config.path('SYSTEMD_RUN'),
    ip: config.path('IP'),
    ifup: config.path('IFUP'),
    ifdown: config.path('IFDOWN'),
    dhclient: config.path('DHCLIENT'),
    startStopDaemon: config.path('START_STOP_DAEMON'),
    healthSocket: config.optionalText('HEALTH_SOCKET'),
  };
}
