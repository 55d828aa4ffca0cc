import { join } from 'node:path';

/** Where the agent of a host has QEMU put the sockets of consoles. */
export const consoleFolder = '/var/run/ovirt-vmconsole-console';

/**
 * The socket that the VM console proxy asks for, by the words that came with its session: `connect --console=ID.sock`. Undefined for
 * anything else: whoever passes for the proxy gets to consoles, and to nothing besides.
 */
export function consoleSocket(words: string): string | undefined {
  const [, name] = /^connect --console=([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.sock)$/.exec(words) ?? [];
  return name === undefined ? undefined : join(consoleFolder, name);
}
