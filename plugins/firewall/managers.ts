import { type HostReader, type View, fact, readText } from '#kit';
import { rulesLayoutOf } from './iptables-layouts.ts';

/** A firewall manager of the host. */
export interface Manager {
  readonly name: string;
  /** Whether it guards the host. */
  readonly active: boolean;
  /** Somebody has made sure that it cannot be started. */
  readonly masked?: true;
}

/** Those that the program can drive. For the others it says what to do. */
export const driven: readonly string[] = ['firewalld', 'iptables'];

/** Whether systemd was told not to start a unit by any means: systemctl mask links it to nothing. */
async function isMasked(host: HostReader, unit: string): Promise<boolean> {
  const entries = await Promise.all(['/etc', '/run'].map((folder) => host.files.read(`${folder}/systemd/system/${unit}.service`)));
  return entries.some((entry) => entry?.kind === 'link' && entry.target === '/dev/null');
}

async function firewalld(host: HostReader): Promise<readonly Manager[]> {
  const name = 'firewalld';
  if (await isMasked(host, name)) return [{ name, active: false, masked: true }];
  return (await host.services.exists(name)) ? [{ name, active: await host.services.isActive(name) }] : [];
}

/** It keeps rules over a start of the host only where its unit is started then. */
async function iptables(host: HostReader): Promise<readonly Manager[]> {
  const { families, loader } = rulesLayoutOf((await host.system()).distribution);
  if (loader !== undefined && (await host.files.read(loader)) === undefined) return [];
  const units = [...new Set(families.map(({ unit }) => unit))];
  const active = (await Promise.all(units.map((unit) => host.services.isActive(unit)))).includes(true);
  const enabled = (await Promise.all(units.map((unit) => host.services.isEnabled(unit)))).includes(true);
  return active || enabled ? [{ name: 'iptables', active }] : [];
}

/** The unit runs also where ufw is switched off: its own settings tell. */
const ufw = async (host: HostReader): Promise<readonly Manager[]> =>
  (await host.services.exists('ufw')) && /^ENABLED=yes\b/im.test((await readText(host, '/etc/ufw/ufw.conf')) ?? '')
    ? [{ name: 'ufw', active: true }]
    : [];

async function nftables(host: HostReader): Promise<readonly Manager[]> {
  const { exists, isActive, isEnabled } = host.services;
  const isUsed = (await exists('nftables')) && ((await isActive('nftables')) || (await isEnabled('nftables')));
  return isUsed ? [{ name: 'nftables', active: true }] : [];
}

/** Firewall managers of this host: those that the program can drive, and others if they guard the host. */
export const managers = fact('firewall-managers', async (host): Promise<readonly Manager[]> => [
  ...(await firewalld(host)),
  ...(await iptables(host)),
  ...(await ufw(host)),
  ...(await nftables(host)),
]);

/** Managers that guard this host, and that the program cannot drive. */
export const otherManagers = (view: View): readonly string[] =>
  view
    .fact(managers)
    .filter(({ name, active }) => active && !driven.includes(name))
    .map(({ name }) => name);
