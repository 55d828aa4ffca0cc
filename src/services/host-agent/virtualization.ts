import { existsSync } from 'node:fs';
import type { PartParts } from './agent.ts';
import { helperDoor } from './helper-door.ts';
import { type LibvirtFacts, askLibvirt } from './host/capabilities.ts';
import { createKvmProbe } from './host/kvm.ts';
import { createHostStatistics } from './host/statistics.ts';
import { hostVerbs } from './host/verbs.ts';
import { LibvirtError, LibvirtGone } from './libvirt/rpc.ts';
import { createLink } from './libvirt/link.ts';
import { type Call, type Part, VerbFailure, type Verbs, ordered, protocolCodes, readParams } from './verbs.ts';
import { codes } from './vms/codes.ts';
import { createGuests } from './vms/guests.ts';
import { machineFiles } from './vms/machine-files.ts';
import { type Images, createMachines } from './vms/machines.ts';
import { makeFilters } from './vms/network-filters.ts';
import { createMachineStatistics } from './vms/statistics.ts';
import { vmVerbs } from './vms/verbs.ts';

export interface VirtualizationParts extends PartParts {
  /** Verbs of storage, which make volumes ready and know how storage domains are. */
  readonly storage: Verbs;
}

/** The part of the agent that runs virtual machines, and tells of the host they run on. */
export function virtualizationPart(parts: VirtualizationParts): Part {
  const { config, version, log, notify, now, clock, storage } = parts;
  const imageFolders = config.words('IMAGE_FOLDERS').map((folder) => folder.replace(/\/+$/, ''));
  const consoleFolder = config.path('CONSOLE_FOLDER');
  const displayAddress = config.text('DISPLAY_ADDRESS');
  const spiceTls = config.yesNo('SPICE_TLS');
  let facts: LibvirtFacts | undefined;
  let kvm = false;
  const hasKvm = createKvmProbe();

  const daemon = { socket: config.path('LIBVIRT_SOCKET'), uri: config.text('LIBVIRT_URI'), log };
  const guestLink = createLink(daemon);
  const guests = createGuests(guestLink.current);
  const link = createLink({
    ...daemon,
    told: (event) => machines.told(event),
    async connected(libvirt) {
      kvm = await hasKvm(libvirt);
      facts = await askLibvirt(libvirt, kvm ? 'kvm' : 'qemu');
      await makeFilters(libvirt, log);
      await machines.recover(libvirt);
    },
  });
  const known = (): LibvirtFacts => {
    if (facts === undefined) throw new VerbFailure(codes.unavailable, 'libvirt has not answered yet');
    return facts;
  };
  const images = imagesOf(storage);
  const libvirt = link.current;
  const files = machineFiles(config.path('MACHINE_FOLDER'), log);
  const { howEnded } = helperDoor(config.path('HELPER_SOCKET'));
  const machines = createMachines({ libvirt, guests, images, files, howEnded, notify, log, now, clock });
  const statistics = createMachineStatistics({ libvirt, clock, now });
  const host = createHostStatistics({ clock, now });
  const getRepoStats = storage['Host.getStorageRepoStats'];
  return {
    verbs: explained({
      ...hostVerbs({
        version,
        facts: known,
        kvm: () => kvm,
        vncEncrypted: config.yesNo('VNC_TLS'),
        networkChanges: config.path('NETWORK_CHANGE_FOLDER'),
        statistics: host,
        count: () => {
          const all = machines.all();
          return { all: all.length, active: all.filter(({ domain }) => domain !== undefined).length };
        },
        storageDomains: (params, call) => getRepoStats?.(params, call) ?? {},
      }),
      ...vmVerbs({
        machines,
        libvirt,
        guests,
        statistics,
        images,
        imageFolders,
        now,
        clock,
        ground: () => ({
          ...{ kvm, machines: known().machines, hostId: known().uuid, displayAddress, spiceTls },
          weights: existsSync('/sys/fs/cgroup/cgroup.controllers'),
          consoleSocket: (id) => `${consoleFolder}/${id}.sock`,
        }),
      }),
    }),
    async start() {
      // A first look: load is what happens between two.
      host.read();
      // First, so that guests can be asked that are found.
      await guestLink.start();
      await link.start();
    },
    async stop() {
      machines.stop();
      guests.stop();
      link.stop();
      guestLink.stop();
    },
  };
}

/** What goes wrong between libvirt and us, said in codes that clients know. */
const explained = (verbs: Verbs): Verbs =>
  Object.fromEntries(
    Object.entries(verbs).map(([name, verb]) => [
      name,
      ordered(verb.order ?? [], async (params, call) => {
        try {
          return await verb(params, call);
        } catch (error) {
          if (error instanceof LibvirtGone) throw new VerbFailure(codes.unavailable, error.message, error);
          if (error instanceof LibvirtError) throw new VerbFailure(codes.unexpected, `libvirt: ${error.message}`, error);
          throw error;
        }
      }),
    ]),
  );

/** Volumes are made ready by the verbs that clients have for it too. */
function imagesOf(storage: Verbs): Images {
  const call: Call = { flowId: undefined, signal: new AbortController().signal, localAddress: undefined };
  const carryOut = async (name: string, values: object): Promise<unknown> => {
    const verb = storage[name];
    if (verb === undefined) throw new VerbFailure(protocolCodes.unknownVerb, `This host has no ${name}`);
    return await verb(readParams(values), call);
  };
  const named = ({ poolID, domainID, imageID, volumeID }: Parameters<Images['prepare']>[0]): object => ({
    storagepoolID: poolID,
    storagedomainID: domainID,
    imageID,
    volumeID,
  });
  return {
    async prepare(volume) {
      return readParams(await carryOut('Image.prepare', named(volume))).text('path');
    },
    async teardown(volume) {
      await carryOut('Image.teardown', named(volume));
    },
  };
}
