import { type HostReader, type View, fact, readText } from '#kit';
import { type AddressFamily, rulesLayoutOf } from './iptables-layouts.ts';

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

/** The address families whose saved rules are put in force when the host starts. */
export async function keptFamilies(host: HostReader): Promise<readonly AddressFamily[]> {
  const { families, loader } = rulesLayoutOf((await host.system()).distribution);
  if (loader !== undefined && (await host.files.read(loader)) === undefined) return [];
  const { isActive, isEnabled } = host.services;
  const kept = await Promise.all(families.map(async ({ unit }) => (await isActive(unit)) || (await isEnabled(unit))));
  return families.filter((_, index) => kept[index]);
}

/** It keeps rules over a start of the host only where a unit of it is started then. */
async function iptables(host: HostReader): Promise<readonly Manager[]> {
  const families = await keptFamilies(host);
  const active = await Promise.all(families.map(({ unit }) => host.services.isActive(unit)));
  return families.length > 0 ? [{ name: 'iptables', active: active.includes(true) }] : [];
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
