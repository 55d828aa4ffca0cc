import type { View } from '#kit';
import type { ExtendedUsage } from '../../src/setup/pki/issue.ts';
import { apacheHere, webServer } from '../apache/settings.ts';
import { isReachable, serverUnit } from '../database/settings.ts';
import { unit as engine } from '../engine/settings.ts';
import { accounts, sandbox } from '../environment/settings.ts';
import { imageioHere, unit as imageioUnit } from '../imageio/settings.ts';
import { stableAddresses } from '../network/settings.ts';
import { vmconsoleHere } from '../vmconsole/settings.ts';
import { ovnHere, unit as ovnUnit } from '../ovn/settings.ts';
import { unit as websocketUnit, websocketHere } from '../websocket/settings.ts';

/** Lifetimes in days. Browsers accept at most 398. */
export const lifetimes = { authority: 3650, service: 1827, browser: 397 } as const;
/** The least that the key of the authority has, whose certificate lives long. */
export const authorityBits = 3072;

export interface Certificate {
  /** File name without ending. */
  readonly name: string;
  readonly about: string;
  readonly days: number;
  readonly usages: readonly ExtendedUsage[];
  readonly names: (view: View, fqdn: string) => readonly string[];
  /** Whether there is a service that needs it; always, where nothing is said. */
  readonly when?: (view: View) => boolean;
  /** Whether browsers see it, so that an imported one may stand in its place. */
  readonly browsers?: true;
  /** The account that alone may read its key; root's, where nothing is said. */
  readonly account?: string;
  /** The unit that reads it when it starts; the engine, where nothing is said. Null: it is read whenever it is used. */
  readonly unit?: ((view: View) => string) | null;
}

/** The names under which browsers reach services of this host. */
export const browserNames = (view: View, fqdn: string): readonly string[] => [
  ...new Set(view.fact(sandbox) ? [fqdn, 'localhost', '127.0.0.1', '::1'] : [fqdn, ...view.fact(stableAddresses)]),
];

/** Every certificate that the authority issues for services of a host. */
export const certificates: readonly Certificate[] = [
  {
    name: 'engine',
    about: 'the identity of the engine towards hosts',
    days: lifetimes.service,
    usages: ['serverAuth', 'clientAuth'],
    names: (_view, fqdn) => [fqdn],
    account: accounts.engine,
  },
  {
    name: 'apache',
    about: 'what browsers and API clients see',
    days: lifetimes.browser,
    usages: ['serverAuth'],
    names: browserNames,
    browsers: true,
    unit: (view) => (apacheHere(view) ? view.fact(webServer).unit : engine),
  },
  {
    name: 'imageio-proxy',
    about: 'what browsers and backup programs see that transfer images',
    days: lifetimes.browser,
    usages: ['serverAuth'],
    names: browserNames,
    browsers: true,
    when: imageioHere,
    unit: () => imageioUnit,
    account: accounts.imageio,
  },
  {
    name: 'imageio-client',
    about: 'the identity of the Image I/O proxy towards hosts',
    days: lifetimes.service,
    usages: ['clientAuth'],
    names: (_view, fqdn) => [fqdn],
    when: imageioHere,
    unit: () => imageioUnit,
    account: accounts.imageio,
  },
  {
    name: 'websocket-proxy',
    about: 'what browsers see that show consoles',
    days: lifetimes.browser,
    usages: ['serverAuth'],
    names: browserNames,
    browsers: true,
    when: websocketHere,
    unit: () => websocketUnit,
    account: accounts.websocketProxy,
  },
  {
    name: 'vmconsole-proxy-helper',
    about: 'with which the VM console proxy asks the engine',
    days: lifetimes.service,
    // By this usage the engine knows it: every service has a certificate of the authority.
    usages: ['1.3.6.1.4.1.2312.13.1.2.1.1'],
    names: () => [],
    when: vmconsoleHere,
    unit: null,
    account: accounts.vmconsole,
  },
  {
    name: 'postgres',
    about: "what other hosts see that reach the engine's database",
    days: lifetimes.service,
    usages: ['serverAuth'],
    names: browserNames,
    when: isReachable,
    unit: serverUnit,
    account: 'postgres',
  },
  {
    name: 'ovirt-provider-ovn',
    about: 'the identity of the provider of networks, towards its clients and the databases of OVN',
    days: lifetimes.service,
    usages: ['serverAuth', 'clientAuth'],
    names: (_view, fqdn) => [fqdn],
    when: ovnHere,
    unit: () => ovnUnit,
    account: accounts.ovnProvider,
  },
  ...(['ovn-ndb', 'ovn-sdb'] as const).map((name) => ({
    name,
    about: `the identity of the ${name === 'ovn-ndb' ? 'northbound' : 'southbound'} database of OVN`,
    days: lifetimes.service,
    usages: ['serverAuth', 'clientAuth'] as const,
    names: (_view: View, fqdn: string) => [fqdn],
    when: ovnHere,
    unit: null,
  })),
];

/** Those that this installation needs. */
export const certificatesFor = (view: View): readonly Certificate[] => certificates.filter(({ when }) => when?.(view) ?? true);
