import type { Output } from '#kit';
import type { SshServer } from '../../src/setup/host/memory/index.ts';
import { authorityOfEngine } from './engine-authority.ts';

/** A host key that somebody may confirm. */
export const hostKey = {
  type: 'ssh-ed25519',
  base64: 'AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f',
  fingerprint: 'SHA256:ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA',
};

/** What the host of an engine answers to root, who reads its authority. */
export const runOnEngine = (command: string): Output =>
  command === "cat -- '/etc/pki/ovirt-engine/ca.pem'"
    ? { code: 0, stdout: authorityOfEngine, stderr: '' }
    : { code: 127, stdout: '', stderr: `${command}: command not found` };

/** SSH servers of machines in memory, by name and port, all with this key: hosts of an engine. */
export const sshServers = (password: string | undefined, ...places: readonly string[]): ReadonlyMap<string, SshServer> =>
  new Map(places.map((place) => [place, { keys: [hostKey], run: runOnEngine, ...(password === undefined ? {} : { password }) }]));

/** A line of known_hosts. */
export const knownAs = (name: string): string => `${name} ${hostKey.type} ${hostKey.base64}\n`;
