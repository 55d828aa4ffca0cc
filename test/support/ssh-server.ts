import type { SshServer } from '../../src/setup/host/memory/index.ts';

/** A host key that somebody may confirm. */
export const hostKey = {
  type: 'ssh-ed25519',
  base64: 'AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f',
  fingerprint: 'SHA256:ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA',
};

/** SSH servers of machines in memory, by name and port, all with this key. */
export const sshServers = (password: string | undefined, ...places: readonly string[]): ReadonlyMap<string, SshServer> =>
  new Map(places.map((place) => [place, { keys: [hostKey], ...(password === undefined ? {} : { password }) }]));

/** A line of known_hosts. */
export const knownAs = (name: string): string => `${name} ${hostKey.type} ${hostKey.base64}\n`;
