import { type Log, errorFields } from '../../frame/log.ts';
import { probeName } from '../host/kvm.ts';
import type { Domain } from '../libvirt/domain.ts';
import type { LibvirtEvent } from '../libvirt/events.ts';
import { type Libvirt } from '../libvirt/libvirt.ts';
import { LibvirtError, LibvirtGone, isNoDomain } from '../libvirt/rpc.ts';
import { type Notify, VerbFailure } from '../verbs.ts';
import { type Element, parseXml } from '../xml.ts';
import { type Exit, type Status, codes, exitReasons } from './codes.ts';
import type { Guests } from './guests.ts';
import { endUnseen, exitOf, lifecycle, stateStatus } from './lifecycle.ts';
import { readLive } from './live.ts';
import type { MachineFiles } from './machine-files.ts';
import { type Machine, exitFields, newMachine } from './machine.ts';
import { type VolumeRef, readMetadata } from './metadata.ts';
import { createSwitchOff } from './switch-off.ts';

/** Guests without an agent count as up after this time; so do those that were asked to shut down, and have not. */
const patienceMs = 60_000;
/** How long a machine may take to end that has been told to. */
const endWithinMs = 60_000;
/** Statuses from which a machine comes to be up by itself. */
const isPassing = (status: Status): status is 'Powering up' | 'Powering down' | 'RebootInProgress' =>
  status === 'Powering up' || status === 'Powering down' || status === 'RebootInProgress';
/** Guests that we start ourselves to see whether one runs. */
const isProbe = ({ name, uuid }: Domain): boolean => name === probeName(uuid);

const notStarted: Exit = { code: 1, reason: exitReasons.startFailed, message: 'libvirt could not start it' };

/** Makes volumes ready for use, and lets go of them. */
export interface Images {
  /** Returns the path of the volume. */
  prepare(volume: VolumeRef): Promise<string>;
  teardown(volume: VolumeRef): Promise<void>;
}

export interface MachinesParts {
  readonly libvirt: () => Libvirt;
  readonly guests: Pick<Guests, 'ask'>;
  readonly images: Images;
  readonly files: MachineFiles;
  /** How a machine has ended, in libvirt's word. */
  readonly howEnded: (machine: Machine) => Promise<string>;
  readonly notify: Notify;
  readonly log: Log;
  readonly now: () => number;
  /** Milliseconds since the host has started. */
  readonly clock: () => number;
}

/** All virtual machines of this host: what libvirt tells decides what they do, and clients are told. */
export interface Machines {
  all(): readonly Machine[];
  /** Throws VerbFailure (1). */
  get(id: string): Machine;
  /** The same, and its domain. Throws VerbFailure (1), or (6) where it does not run. */
  running(id: string): Machine & { readonly domain: Domain };
  /** Adds one that is being started. Throws VerbFailure (4) where there is one of this id. */
  add(machine: Machine): void;
  /** Starts it with a definition that libvirt takes. It is Down with the reason if that fails. */
  launch(machine: Machine, xml: string, paused: boolean): Promise<void>;
  /** Notes what is about to end it, which then holds however often the agent is started anew. */
  plan(machine: Machine, end: Pick<Machine, 'ending' | 'switchOffAt'>): void;
  /** Changes its status, and tells it. */
  set(machine: Machine, status: Status): void;
  down(machine: Machine, exit: Exit): Promise<void>;
  /** Resolves when it is down; throws VerbFailure (42) when that takes too long. */
  ended(machine: Machine): Promise<void>;
  /** Takes one away that is down. */
  remove(machine: Machine): void;
  /** Reads its devices anew. */
  refresh(machine: Machine): Promise<void>;
  /** Takes in what happened. */
  told(event: LibvirtEvent): void;
  /** Finds out whether one runs of which nobody knows. */
  settle(machine: Machine): Promise<void>;
  /** Finds all that run, after the agent or libvirt has been away. */
  recover(libvirt: Libvirt): Promise<void>;
  stop(): void;
}

