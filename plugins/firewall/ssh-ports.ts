import type { HostReader } from '#kit';
import { proxyPort, unit as consoles } from '../vmconsole/settings.ts';

interface Socket {
  readonly listens: boolean;
  readonly address: string;
  readonly port: number;
  readonly ofSsh: boolean;
}

/** A line of `ss -Hatnp`: state, two queues, own address, address of the other end, processes. */
function socketIn(line: string): readonly Socket[] {
  const [state, , , local = '', , processes = ''] = line.trim().split(/\s+/);
  const [, address, port] = /^(.*):(\d+)$/.exec(local) ?? [];
  if (address === undefined) return [];
  return [{ listens: state === 'LISTEN', address, port: Number(port), ofSsh: /\("sshd/.test(processes) }];
}

const isLoopback = (address: string): boolean => /^(127\.|\[::1\]|\[::ffff:127\.)/.test(address);

/**
 * Ports through which people reach this host with ssh: those that sshd listens on, or that somebody else (systemd, say) listens on for it
 * and a session came in through. Its own connections to others have ports that nobody listens on. Through our proxy for consoles, which is
 * sshd as well, nobody reaches this host; its port is that of a component.
 */
export async function sshPorts(host: HostReader): Promise<readonly number[]> {
  const { code, stdout } = await host.query({ argv: ['ss', '-Hatnp'] });
  if (code !== 0) return [22];
  const sockets = stdout
    .split('\n')
    .flatMap(socketIn)
    .filter(({ address }) => !isLoopback(address));
  const isOfConsoles = await host.services.isActive(consoles);
  const listening = new Set(sockets.filter(({ listens }) => listens).map(({ port }) => port));
  const ports = sockets.filter(({ ofSsh, port }) => ofSsh && listening.has(port)).map(({ port }) => port);
  return [...new Set(ports)].filter((port) => !(isOfConsoles && port === proxyPort));
}
