import { type Setting, type Text, type View, fact, message, port, readText, setting, text, yesNo } from '#kit';
import { adminPassword, engineHere, installed, postInstall } from '../engine/settings.ts';
import { healthSocketOf, isWholeHost, sandbox } from '../environment/settings.ts';
import { type Layout, layoutOf, programs, schemaOf } from './layouts.ts';

export const unit = 'ovirt-provider-ovn';

export const paths = {
  main: '/etc/ovirt-provider-ovn/ovirt-provider-ovn.conf',
  folder: '/etc/ovirt-provider-ovn/conf.d',
  configuration: '/etc/ovirt-provider-ovn/conf.d/10-setup-ovirt-provider-ovn.conf',
  log: '/var/log/ovirt-engine/ovirt-provider-ovn.log',
  healthSocket: healthSocketOf(unit),
} as const;

/** Ports that clients and hosts look for: nobody is told of others. Those of a trial are its own. */
export const ports = { keystone: 35_357, neutron: 9696, northbound: 6641, southbound: 6642 } as const;

/** The units of OVN in a trial, by the names that Debian has for them. */
export const trialUnits = { northbound: 'ovn-ovsdb-server-nb', southbound: 'ovn-ovsdb-server-sb', northd: 'ovn-northd' } as const;

/** How the distribution brings OVN. */
export const layout = fact('ovn-layout', async (host): Promise<Layout> => layoutOf((await host.system()).distribution));

/** Whether the kernel was started without IPv6 (`ipv6.disable=1`). */
export const withoutIpv6 = fact(
  'without-ipv6',
  async (host) => (await readText(host, '/sys/module/ipv6/parameters/disable'))?.trim() === '1',
);

/** Whether the programs are here that a trial runs OVN with. On a host of its own setup brings them. */
const programsHere = fact('ovn-programs', async (host) => {
  const said = async (...argv: [string, ...string[]]): Promise<string> => {
    try {
      const { code, stdout } = await host.query({ argv });
      return code === 0 ? stdout.trim() : '';
    } catch {
      // It is not there, or cannot be run.
      return '';
    }
  };
  if (host.files.real('/') === '/') return false;
  const found = await Promise.all([
    ...(['nb', 'sb'] as const).map((name) => said(programs.tool, 'schema-name', schemaOf(name))),
    ...[programs.server, programs.translator].map((program) => said(program, '--version')),
  ]);
  return found.every((text) => text !== '');
});

/** Whether there can be a provider of networks here at all. */
const canBeHere = (view: View): boolean => engineHere(view) && (isWholeHost(view) || view.fact(programsHere));

export const ovn = setting({
  key: 'OVESETUP_OVN/ovirtProviderOvn',
  section: 'product',
  kind: yesNo,
  about:
    'Installs ovirt-provider-ovn, through which virtual machines get software-defined networks of Open Virtual Network. It stands beside the engine; in a trial only where the programs of OVN are installed.',
  ask: { name: 'ovirt-provider-ovn', text: 'Configure ovirt-provider-ovn' },
  preview: 'Set up ovirt-provider-ovn',
  keep: true,
  optional: true,
  remarks: (view) =>
    engineHere(view) && !canBeHere(view)
      ? [
          {
            level: 'info',
            text: message`${unit} is left out of this trial: the programs of OVN are not here, which the package ${view.fact(layout).package} brings`,
          },
        ]
      : [],
  when: canBeHere,
  initial: true,
});

const administrator = 'admin@internal';

/** What stands in the configuration that an earlier run has written; undefined where there is none. */
export const configured = fact('ovn-configured', async (host) => {
  const found = await readText(host, paths.configuration);
  if (found === undefined) return undefined;
  const valueOf = (key: string): string | undefined => new RegExp(`^${key}=(.+)$`, 'm').exec(found)?.[1];
  return {
    user: valueOf('ovirt-admin-user-name'),
    secret: valueOf('ovirt-sso-client-secret'),
    keystonePort: valueOf('keystone-port'),
    neutronPort: valueOf('neutron-port'),
  };
});

/** What the last run that came to its end has said of the provider; undefined where it has said nothing. */
const chosenBefore = fact('ovn-chosen', async (host) => {
  const [, chosen] = new RegExp(`^${ovn.key}=bool:(\\w+)$`, 'm').exec((await readText(host, postInstall)) ?? '') ?? [];
  return chosen === undefined ? undefined : chosen === 'True';
});

export const facts = [layout, withoutIpv6, programsHere, configured, chosenBefore] as const;

/** Whether an earlier run has installed it and told the engine of it. */
const isPresent = (view: View): boolean => view.fact(chosenBefore) === true && view.fact(configured) !== undefined;

/**
 * Chosen with a version that did not have it, or in a trial that could not have it before, and nobody says how the engine signs in to it:
 * without that it cannot be installed, and what runs is no reason to end here.
 */
export const isAwaited = (view: View): boolean =>
  engineHere(view) &&
  view.find(ovn) === true &&
  (view.fact(chosenBefore) === true || (view.fact(chosenBefore) === undefined && view.fact(sandbox) && view.fact(installed))) &&
  view.fact(configured) === undefined &&
  !view.stated(ovnPassword) &&
  view.find(adminPassword) === undefined;