/** Makes the register of virtual machines. */
export function createMachines({ libvirt, guests, images, files, howEnded, notify, log, now, clock }: MachinesParts): Machines {
  const switchOff = createSwitchOff({ libvirt, clock, log });
  const machines = new Map<string, Machine>();
  /** Who waits for the end of a machine. */
  const waiting = new Map<string, PromiseWithResolvers<undefined>>();
  /** Those that libvirt has been asked to start, and has not answered about. */
  const launching = new Set<Machine>();

  const tell = (machine: Machine): void =>
    notify(`|virt|VM_status|${machine.id}`, {
      [machine.id]: {
        status: machine.status,
        ...(machine.live === undefined ? {} : { hash: machine.live.hash }),
        ...exitFields(machine.exit),
      },
    });

  function set(machine: Machine, status: Status): void {
    // What is said of one that has ended meanwhile comes too late.
    if (machine.status === status || (machine.exit !== undefined && status !== 'Down')) return;
    clearTimeout(machine.patience);
    if (isPassing(status)) machine.patience = setTimeout(() => set(machine, 'Up'), patienceMs).unref();
    // One that was started paused has yet to power up; of one that was found paused nobody knows.
    if (status === 'Paused')
      machine.pausedWhile = isPassing(machine.status) ? machine.status : machine.status === 'Up' ? 'Up' : 'Powering up';
    // It has not done what it was asked for: how it ends later has nothing to do with that.
    if (machine.ending === 'shutdown' && machine.status === 'Powering down' && status === 'Up' && machine.switchOffAt === undefined) {
      machine.ending = undefined;
      files.keep(machine);
    }
    machine.status = status;
    machine.statusSince = now();
    log.info('virtual machine', { vm: machine.id, status });
    tell(machine);
  }

  async function down(machine: Machine, exit: Exit): Promise<void> {
    if (machine.status === 'Down') return;
    machine.exit = exit;
    machine.domain = undefined;
    machine.agentConnected = false;
    switchOff.disarm(machine);
    files.keep(machine);
    log.info('virtual machine has ended', { vm: machine.id, ...exit });
    set(machine, 'Down');
    waiting.get(machine.id)?.resolve(undefined);
    for (const volume of machine.volumes.values()) {
      await images
        .teardown(volume)
        .catch((error: unknown) => log.warning('cannot let go of a volume', { vm: machine.id, ...errorFields(error) }));
    }
  }

  /**
   * The definition of a machine that runs; undefined where it cannot be read: then it runs all the same, and whoever took it for one that does not would
   * start it once more. Throws LibvirtError where it has ended, and LibvirtGone.
   */
  async function definitionOf(from: Libvirt, domain: Domain): Promise<Element | undefined> {
    try {
      return parseXml(await from.xml(domain));
    } catch (error) {
      if (error instanceof LibvirtGone || isNoDomain(error)) throw error;
      log.warning('cannot read the definition of a virtual machine', { vm: domain.uuid, ...errorFields(error) });
      return undefined;
    }
  }

  async function refresh(machine: Machine): Promise<void> {
    if (machine.domain === undefined) return;
    see(machine, await definitionOf(libvirt(), machine.domain));
  }
  function see(machine: Machine, definition: Element | undefined): void {
    machine.live = definition === undefined ? undefined : readLive(definition);
    if (machine.live !== undefined) machine.timeOffset = machine.live.timeOffset;
  }

  /** Whether an agent listens inside of the guest. What another one has told is true no longer, and that it has gone is not always told. */
  function listens(machine: Machine, connected: boolean): void {
    machine.agentConnected = connected;
    machine.guest = {};
    if (!connected) return;
    if (machine.status === 'Powering up' || machine.status === 'RebootInProgress') set(machine, 'Up');
    guests.ask(machine);
  }

  /** Takes up a machine that runs. What was not started by the engine is told as well, and left alone. */
  async function adopt(from: Libvirt, domain: Domain): Promise<void> {
    const machine = machines.get(domain.uuid) ?? newMachine(domain.uuid, domain.name, now());
    const [root, [state]] = await Promise.all([definitionOf(from, domain), from.state(domain)]);
    machine.domain = domain;
    machine.name = domain.name;
    see(machine, root);
    machine.volumes = root === undefined ? new Map() : readMetadata(root).volumes;
    machines.set(machine.id, machine);
    machine.exit = undefined;
    machine.undecided = false;
    // The agent was away while it was shutting down.
    const goesDown = machine.status === 'Unknown' && machine.ending === 'shutdown' && stateStatus(state) === 'Up';
    const status = goesDown ? 'Powering down' : stateStatus(state);
    if (['WaitForLaunch', 'Down', 'Unknown'].includes(machine.status) || status !== 'Up') set(machine, status);
    files.keep(machine);
    switchOff.arm(machine);
    listens(machine, machine.live?.agentConnected === true);
    if (machine.ending === 'destroy') await from.destroy(domain, { graceful: false });
  }

  async function launch(machine: Machine, xml: string, paused: boolean): Promise<void> {
    launching.add(machine);
    try {
      const domain = await libvirt().create(xml, { paused });
      // It may have ended before we have heard that it had begun.
      if (machine.exit !== undefined) return;
      machine.domain = domain;
      files.keep(machine);
      await refresh(machine);
    } catch (error) {
      // Nobody knows whether libvirt has started it. It says so when it has, or when it is back; until then it must not be started elsewhere.
      if (error instanceof LibvirtGone) {
        machine.undecided = true;
        return log.warning('libvirt does not say whether a virtual machine was started', { vm: machine.id });
      }
      const message = error instanceof LibvirtError || error instanceof VerbFailure ? error.message : 'libvirt could not start it';
      if (!(error instanceof LibvirtError)) log.error('cannot start a virtual machine', { vm: machine.id, ...errorFields(error) });
      if (machine.status !== 'Down') await down(machine, { code: 1, reason: exitReasons.startFailed, message });
      return;
    } finally {
      launching.delete(machine);
    }
    if (machine.ending === 'destroy') {
      await libvirt()
        .destroy(machine.domain, { graceful: false })
        .catch(() => undefined);
    } else if (machine.status === 'WaitForLaunch') set(machine, paused ? 'Paused' : machine.agentConnected ? 'Up' : 'Powering up');
  }

  /** What a machine does that is paused no longer. */
  const goingOn = ({ pausedWhile, agentConnected }: Machine): Status =>
    agentConnected && pausedWhile !== 'Powering down' ? 'Up' : pausedWhile;

  const wordOf = (machine: Machine): Promise<string> =>
    howEnded(machine).catch((error: unknown) => {
      log.warning('how a virtual machine has ended is not to be had', { vm: machine.id, ...errorFields(error) });
      return '';
    });
  const adoptTold = (domain: Domain): void => {
    adopt(libvirt(), domain).catch((error: unknown) => log.warning('cannot look at a virtual machine', errorFields(error)));
  };

  function told(event: LibvirtEvent): void {
    if (isProbe(event.domain)) return;
    const machine = machines.get(event.domain.uuid);
    if (machine === undefined) {
      if (event.kind === 'lifecycle' && event.event === lifecycle.started) adoptTold(event.domain);
      return;
    }
    switch (event.kind) {
      case 'lifecycle':
        return happened(machine, event);
      case 'reboot':
        listens(machine, false);
        if (machine.status !== 'Paused' && machine.status !== 'WaitForLaunch') set(machine, 'RebootInProgress');
        return;
      case 'clock':
        machine.timeOffset = event.offset;
        return files.keep(machine);
      case 'agent':
        return listens(machine, event.connected);
      case 'graphics':
        machine.clientIp = event.phase === 2 ? '' : event.client.replace(/^::ffff:/, '');
        return;
      case 'ioError':
        machine.pauseCode = event.reason === 'enospc' ? 'ENOSPC' : event.reason === 'eperm' ? 'EPERM' : 'EIO';
    }
  }

  function happened(machine: Machine, { event, detail, domain }: Extract<LibvirtEvent, { kind: 'lifecycle' }>): void {
    switch (event) {
      case lifecycle.started:
        // One that we were not told of: its start took too long, or its answer was lost.
        if (machine.domain === undefined && !launching.has(machine)) adoptTold(domain);
        return;
      case lifecycle.suspended:
        if (machine.status !== 'WaitForLaunch') set(machine, 'Paused');
        return;
      case lifecycle.resumed:
        machine.pauseCode = 'NOERR';
        if (machine.status === 'Paused') set(machine, goingOn(machine));
        return;
      case lifecycle.shutdown:
        machine.shutdownBy = detail === 1 ? 'guest' : 'host';
        if (machine.ending !== 'destroy' && machine.status !== 'RebootInProgress') set(machine, 'Powering down');
        return;
      case lifecycle.stopped:
        return void down(machine, exitOf(machine, detail));
      default:
    }
  }

  return {
    all: () => [...machines.values()],
    get(id) {
      const machine = machines.get(id);
      if (machine === undefined) throw new VerbFailure(codes.noSuchVm, `Virtual machine does not exist: ${id}`);
      return machine;
    },
    running(id) {
      const machine = this.get(id);
      if (machine.domain === undefined) throw new VerbFailure(codes.isDown, `The virtual machine ${id} does not run`);
      return machine as Machine & { readonly domain: Domain };
    },
    add(machine) {
      if (machine.name === probeName(machine.id))
        throw new VerbFailure(codes.cannotCreate, `The name ${machine.name} is taken by the agent`);
      if (machines.has(machine.id)) throw new VerbFailure(codes.exists, `Virtual machine already exists: ${machine.id}`);
      machines.set(machine.id, machine);
      files.keep(machine);
    },
    launch,
    plan(machine, { ending, switchOffAt }) {
      Object.assign(machine, { ending, switchOffAt });
      files.keep(machine);
      if (machine.domain !== undefined) switchOff.arm(machine);
    },
    set,
    down,
    async ended(machine) {
      if (machine.status === 'Down') return;
      const end = waiting.get(machine.id) ?? Promise.withResolvers<undefined>();
      waiting.set(machine.id, end);
      const limit = setTimeout(
        () =>
          end.reject(
            new VerbFailure(codes.destroy, `The virtual machine ${machine.id} has not ended within ${endWithinMs / 1000} seconds`),
          ),
        endWithinMs,
      );
      try {
        await end.promise;
      } finally {
        clearTimeout(limit);
        waiting.delete(machine.id);
      }
    },
    remove(machine) {
      clearTimeout(machine.patience);
      machines.delete(machine.id);
      files.forget(machine.id);
    },
    refresh,
    told,
    async settle(machine) {
      const domain = (await libvirt().domains()).find(({ uuid }) => uuid === machine.id);
      if (domain !== undefined) await adopt(libvirt(), domain);
      else await down(machine, notStarted);
    },
    async recover(from) {
      const domains = (await from.domains()).filter((domain) => !isProbe(domain));
      const here = new Set(domains.map(({ uuid }) => uuid));
      for (const machine of files.readAll()) if (!machines.has(machine.id)) machines.set(machine.id, machine);
      for (const machine of machines.values()) {
        if (here.has(machine.id) || launching.has(machine)) continue;
        if (machine.domain !== undefined) await down(machine, endUnseen(machine, await wordOf(machine)));
        else if (machine.exit === undefined && machine.undecided) await down(machine, notStarted);
      }
      for (const domain of domains) {
        await adopt(from, domain).catch((error: unknown) => {
          // One that has ended since was not to be found any more.
          if (!(error instanceof LibvirtError)) throw error;
        });
      }
    },
    stop() {
      for (const machine of machines.values()) {
        clearTimeout(machine.patience);
        switchOff.disarm(machine);
      }
    },
  };
}
