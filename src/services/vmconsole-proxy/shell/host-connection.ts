import type { SerialConsole } from '../engine-door.ts';
import type { HostSettings } from '../settings.ts';

/**
 * How ssh is called to come to a console: with our key alone, to a host that proves by its certificate to be that host, and to nothing but
 * the program for consoles there. No file of a user, no agent and no key of ours counts besides. Throws
 * where the engine has named what cannot be an address or a machine.
 */
export function sshArguments({ vmId, host }: SerialConsole, { port, user, key, certificate, knownHosts }: HostSettings): readonly string[] {
  if (!/^[A-Za-z0-9:][A-Za-z0-9.:_-]{0,254}$/.test(host) || !/^[0-9a-f-]{36}$/.test(vmId))
    throw new Error('the engine has named an address of the host that cannot be one');
  const options: Readonly<Record<string, string | number>> = {
    IdentityFile: key,
    CertificateFile: certificate,
    IdentitiesOnly: 'yes',
    IdentityAgent: 'none',
    PreferredAuthentications: 'publickey',
    BatchMode: 'yes',
    StrictHostKeyChecking: 'yes',
    UserKnownHostsFile: knownHosts,
    GlobalKnownHostsFile: 'none',
    UpdateHostKeys: 'no',
    ConnectTimeout: 15,
    ServerAliveInterval: 15,
    ServerAliveCountMax: 3,
    ClearAllForwardings: 'yes',
    LogLevel: 'ERROR',
    // The sequence that leaves a console is that of the user's own ssh.
    EscapeChar: 'none',
  };
  return [
    ...['-F', 'none', '-tt', '-p', String(port), '-l', user],
    ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
    ...['--', host, `connect --console=${vmId}.sock`],
  ];
}
