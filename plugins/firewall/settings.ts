import { type Text, type View, choice, list, message, setting, yesNo } from '#kit';
import { driven, managers, otherManagers } from './managers.ts';

export const validManagers = setting({
  key: 'OVESETUP_CONFIG/validFirewallManagers',
  section: 'network',
  kind: list,
  about: 'Firewall managers that setup may offer, where the host has them.',
  remember: false,
  initial: driven,
});

/** Those that can be chosen here: if any manager guards the host, only those that do. A second one beside it would lock people out. */
function selectable(view: View): readonly string[] {
  const here = view.fact(managers);
  const guarded = here.some(({ active }) => active);
  return here
    .filter(({ name, active, masked }) => driven.includes(name) && masked !== true && (active || !guarded))
    .map(({ name }) => name)
    .filter((name) => view.get(validManagers).includes(name));
}

/** Why none can be chosen, and what to do about it. */
function whyNone(view: View): Text {
  const [other] = otherManagers(view);
  if (other !== undefined)
    return message`${other} guards this host, and setup does not configure it. With No as the answer, the summary says by which commands its ports are opened`;
  const masked = view.fact(managers).find((one) => one.masked);
  return masked !== undefined
    ? message`${masked.name} is masked, so it cannot be started. systemctl unmask ${masked.name} ends that`
    : 'This host has no firewall manager that setup could configure';
}

/** The one manager that runs is taken without asking. */
const only = (view: View): string | undefined => {
  const active = view.fact(managers).filter(({ name, active: runs }) => runs && selectable(view).includes(name));
  return active.length === 1 ? active[0]?.name : undefined;
};

export const updateFirewall = setting({
  key: 'OVESETUP_CONFIG/updateFirewall',
  section: 'network',
  kind: yesNo,
  about: 'Whether setup opens the ports of its services in the firewall of this host. No: the summary says what is to be opened.',
  ask: {
    name: 'OVESETUP_UPDATE_FIREWALL',
    text: 'Do you want Setup to configure the firewall?',
    notes: [
      'Setup can automatically configure the firewall on this system.',
      'Note: automatic configuration of the firewall may overwrite current settings.',
      'NOTICE: iptables is deprecated and will be removed in future releases',
    ],
    when: (view) => selectable(view).length > 0,
  },
  preview: 'Update Firewall',
  // Who has declined is not to find the firewall changed by the next run.
  keep: 'as-default',
  initial: (view) => selectable(view).length > 0,
  validate: (value, view) => (value && selectable(view).length === 0 ? whyNone(view) : undefined),
});

export const firewallManager = setting({
  key: 'OVESETUP_CONFIG/firewallManager',
  section: 'network',
  kind: choice('firewalld', 'iptables', 'skip'),
  about: 'The firewall manager of this host that setup configures.',
  ask: {
    name: 'OVESETUP_CONFIG_FIREWALL_MANAGER',
    text: 'Firewall manager to configure',
    when: (view) => only(view) === undefined,
    choices: selectable,
    notes: (view) => ['The following firewall managers were detected on this system:', message`    ${selectable(view).join(', ')}`],
  },
  preview: 'Firewall manager',
  remarks: (view) => {
    const one = only(view);
    return view.get(updateFirewall) && one !== undefined
      ? [{ level: 'info', text: message`${one} will be configured as firewall manager.` }]
      : [];
  },
  keep: true,
  when: (view) => view.get(updateFirewall),
  initial: (view) => (selectable(view).length === 1 ? selectable(view)[0] : undefined) as 'firewalld' | 'iptables' | undefined,
  validate: (value, view) => {
    if (selectable(view).includes(value)) return undefined;
    return message`The firewall manager ${value} is not available on this host; ${selectable(view).join(', ') || 'none'} can be chosen`;
  },
});

/** Whether setup configures the firewall, and with this manager. */
export const isDriven = (view: View, name: string): boolean => view.find(firewallManager) === name;
