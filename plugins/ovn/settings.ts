import { type Setting, type View, fact, message, readText, setting, text, yesNo } from '#kit';
import { adminPassword, engineHere, installed, postInstall } from '../engine/settings.ts';
import { healthSocketOf, isWholeHost } from '../environment/settings.ts';
import { type Layout, layoutOf } from './layouts.ts';

export const unit = 'ovirt-provider-ovn';

export const paths = {
  main: '/etc/ovirt-provider-ovn/ovirt-provider-ovn.conf',
  folder: '/etc/ovirt-provider-ovn/conf.d',
  configuration: '/etc/ovirt-provider-ovn/conf.d/10-setup-ovirt-provider-ovn.conf',
  log: '/var/log/ovirt-engine/ovirt-provider-ovn.log',
  healthSocket: healthSocketOf(unit),
} as const;

/** Ports that clients and hosts look for: nobody is told of others. */
export const ports = { keystone: 35_357, neutron: 9696, northbound: 6641, southbound: 6642 } as const;

/** How the distribution brings OVN. */
export const layout = fact('ovn-layout', async (host): Promise<Layout> => layoutOf((await host.system()).distribution));

/** Whether the kernel was started without IPv6 (`ipv6.disable=1`). */
export const withoutIpv6 = fact(
  'without-ipv6',
  async (host) => (await readText(host, '/sys/module/ipv6/parameters/disable'))?.trim() === '1',
);

export const ovn = setting({
  key: 'OVESETUP_OVN/ovirtProviderOvn',
  section: 'product',
  kind: yesNo,
  about:
    'Installs ovirt-provider-ovn, through which virtual machines get software-defined networks of Open Virtual Network. It stands beside the engine, on a host of its own: in a trial there is none.',
  ask: { name: 'ovirt-provider-ovn', text: 'Configure ovirt-provider-ovn' },
  preview: 'Set up ovirt-provider-ovn',
  keep: true,
  optional: true,
  when: engineHere,
  initial: true,
});

const administrator = 'admin@internal';

/** What stands in the configuration that an earlier run has written; undefined where there is none. */
export const configured = fact('ovn-configured', async (host) => {
  const found = await readText(host, paths.configuration);
  if (found === undefined) return undefined;
  const valueOf = (key: string): string | undefined => new RegExp(`^${key}=(.+)$`, 'm').exec(found)?.[1];
  return { user: valueOf('ovirt-admin-user-name'), secret: valueOf('ovirt-sso-client-secret') };
});

/** Whether an earlier run has come to its end with the provider chosen. */
const chosenBefore = fact('ovn-chosen', async (host) => ((await readText(host, postInstall)) ?? '').includes(`${ovn.key}=bool:True`));

export const facts = [layout, withoutIpv6, configured, chosenBefore] as const;

/** Whether an earlier run has installed it and told the engine of it. */
const isPresent = (view: View): boolean => view.fact(chosenBefore) && view.fact(configured) !== undefined;

/**
 * Chosen with a version that did not have it, and nobody says how the engine signs in to it: without that it cannot be installed, and what
 * runs is no reason to end here.
 */
export const isAwaited = (view: View): boolean =>
  engineHere(view) &&
  view.find(ovn) === true &&
  view.fact(chosenBefore) &&
  view.fact(configured) === undefined &&
  !view.stated(ovnPassword) &&
  view.find(adminPassword) === undefined;

/** Whether the provider is a part of this installation. */
export const ovnHere = (view: View): boolean => isWholeHost(view) && engineHere(view) && view.find(ovn) === true && !isAwaited(view);

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
