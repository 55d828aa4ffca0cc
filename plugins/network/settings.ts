import { fact, port, readText, setting, text } from '#kit';
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
    if ((await host.network.resolve(name)).length === 0) return `Host name is not valid: ${name} did not resolve into an IP address`;
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
