import { type Element, child, childrenOf, element } from '../xml.ts';
import { admitDevice, randomSources } from './device-policy.ts';
import { type Ground, alter, refuse } from './ground.ts';

/*
 * What the definition of a virtual machine may say. It comes from outside, and libvirt carries it out as root: so only what is known to be
 * harmless is taken, and whatever names a file of this host is put there by us. What is not known is refused by its name, not dropped.
 */

/** Top level elements that say nothing about this host. */
const plain = new Set([
  ...['name', 'uuid', 'title', 'description', 'memory', 'currentMemory', 'maxMemory', 'vcpu', 'vcpus', 'iothreads', 'iothreadids'],
  ...['numatune', 'memtune', 'memoryBacking', 'blkiotune', 'features', 'clock', 'on_poweroff', 'on_reboot', 'pm', 'cpu', 'genid'],
]);

/**
 * Makes of a definition one that may be given to libvirt.
 * @param metadata what is to be kept with it
 * @throws VerbFailure (9) naming what is not taken
 */
export function admit(domain: Element, metadata: Element | undefined, ground: Ground): Element {
  if (domain.name !== 'domain') refuse(`the element ${domain.name} instead of domain`);
  const type = domain.attributes['type'];
  if (type !== 'kvm' && type !== 'qemu') refuse(`the type ${type ?? '(none)'}`);
  const id = child(domain, 'uuid')?.text ?? '';
  const children = domain.children.flatMap((one): Element | readonly Element[] => {
    switch (one.name) {
      case 'metadata':
        return metadata === undefined ? [] : element('metadata', {}, [metadata]);
      case 'os':
        return admitOs(one, ground);
      case 'cpu':
        return ground.kvm
          ? one
          : alter(
              element('cpu', { mode: 'maximum' }),
              {},
              one.children.filter(({ name }) => ['topology', 'numa'].includes(name)),
            );
      case 'devices':
        return element(
          'devices',
          {},
          one.children.flatMap((device) => admitDevice(device, id, ground)),
        );
      case 'sysinfo':
        return admitSysinfo(one, ground);
      case 'cputune':
        return ground.weights ? weighted(one) : one;
      // A dump of a guest's memory would be a file of this host.
      case 'on_crash':
        return ['destroy', 'restart'].includes(one.text) ? one : refuse(`on_crash ${one.text}`);
      default:
        return plain.has(one.name) ? one : refuse(`the element ${one.name}`);
    }
  });
  const admitted = element('domain', { type: ground.kvm && type === 'kvm' ? 'kvm' : 'qemu' }, children);
  forbidPaths(
    admitted,
    new Set([...[...ground.sources.values()].filter((one) => one !== null), ground.consoleSocket(id), ...randomSources]),
  );
  return admitted;
}

/** Nothing that begins like a path, other than those that we have put there ourselves. What is kept for the engine is not looked at by libvirt. */
function forbidPaths({ name, attributes, text, children }: Element, known: ReadonlySet<string>): void {
  if (name === 'metadata') return;
  if (name.includes(':') || Object.keys(attributes).some((key) => key.includes(':'))) refuse(`${name} with a prefix`);
  const path = [text, ...Object.values(attributes)].find((value) => /^\s*\//.test(value) && !known.has(value));
  if (path !== undefined) refuse(`the path ${path} in ${name}`);
  for (const one of children) forbidPaths(one, known);
}

/** What engines write where agents know better: what this host is called by, and which system it has. */
const [hostSerial, ofSystem] = ['HOST-SERIAL:', ['OS-NAME:', 'OS-VERSION:']];

function admitSysinfo(sysinfo: Element, { hostId }: Ground): Element {
  const type = sysinfo.attributes['type'] ?? 'smbios';
  // The other kind hands files of this host to the firmware.
  if (type !== 'smbios') refuse(`sysinfo of the type ${type}`);
  const filled = (one: Element): Element => ({
    ...one,
    text: one.text === hostSerial ? hostId : one.text,
    // Guests are told nothing of the system of their host.
    children: one.children.filter(({ text }) => !ofSystem.includes(text)).map(filled),
  });
  return filled(sysinfo);
}

/** Shares of processors as weights, in the same proportion. */
const weighted = (cputune: Element): Element =>
  alter(
    cputune,
    {},
    cputune.children.map((one) => {
      const shares = Number(one.text);
      if (one.name !== 'shares' || !Number.isInteger(shares)) return one;
      return { ...one, text: String(Math.min(10_000, Math.max(1, Math.round((shares * 100) / 1_024)))) };
    }),
  );

/** The machine: one that is here in place of another distribution's, and firmware that is here in place of files of that one. */
function admitOs(os: Element, { machines }: Ground): Element {
  const isUefi = os.attributes['firmware'] === 'efi' || child(os, 'loader')?.attributes['type'] === 'pflash';
  const isSecure = isUefi && (child(os, 'loader')?.attributes['secure'] === 'yes' || wantsSecureBoot(os));
  const children = os.children.flatMap((one): Element | readonly Element[] => {
    switch (one.name) {
      case 'type': {
        const machine = one.attributes['machine'] ?? 'q35';
        const family = machine.includes('q35') ? 'q35' : /^pc(-i440fx|$)/.test(machine) ? 'pc' : refuse(`the machine ${machine}`);
        if (one.text !== 'hvm') refuse(`the type ${one.text}`);
        return alter(one, { machine: machines.includes(machine) ? machine : family });
      }
      case 'loader':
      case 'nvram':
      case 'firmware':
        return [];
      case 'boot':
      case 'bootmenu':
      case 'bios':
      case 'smbios':
        return one;
      default:
        return refuse(`the element ${one.name} in os`);
    }
  });
  const wanted = element('feature', { enabled: isSecure ? 'yes' : 'no', name: 'secure-boot' });
  const firmware = isUefi ? [element('firmware', {}, [wanted])] : [];
  return alter(os, { firmware: isUefi ? 'efi' : undefined }, [...children, ...firmware]);
}

/** Definitions say so by their loader, or by what firmware must be able to do. */
const wantsSecureBoot = (os: Element): boolean =>
  childrenOf(child(os, 'firmware'), 'feature').some(
    ({ attributes }) => attributes['name'] === 'secure-boot' && attributes['enabled'] === 'yes',
  );
