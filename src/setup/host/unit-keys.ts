/**
 * Keys that harden or limit a service, or say how systemd is told of its state. A plain process below a sandbox cannot have
 * them, so there they are read and do nothing.
 */
export const withoutMeaning: ReadonlySet<string> = new Set(
  [
    'AmbientCapabilities CapabilityBoundingSet DeviceAllow DevicePolicy InaccessiblePaths KeyringMode LockPersonality',
    'MemoryDenyWriteExecute NoNewPrivileges PrivateDevices PrivateIPC PrivateMounts PrivateNetwork PrivateTmp PrivateUsers ProcSubset',
    'ProtectClock ProtectControlGroups ProtectHome ProtectHostname ProtectKernelLogs ProtectKernelModules ProtectKernelTunables',
    'ProtectProc ProtectSystem ReadOnlyPaths ReadWritePaths RemoveIPC RestrictAddressFamilies RestrictNamespaces RestrictRealtime',
    'RestrictSUIDSGID SecureBits SystemCallArchitectures SystemCallErrorNumber SystemCallFilter',
    'CPUQuota CPUWeight IOWeight LimitCORE LimitMEMLOCK LimitNOFILE LimitNPROC MemoryHigh MemoryMax OOMPolicy OOMScoreAdjust TasksMax',
    'NotifyAccess TimeoutStartSec WatchdogSec',
  ].flatMap((line) => line.split(' ')),
);
