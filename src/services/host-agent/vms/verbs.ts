import type { Domain } from '../libvirt/domain.ts';
import type { Libvirt } from '../libvirt/libvirt.ts';
import { LibvirtError, isNoDomain } from '../libvirt/rpc.ts';
import { type Params, type Verbs, VerbFailure, ordered } from '../verbs.ts';
import { codes } from './codes.ts';
import { changeCd, setTicket, updateNic } from './devices.ts';
import type { Guests } from './guests.ts';
import { imagePath } from './image-path.ts';
import { shutOff, stateStatus } from './lifecycle.ts';
import { type Machine, describe } from './machine.ts';
import { type StartParts, begin, idOf } from './start.ts';
import type { MachineStatistics } from './statistics.ts';

export interface VmVerbParts extends StartParts {
  readonly libvirt: () => Libvirt;
  readonly guests: Guests;
  readonly statistics: MachineStatistics;
  /** Milliseconds since the host has started. */
  readonly clock: () => number;
}

const doneVmList = { vmList: {} };
const usualShutdownSeconds = 30;

/** The verbs of virtual machines. */
export function vmVerbs(parts: VmVerbParts): Verbs {
  const { machines, libvirt, guests, statistics, images, imageFolders, now, clock } = parts;
  const running = (params: Params) => machines.running(params.uuid('vmID'));

  /** What libvirt refuses is told with its words. */
  async function ask<T>(code: number, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof LibvirtError) throw new VerbFailure(code, `libvirt: ${error.message}`);
      throw error;
    }
  }

  const isIn = (domain: Domain, wanted: 'running' | 'ended'): Promise<boolean> =>
    libvirt()
      .state(domain)
      .then(([state]) => (wanted === 'running' ? stateStatus(state) === 'Up' : state === shutOff))
      .catch((error: unknown) => wanted === 'ended' && isNoDomain(error));

  function some(params: Params): readonly Machine[] {
    const ids = params.optionalTexts('vmList') ?? [];
    return ids.length === 0 ? machines.all() : machines.all().filter(({ id }) => ids.includes(id));
  }

  async function destroy(params: Params): Promise<void> {
    const machine = machines.get(params.uuid('vmID'));
    const attempts = params.optionalNumber('gracefulAttempts') ?? 1;
    const { domain, switchOffAt } = machine;
    machines.plan(machine, { ending: 'destroy', switchOffAt });
    if (domain !== undefined) {
      const end = (graceful: boolean): Promise<void> => libvirt().destroy(domain, { graceful });
      await ask(codes.destroy, async () => {
        try {
          await end(attempts > 0);
        } catch (error) {
          if (isNoDomain(error)) return;
          await end(false).catch((again: unknown) => {
            if (!isNoDomain(again)) throw again;
          });
        }
      });
    }
    // Nobody knows whether it was started: libvirt is asked, which ends it or has never heard of it.
    else if (machine.undecided) await machines.settle(machine);
    // One that is being started ends as soon as libvirt knows it.
    await machines.ended(machine);
    machines.remove(machine);
  }

  async function shutdown(params: Params): Promise<void> {
    const machine = running(params);
    const reboot = params.optionalFlag('reboot') === true;
    const how = reboot ? 'reboot' : 'shutdown';
    const pressButton = (): Promise<void> => libvirt()[how](domain, 'acpi');
    const { domain, ending, switchOffAt } = machine;
    const seconds = params.optionalNumber('timeout') ?? usualShutdownSeconds;
    // Before the guest is asked: whoever comes after us keeps the promise. One that was given earlier holds as well.
    if (!reboot)
      machines.plan(machine, {
        ending: 'shutdown',
        switchOffAt: params.optionalFlag('force') === true ? clock() + 1_000 * Math.min(Math.max(seconds, 0), 86_400) : switchOffAt,
      });
    try {
      await ask(codes.unexpected, () => (machine.agentConnected ? guests.end(machine, how, pressButton) : pressButton()));
    } catch (error) {
      // It has ended while it was asked, or its time has come, and it is being switched off.
      const isOver = machine.switchOffAt !== undefined && clock() >= machine.switchOffAt;
      if (isOver || (await isIn(domain, 'ended'))) return;
      machines.plan(machine, { ending, switchOffAt });
      throw error;
    }
    machines.set(machine, reboot ? 'RebootInProgress' : 'Powering down');
  }

  async function ticket(
    params: Params,
    fields: { readonly type: string | undefined; readonly seconds: number; readonly connected: string },
  ): Promise<object> {
    const machine = running(params);
    const password = params.optionalText('password') ?? params.text('otp');
    await setTicket(libvirt(), machine.domain, { ...fields, password }, now());
    return describe(machine);
  }

  async function update(vm: Params): Promise<object> {
    const params = vm.object('params');
    const machine = running(vm);
    switch (params.text('deviceType')) {
      case 'graphics': {
        const fields = {
          type: params.text('graphicsType'),
          password: params.text('password'),
          seconds: params.number('ttl'),
          // What the guest is to do when its user leaves (`disconnectAction`) would take an agent in it that there is no more.
          connected: params.optionalText('existingConnAction') ?? 'disconnect',
        };
        await setTicket(libvirt(), machine.domain, fields, now());
        break;
      }
      case 'interface': {
        const [alias, mac, bridge, linkUp] = [
          params.optionalText('alias'),
          params.optionalText('macAddr'),
          params.optionalText('network'),
          params.optionalFlag('linkActive'),
        ];
        await updateNic(libvirt(), machine.domain, {
          ...(alias === undefined ? {} : { alias }),
          ...(mac === undefined ? {} : { mac }),
          ...(bridge === undefined ? {} : { bridge }),
          ...(linkUp === undefined ? {} : { linkUp }),
        });
        break;
      }
      default:
        throw new VerbFailure(codes.updateDevice, 'Parameter params.deviceType must be graphics or interface');
    }
    await machines.refresh(machine);
    return describe(machine);
  }

  async function changeDisc(params: Params): Promise<object> {
    const machine = running(params);
    const drive = typeof params.raw('driveSpec') === 'string' ? undefined : params.object('driveSpec');
    const { path, name } = drive === undefined ? { path: params.text('driveSpec'), name: undefined } : driveOf(drive);
    const volume = drive?.has('volumeID') === true && drive.has('imageID') ? drive : undefined;
    const content =
      volume !== undefined
        ? await images.prepare({
            poolID: volume.uuid('poolID'),
            domainID: volume.uuid('domainID'),
            imageID: volume.uuid('imageID'),
            volumeID: volume.uuid('volumeID'),
          })
        : path === ''
          ? null
          : await imagePath(path, imageFolders);
    await changeCd(libvirt(), machine.domain, name === undefined ? {} : { name }, content);
    await machines.refresh(machine);
    return describe(machine);
  }

  return {
    'Host.getVMList': ordered(['vmList', 'onlyUUID'], (params) => {
      const found = some(params);
      if (params.optionalFlag('onlyUUID') ?? true) return found.map(({ id }) => id);
      return found.map(({ id, status, statusSince }) => ({ vmId: id, status, statusTime: String(statusSince) }));
    }),
    'Host.getVMFullList': ordered(['vmList'], (params) =>
      Promise.all(some(params).map(async (machine) => describe(machine, (await xmlOf(libvirt, machine)) ?? machine.definition))),
    ),
    'Host.getAllVmStats': () => statistics.of(machines.all()),
    'Host.dumpxmls': ordered(['vmList'], async (params) => {
      const found = await Promise.all(some(params).map(async (machine) => [machine.id, await xmlOf(libvirt, machine)] as const));
      return Object.fromEntries(found.filter(([, xml]) => xml !== undefined));
    }),
    'VM.create': ordered(['vmID', 'vmParams'], (params) => {
      const vmParams = params.object('vmParams');
      return describe(begin(vmParams, idOf(params, vmParams), parts));
    }),
    'VM.getStats': ordered(['vmID'], (params) => statistics.of([machines.get(params.uuid('vmID'))])),
    'VM.destroy': ordered(['vmID', 'gracefulAttempts'], destroy),
    'VM.shutdown': ordered(['vmID', 'delay', 'message', 'reboot', 'timeout', 'force'], shutdown),
    'VM.cont': ordered(['vmID'], async (params) => {
      const { domain } = running(params);
      await ask(codes.unexpected, async () => {
        await libvirt()
          .resume(domain)
          .catch(async (error: unknown) => {
            // Whoever lost the answer asks again.
            if (!(await isIn(domain, 'running'))) throw error;
          });
      });
      return doneVmList;
    }),
    'VM.pause': ordered(['vmID'], async (params) => {
      const { domain } = running(params);
      await ask(codes.unexpected, () => libvirt().suspend(domain));
      return doneVmList;
    }),
    'VM.reset': ordered(['vmID'], (params) => {
      const { domain } = running(params);
      return ask(codes.unexpected, () => libvirt().reset(domain));
    }),
    'VM.screenshot': ordered(['vmID'], async (params) => {
      const { domain } = running(params);
      return (await ask(codes.unexpected, () => libvirt().screenshot(domain))).bytes.toString('base64');
    }),
    'VM.setBalloonTarget': ordered(['vmID', 'target'], async (params) => {
      const { domain } = running(params);
      const target = params.number('target');
      if (target <= 0) throw new VerbFailure(codes.balloon, 'The target must be more than 0 KiB');
      await ask(codes.balloon, () => libvirt().setMemory(domain, target));
      return { code: 0, message: 'Done' };
    }),
    'VM.changeCD': ordered(['vmID', 'driveSpec'], changeDisc),
    'VM.setTicket': ordered(['vmID', 'password', 'ttl', 'existingConnAction', 'params'], (params) =>
      ticket(params, {
        type: undefined,
        seconds: params.number('ttl'),
        connected: params.optionalText('existingConnAction') ?? 'disconnect',
      }).then(() => true),
    ),
    'VM.updateDevice': ordered(['vmID', 'params'], update),
  };
}

/** The definition as it is now; undefined where it does not run. */
async function xmlOf(libvirt: () => Libvirt, { domain }: Machine): Promise<string | undefined> {
  if (domain === undefined) return undefined;
  return libvirt()
    .xml(domain)
    .catch((error: unknown) => (isNoDomain(error) ? undefined : Promise.reject(error as Error)));
}

/** A drive by its bus and place, as the engine gives them: `{path, iface: "sata", index: "2"}` is sdc. */
function driveOf(drive: Params): { readonly path: string; readonly name: string | undefined } {
  const bus = drive.optionalText('iface');
  const index = drive.optionalNumber('index');
  const prefix = bus === 'ide' ? 'hd' : 'sd';
  const name =
    bus === undefined || index === undefined || index < 0 || index > 25 ? undefined : `${prefix}${String.fromCharCode(97 + index)}`;
  return { path: drive.optionalText('path') ?? '', name };
}
