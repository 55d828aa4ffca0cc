import { parseZones } from '../../plugins/firewall/zones.ts';
import { type Machine, configurationOf, memoryHost, newMachine } from '../../src/setup/host/memory/index.ts';
import { file, textOf } from '../../src/setup/kit/host.ts';
import { installOn } from './installation.ts';

/* firewalld on machines in memory. */

/** The zone that is in use, as its settings have it. */
export const zone = '/etc/firewalld/zones/public.xml';

/** Lines of a zone, of ports that were opened beside its settings. */
export const runtimePorts = '  <port port="2022" protocol="tcp"/>\n  <port port="7777" protocol="tcp"/>\n';

/** Installs on a machine; what comes of it with the zone. */
export async function installed(machine: Machine, more: Readonly<Record<string, string>> = {}) {
  const result = await installOn(machine, more);
  return { ...result, zone: textOf(machine.disk.get(zone)) };
}

/** A machine on which firewalld runs with a zone, and perhaps with more than stands in it. */
export function guarded(permanent: string, inForce = permanent): Machine {
  const machine = newMachine({ sshPorts: new Set([2022]) });
  machine.disk.set(zone, file(`<zone>\n${inForce}</zone>\n`, 0o644));
  machine.running.set('firewalld', configurationOf(machine, 'firewalld'));
  machine.disk.set(zone, file(`<zone>\n${permanent}</zone>\n`, 0o644));
  return machine;
}

/** What the running firewalld lets in: services, and ports beside them. */
export async function letIn(machine: Machine): Promise<readonly string[]> {
  const { stdout } = await memoryHost(machine).query({ argv: ['firewall-cmd', '--list-all-zones'] });
  const { services = [], ports = [] } = parseZones(stdout).find(({ name }) => name === 'public') ?? {};
  return [...services, ...ports].sort();
}
