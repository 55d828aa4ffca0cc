import { type Setting, type View, fact, message, readText, setting, text, yesNo } from '#kit';
import { adminPassword, engineHere, installed, postInstall } from '../engine/settings.ts';

export const ovn = setting({
  key: 'OVESETUP_OVN/ovirtProviderOvn',
  section: 'product',
  kind: yesNo,
  about: 'Installs ovirt-provider-ovn, through which virtual machines get software-defined networks of Open Virtual Network.',
  ask: { name: 'ovirt-provider-ovn', text: 'Configure ovirt-provider-ovn' },
  preview: 'Set up ovirt-provider-ovn',
  keep: true,
  optional: true,
  initial: true,
});

const administrator = 'admin@internal';

/** Whether an earlier run has told the engine of the provider. */
export const present = fact('ovn-present', async (host) => ((await readText(host, postInstall)) ?? '').includes(`${ovn.key}=bool:True`));

/** The engine gets to know the provider in this run. */
const isNew = (view: View): boolean => engineHere(view) && view.find(ovn) === true && !view.fact(present);

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
  about: 'User with which the engine signs in to ovirt-provider-ovn.',
  ask: {
    name: 'ovirt-provider-ovn-user',
    text: 'oVirt OVN provider user',
    when: (view) => view.find(defaultCredentials) !== true,
  },
  when: isNew,
  initial: administrator,
  validate: (value) => (/^[^@\s]+@[^@\s]+$/.test(value) ? undefined : 'A user is written as NAME@PROFILE, such as admin@internal'),
});

/** The user is the administrator, whose password is given in this run. */
const isKnown = (view: View): boolean => view.get(ovnUser) === administrator && view.find(adminPassword) !== undefined;

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
});
