import { setting, yesNo } from '#kit';
import { engineHere } from '../engine/settings.ts';

export const vmconsoleProxy = setting({
  key: 'OVESETUP_VMCONSOLE_PROXY_CONFIG/vmconsoleProxyConfig',
  section: 'product',
  kind: yesNo,
  about:
    'Installs the VM console proxy, through which people reach serial consoles of virtual machines with ssh. It stands beside the engine.',
  ask: { name: 'OVESETUP_CONFIG_VMCONSOLE_PROXY', text: 'Configure VM Console Proxy on this host' },
  preview: 'Configure VMConsole Proxy',
  keep: true,
  optional: true,
  remarks: (view) => (engineHere(view) ? [] : [{ level: 'info', text: 'VM Console Proxy on a host without the engine is not supported' }]),
  when: engineHere,
  initial: true,
});