/** Whether the provider is a part of this installation. */
export const ovnHere = (view: View): boolean => engineHere(view) && view.find(ovn) === true && !isAwaited(view);

/** The engine gets to know the provider in this run. */
export const isNew = (view: View): boolean => ovnHere(view) && !isPresent(view);

export const defaultCredentials = setting({
  key: 'OVESETUP_OVN/defaultCredentials',
  section: 'engine',
  kind: yesNo,
  about: message`Whether the engine signs in to ovirt-provider-ovn as ${administrator}, with the password of the administrator.`,
  ask: { name: 'ovirt-provider-ovn-default-credentials', text: message`Use default credentials (${administrator}) for ovirt-provider-ovn` },
  when: (view) => isNew(view) && !view.stated(ovnUser) && view.find(adminPassword) !== undefined,
  initial: true,
});

export const ovnUser: Setting<string> = setting({
  key: 'OVESETUP_OVN/ovirtProviderOvnUser',
  section: 'engine',
  kind: text,
  about: 'User with which the engine signs in to ovirt-provider-ovn; no other user may use it.',
  ask: {
    name: 'ovirt-provider-ovn-user',
    text: 'oVirt OVN provider user',
    when: (view) => view.find(defaultCredentials) !== true,
  },
  when: isNew,
  initial: administrator,
  validate(value) {
    if (!/^[^@\s]+@[^@\s]+$/.test(value)) return 'A user is written as NAME@PROFILE, such as admin@internal';
    return value.length > 64 ? 'The engine keeps names of users of 64 characters at most' : undefined;
  },
});

/** The user is the administrator, whose password is given in this run. */
const isKnown = (view: View): boolean => view.get(ovnUser) === administrator && view.find(adminPassword) !== undefined;

/** What fits into the encryption that the engine keeps it in. */
const longestPassword = 190;

export const ovnPassword: Setting<string> = setting({
  key: 'OVESETUP_OVN/ovirtProviderOvnPassword',
  section: 'engine',
  kind: text,
  about: 'Password with which the engine signs in to ovirt-provider-ovn; that of the administrator where the user is the administrator.',
  secret: true,
  ask: {
    name: 'ovirt-provider-ovn-password',
    text: 'oVirt OVN provider password',
    when: (view) => view.find(defaultCredentials) !== true && (view.find(defaultCredentials) === false || !isKnown(view)),
  },
  when: isNew,
  // The administrator of an installation that is there has a password that nobody can read.
  initial: (view) =>
    view.find(defaultCredentials) !== false && view.get(ovnUser) === administrator && !view.fact(installed)
      ? view.get(adminPassword)
      : undefined,
  remember: (view) => view.given(ovnPassword),
  validate: (value) =>
    Buffer.byteLength(value) > longestPassword
      ? message`The password is longer than the ${longestPassword} bytes that the engine can keep for ovirt-provider-ovn`
      : undefined,
});

/** The user that may use the provider: who was chosen when it was installed, and is not asked about again. */
export const permittedUser = (view: View): string => view.find(ovnUser) ?? view.fact(configured)?.user ?? administrator;

export const ovnSecret = setting({
  key: 'OVESETUP_OVN/ovirtProviderOvnSecret',
  section: 'engine',
  kind: text,
  about: 'Secret of ovirt-provider-ovn as a client of single sign-on; made up where none is given.',
  secret: true,
  when: ovnHere,
  initial: (view, host) => view.fact(configured)?.secret ?? host.crypto.random(24).toString('base64url'),
  validate: (value) => (/^[\w-]{32,128}$/.test(value) ? undefined : 'must be 32 to 128 letters, digits, hyphens or underscores'),
});

/** Ports of a trial are for it to choose: others may run on the same machine. */
const portSetting = (key: string, initial: number, about: Text): Setting<number> =>
  setting({
    key: `OVESETUP_OVN/${key}`,
    section: 'engine',
    kind: port,
    about,
    keep: true,
    when: (view) => view.fact(sandbox) && ovnHere(view),
    initial,
  });

export const portSettings = {
  keystone: portSetting(
    'ovirtProviderOvnKeystonePort',
    45_357,
    'Port of a trial on which clients sign in to ovirt-provider-ovn; 35357 on a host.',
  ),
  neutron: portSetting('ovirtProviderOvnNeutronPort', 19_696, 'Port of a trial for the network API of ovirt-provider-ovn; 9696 on a host.'),
  northbound: portSetting('northboundPort', 16_641, 'Port of a trial for the northbound database of OVN; 6641 on a host.'),
  southbound: portSetting('southboundPort', 16_642, 'Port of a trial for the southbound database of OVN; 6642 on a host.'),
} as const satisfies Readonly<Record<keyof typeof ports, Setting<number>>>;

/** The ports of this installation. */
export const portsOf = (view: View): Readonly<Record<keyof typeof ports, number>> => {
  if (isWholeHost(view)) return ports;
  const { keystone, neutron, northbound, southbound } = portSettings;
  return { keystone: view.get(keystone), neutron: view.get(neutron), northbound: view.get(northbound), southbound: view.get(southbound) };
};
