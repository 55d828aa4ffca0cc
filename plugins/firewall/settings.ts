import { type View, choice, fact, list, message, setting, yesNo } from '#kit';

/** Firewall managers that the program can drive, of those that this host has. */
export const managers = fact('firewall-managers', async (host) => {
  const found: { name: string; active: boolean }[] = [];
  for (const name of ['firewalld']) if (await host.services.exists(name)) found.push({ name, active: await host.services.isActive(name) });
  return found;
});

export const validManagers = setting({
  key: 'OVESETUP_CONFIG/validFirewallManagers',
  section: 'network',
  kind: list,
  about: 'Firewall managers that setup may offer, where the host has them.',
  remember: false,
  initial: ['firewalld'],
});

/** Those that can be chosen here: if any of them runs, only those that run. */
export function selectable(view: View): readonly string[] {
  const here = view.fact(managers).filter(({ name }) => view.get(validManagers).includes(name));
  const active = here.filter((manager) => manager.active);
  return (active.length > 0 ? active : here).map(({ name }) => name);
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
  initial: (view) => selectable(view).length > 0,
  validate: (value, view) =>
    value && selectable(view).length === 0 ? 'This host has no firewall manager that setup could configure' : undefined,
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
  initial: (view) => (selectable(view).length === 1 ? selectable(view)[0] : undefined) as 'firewalld' | undefined,
  validate: (value, view) => {
    if (selectable(view).includes(value)) return undefined;
    if (value === 'iptables')
      return 'Rules of iptables are not written by this program. Answer No to the firewall question: the summary then says which ports to open';
    return message`The firewall manager ${value} is not available on this host; ${selectable(view).join(', ') || 'none'} can be chosen`;
  },
});
