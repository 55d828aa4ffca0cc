import { type HostReader, type Problem, type Text, fact, message, port, readText, setting, term, text, yesNo } from '#kit';
import { isWholeHost, sandbox } from '../environment/settings.ts';
import { flawOf, fullNameIn } from './domain-name.ts';

/** The host's own idea of its full name, from its host name and hosts file, without asking a resolver. */
export const ownName = fact('own-name', async (host) => {
  const name = await host.network.hostname();
  return name.includes('.') ? name : (fullNameIn((await readText(host, '/etc/hosts')) ?? '', name) ?? name);
});

/** Addresses of this host that its browser-facing certificates name, so that it can be reached by them too. */
export const stableAddresses = fact('stable-addresses', (host) => host.network.stableAddresses());

export const reverseValidation = setting({
  key: 'OVESETUP_CONFIG/fqdnReverseValidation',
  section: 'network',
  kind: yesNo,
  about: 'Whether DNS has to know the name of the engine for its address too.',
  when: isWholeHost,
  initial: false,
});

export const nonLoopback = setting({
  key: 'OVESETUP_CONFIG/fqdnNonLoopback',
  section: 'network',
  kind: yesNo,
  about: 'Whether all addresses of the name of the engine have to be on network interfaces of this host other than loopback.',
  when: isWholeHost,
  initial: false,
});

const refusal = (flaw: Text): Text => message`Host name is not valid: ${term(flaw)}`;

/** A name that nothing knows is refused, with where it was looked for. */
async function unresolved(name: string, host: HostReader): Promise<Text | undefined> {
  if ((await host.network.resolve(name)).length > 0) return undefined;
  return refusal(message`${name} did not resolve into an IP address; it was looked up in ${await host.network.lookedUpIn()}`);
}

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
    if (flaw !== undefined) return refusal(flaw);
    const unknown = await unresolved(name, host);
    if (unknown !== undefined) return unknown;
    if (view.fact(sandbox)) {
      const elsewhere = (await host.network.resolve(name)).find((address) => !isLoopback(address));
      if (elsewhere !== undefined)
        return message`Below a root the engine listens on loopback only, but ${name} is ${elsewhere}; localhost is a good name there`;
      return name.includes('.') || name === 'localhost' ? undefined : { warnings: [message`Host name ${name} has no domain suffix`] };
    }
    const warnings: Text[] = name.includes('.') ? [] : [message`Host name ${name} has no domain suffix`];
    const known = await host.network.dns(name);
    if (known.length === 0) warnings.push(message`Failed to resolve ${name} using DNS, it can be resolved only locally`);
    else if (view.get(reverseValidation)) {
      const names = (await Promise.all(known.map((address) => host.network.reverse(address)))).flat();
      if (!names.some((found) => found.toLowerCase() === name.toLowerCase()))
        return refusal(message`${known.join(', ')} did not reverse resolve into ${name}, but into ${names.join(', ') || 'nothing'}`);
    }
    if (view.get(nonLoopback)) {
      const local = new Set((await host.network.addresses()).filter((address) => !isLoopback(address)));
      const foreign = (await host.network.resolve(name)).filter((address) => !local.has(address));
      if (foreign.length > 0)
        return refusal(message`${foreign.join(', ')} is not an address of a network interface of this host other than loopback`);
    }
    return warnings.length === 0 ? undefined : { warnings };
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

/** Checks the name of another host: its form, and that it resolves. */
export async function hostNameFlaw(name: string, host: HostReader): Promise<Text | undefined> {
  const flaw = flawOf(name);
  return flaw === undefined ? unresolved(name, host) : refusal(flaw);
}

/**
 * The finding that a wanted port is held by somebody else; undefined if it is free, or held by our own unit that runs on it already.
 * @param wanted with the key of the setting that says the port, where there is one
 * @param own the unit that shall have it, and the port that unit is configured for now; or the program that may have it already
 */
export async function takenPort(
  host: HostReader,
  wanted: { readonly id: string; readonly port: number; readonly purpose: string; readonly key?: string; readonly protocol?: 'udp' },
  own: { readonly unit: string; readonly port: string | undefined } | { readonly program: string },
): Promise<Problem | undefined> {
  if ('unit' in own && own.port === String(wanted.port) && (await host.services.isActive(own.unit))) return undefined;
  const listener = await host.network.listener(wanted.port, wanted.protocol);
  if (listener === undefined || ('program' in own && own.program === listener.program)) return undefined;
  const program = listener.program === undefined ? message`a program of another user` : message`${listener.program}`;
  const holder = listener.pid === undefined ? program : message`${program} (process ${listener.pid})`;
  return {
    id: wanted.id,
    level: 'error',
    message: message`Port ${wanted.port}, wanted for ${wanted.purpose}, is taken by ${holder}`,
    remedy:
      wanted.key === undefined
        ? 'End that program, or give it another port.'
        : message`End that program, or choose another port with --set ${wanted.key}=PORT.`,
  };
}

export const isLoopback = (address: string): boolean => address === '::1' || /^127(\.\d{1,3}){3}$/.test(address);
