import { type HostReader, type Problem, fact, port, readText, setting, text } from '#kit';
import { sandbox } from '../environment/settings.ts';
import { flawOf, fullNameIn } from './domain-name.ts';

/** The host's own idea of its full name, from its host name and hosts file, without asking a resolver. */
export const ownName = fact('own-name', async (host) => {
  const name = await host.network.hostname();
  return name.includes('.') ? name : (fullNameIn((await readText(host, '/etc/hosts')) ?? '', name) ?? name);
});

export const fqdn = setting({
  key: 'OVESETUP_CONFIG/fqdn',
  section: 'network',
  kind: text,
  about: 'Name under which users and hosts reach the engine; it stands in its certificates.',
  ask: { name: 'OVESETUP_NETWORK_FQDN_this', text: 'Host fully qualified DNS name of this server' },
  preview: 'Host FQDN',
  keep: true,
  initial: (view) => (view.fact(sandbox) ? 'localhost' : view.fact(ownName)),
  async validate(name, view, host) {
    const flaw = flawOf(name);
    if (flaw !== undefined) return `Host name is not valid: ${flaw}`;
    const addresses = await host.network.resolve(name);
    if (addresses.length === 0) return `Host name is not valid: ${name} did not resolve into an IP address`;
    const elsewhere = view.fact(sandbox) ? addresses.find((address) => !isLoopback(address)) : undefined;
    if (elsewhere !== undefined)
      return `Below a root the engine listens on loopback only, but ${name} is ${elsewhere}; localhost is a good name there`;
    if (!name.includes('.') && !(view.fact(sandbox) && name === 'localhost')) return { warning: `Host name ${name} has no domain suffix` };
    return undefined;
  },
});

export const httpsPort = setting({
  key: 'OVESETUP_CONFIG/publicHttpsPort',
  section: 'network',
  kind: port,
  about: 'Port on which the engine is reached with HTTPS.',
  keep: true,
  initial: (view) => (view.fact(sandbox) ? 8443 : 443),
});

/** The HTTPS port that the engine is configured for now. */
export const presentHttpsPort = fact('present-https-port', async (host) => {
  const configuration = (await readText(host, '/etc/ovirt-engine/engine.conf.d/10-setup-protocols.conf')) ?? '';
  return /^ENGINE_HTTPS_PORT="(\d+)"$/m.exec(configuration)?.[1];
});

/**
 * The finding that a wanted port is held by somebody else; undefined if it is free, or held by our own unit that runs on it already.
 * @param own the unit that shall have it, and the port that unit is configured for now
 */
export async function takenPort(
  host: HostReader,
  wanted: { readonly id: string; readonly port: number; readonly purpose: string; readonly key: string },
  own: { readonly unit: string; readonly port: string | undefined },
): Promise<Problem | undefined> {
  if (own.port === String(wanted.port) && (await host.services.isActive(own.unit))) return undefined;
  const listener = await host.network.listener(wanted.port);
  if (listener === undefined) return undefined;
  const process = listener.pid === undefined ? '' : ` (process ${listener.pid})`;
  return {
    id: wanted.id,
    level: 'error',
    message: `Port ${wanted.port}, wanted for ${wanted.purpose}, is taken by ${listener.program ?? 'a program of another user'}${process}`,
    remedy: `End that program, or choose another port with --set ${wanted.key}=PORT.`,
  };
}

const isLoopback = (address: string): boolean => address === '::1' || /^127(\.\d{1,3}){3}$/.test(address);
