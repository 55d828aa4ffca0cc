import { randomUUID } from 'node:crypto';
import type { TestPostgres } from './postgres.ts';
import { type SimulatedAgents, SimulatedFailure, type SimulatedVerb } from './simulated-agent.ts';

/* Virtual machines that are made up: their rows, and what hosts do with them. */

export interface TestMachine {
  readonly name: string;
  readonly memoryMb?: number;
  /** Networks that its cards are connected to. */
  readonly networks?: readonly string[];
  /** Its number; down unless given. */
  readonly status?: number;
  /** The host that it runs on. */
  readonly host?: string;
  readonly cluster?: string;
}

/** Adds the rows of a machine with a display and a drive, and returns its id. */
export async function addMachine(
  postgres: Pick<TestPostgres, 'query'>,
  { name, memoryMb = 1_024, networks = [], status = 0, host, cluster = 'Default' }: TestMachine,
): Promise<string> {
  const id = randomUUID();
  await postgres.query(
    `with s as (insert into vm_static (vm_guid, vm_name, entity_type, cluster_id, vmt_guid, mem_size_mb, max_memory_size_mb, min_allocated_mem)
       select $1, $2, 'VM', cluster_id, '00000000-0000-0000-0000-000000000000', $3, $3, $3 from cluster where name = $4 returning vm_guid),
     d as (insert into vm_dynamic (vm_guid, status, run_on_vds) select vm_guid, $5, $6 from s)
     insert into vm_device (device_id, vm_id, type, device)
     select gen_random_uuid(), vm_guid, one.type, one.device
     from s, (values ('graphics', 'vnc'), ('video', 'vga'), ('disk', 'cdrom')) as one (type, device)`,
    [id, name, memoryMb, cluster, status, host ?? null],
  );
  for (const [at, network] of networks.entries()) {
    await postgres.query(
      `insert into vm_interface (id, vm_guid, name, mac_addr, vnic_profile_id)
       select gen_random_uuid(), $1, $2, $3, p.id from vnic_profiles p join network n on n.id = p.network_id where n.name = $4 limit 1`,
      [id, `nic${at + 1}`, `56:6f:${id.slice(0, 2)}:${id.slice(2, 4)}:${id.slice(4, 6)}:0${at}`, network],
    );
  }
  return id;
}

/* What hosts do with them. */

interface Running {
  status: string;
  exit?: { readonly exitCode: number; readonly exitReason: number; readonly exitMessage: string };
  readonly name: string;
  readonly xml: string;
}

/** Machines on simulated hosts, which begin and end as those of agents do. */
export interface SimulatedMachines {
  /** What agents do about machines; to be put among their verbs. */
  readonly verbs: Record<string, SimulatedVerb>;
  /** Milliseconds until a machine that is started runs. */
  launchMs: number;
  /** Why machines cannot be started; null: they can. */
  broken: string | null;
  /** Machines that ran on two hosts at once, ever. There must be none. */
  readonly twice: string[];
  /** Ids of machines that were reset, one for each time. */
  readonly resets: string[];
  /** Ids of the disks that machines tell of, by machines. */
  readonly disks: Map<string, readonly string[]>;
  /** How often each machine was started. */
  readonly starts: Map<string, number>;
  /** The status that a machine has on a host, in its words; undefined where it is not listed. */
  status(host: string, machine: string): string | undefined;
  definition(host: string, machine: string): string | undefined;
  /** The host that a machine runs on. */
  where(machine: string): string | undefined;
  /** Has a machine run, without anybody having started it. */
  put(host: string, machine: string, status?: string, name?: string): void;
  /** A machine ends by itself. */
  end(host: string, machine: string, exit?: Running['exit']): void;
  /** Gives a machine another status, and tells of it. */
  set(host: string, machine: string, status: string, more?: object): void;
  /** A host loses its machines without a word, as when its power fails. */
  lose(host: string, machine?: string): void;
}

/** How a disk is used that is read and written all the time: each time something else. */
function useOf(imageID: string): object {
  const seconds = Math.floor(Date.now() / 1_000);
  return {
    ...{ imageID, truesize: String(2 ** 30), apparentsize: String(10 * 2 ** 30) },
    ...{ readRate: String(4_096 * (seconds % 100)), readOps: String(seconds), readLatency: String(1_500_000 + (seconds % 1_000)) },
    ...{ writeRate: String(8_192 * (seconds % 100)), writeOps: String(2 * seconds), writeLatency: '2500000', flushLatency: '0' },
  };
}

export function simulatedMachines(agents: () => Pick<SimulatedAgents, 'event'>): SimulatedMachines {
  const hosts = new Map<string, Map<string, Running>>();
  const on = (host: string): Map<string, Running> => {
    const known = hosts.get(host) ?? new Map<string, Running>();
    hosts.set(host, known);
    return known;
  };
  const idOf = (params: Readonly<Record<string, unknown>>): string => String(params['vmID']);
  const need = (host: string, id: string): Running => {
    const found = on(host).get(id);
    if (found === undefined) throw new SimulatedFailure(1, `Virtual machine does not exist: ${id}`);
    return found;
  };
  const tell = (host: string, id: string, { status, exit }: Running, more: object = {}): void =>
    agents().event(host, `|virt|VM_status|${id}`, { [id]: { status, hash: 'hash', ...exit, ...more }, notify_time: 1 });
  const runs = ({ status }: Running): boolean => status !== 'Down';
  const statisticsOf = (id: string, { status, name, exit }: Running): object =>
    status === 'Down'
      ? { vmId: id, vmName: name, status, ...exit, timeOffset: '0' }
      : {
          ...{
            vmId: id,
            vmName: name,
            status,
            hash: 'hash',
            cpuUser: '12.50',
            cpuSys: '2.50',
            vcpuCount: '1',
            memUsage: '40',
            elapsedTime: '60',
          },
          ...{
            displayInfo: [{ type: 'vnc', port: '5900', tlsPort: '-1', ipAddress: '0' }],
            guestFQDN: 'guest.example.net',
            guestIPs: '10.0.0.7',
          },
          ...{ netIfaces: [{ name: 'eth0', hw: '56:6f:00:00:00:01', inet: ['10.0.0.7'], inet6: [] }], username: 'None', clientIp: '' },
          network: {
            vnet0: {
              name: 'vnet0',
              macAddr: `56:6f:${id.slice(0, 2)}:${id.slice(2, 4)}:${id.slice(4, 6)}:00`,
              rx: '1000',
              tx: '2000',
              sampleTime: Date.now() / 1_000,
            },
          },
          disks: Object.fromEntries((machines.disks.get(id) ?? []).map((disk, at) => [`vd${String.fromCharCode(97 + at)}`, useOf(disk)])),
        };

  const machines: SimulatedMachines = {
    launchMs: 0,
    broken: null,
    twice: [],
    resets: [],
    disks: new Map(),
    starts: new Map(),
    status: (host, machine) => on(host).get(machine)?.status,
    definition: (host, machine) => on(host).get(machine)?.xml,
    where: (machine) => [...hosts].find(([, all]) => all.get(machine) !== undefined && runs(all.get(machine)!))?.[0],
    put(host, machine, status = 'Up', name = 'stranger') {
      on(host).set(machine, { status, name, xml: '' });
    },
    end(host, machine, exit = { exitCode: 0, exitReason: 7, exitMessage: 'User shut down from within the guest' }) {
      const found = need(host, machine);
      Object.assign(found, { status: 'Down', exit });
      tell(host, machine, found);
    },
    set(host, machine, status, more = {}) {
      const found = need(host, machine);
      found.status = status;
      tell(host, machine, found, more);
    },
    lose(host, machine) {
      if (machine === undefined) hosts.delete(host);
      else on(host).delete(machine);
    },
    verbs: {
      'Host.getVMList': (params, host) => {
        const wanted = params['vmList'] as readonly string[] | undefined;
        const found = [...on(host)].filter(([id]) => wanted === undefined || wanted.length === 0 || wanted.includes(id));
        return params['onlyUUID'] === false
          ? found.map(([vmId, { status }]) => ({ vmId, status, statusTime: '1' }))
          : found.map(([id]) => id);
      },
      'Host.getAllVmStats': (_params, host) => [...on(host)].map(([id, machine]) => statisticsOf(id, machine)),
      'VM.getStats': (params, host) => [statisticsOf(idOf(params), need(host, idOf(params)))],
      'VM.create': (params, host) => {
        const id = idOf(params);
        if (on(host).has(id)) throw new SimulatedFailure(4, `Virtual machine already exists: ${id}`);
        if ([...hosts].some(([other, all]) => other !== host && all.has(id) && runs(all.get(id)!))) machines.twice.push(id);
        machines.starts.set(id, (machines.starts.get(id) ?? 0) + 1);
        const { xml } = params['vmParams'] as { readonly xml: string };
        const machine: Running = { status: 'WaitForLaunch', xml, name: /<name>(.*?)<\/name>/.exec(xml)?.[1] ?? '' };
        on(host).set(id, machine);
        const { broken } = machines;
        setTimeout(() => {
          if (on(host).get(id) !== machine || machine.status !== 'WaitForLaunch') return;
          if (broken !== null) machines.end(host, id, { exitCode: 1, exitReason: 3, exitMessage: broken });
          else machines.set(host, id, xml.includes('launchPaused>true<') ? 'Paused' : 'Powering up');
        }, machines.launchMs);
        return { vmId: id, status: 'WaitForLaunch' };
      },
      'VM.destroy': (params, host) => {
        const [id, machine] = [idOf(params), need(host, idOf(params))];
        if (runs(machine)) machines.end(host, id, { exitCode: 0, exitReason: 6, exitMessage: 'Admin shut down from the engine' });
        on(host).delete(id);
        return true;
      },
      'VM.shutdown': (params, host) => {
        const id = idOf(params);
        need(host, id);
        machines.set(host, id, params['reboot'] === true ? 'RebootInProgress' : 'Powering down');
        return true;
      },
      'VM.cont': (params, host) => {
        const id = idOf(params);
        if (need(host, id).status !== 'Paused') throw new SimulatedFailure(16, 'domain is already running');
        machines.set(host, id, 'Up');
        return { vmList: {} };
      },
      'VM.reset': (params, host) => {
        const id = idOf(params);
        need(host, id);
        machines.resets.push(id);
        return true;
      },
      'VM.changeCD': (params, host) => {
        need(host, idOf(params));
        return { vmId: idOf(params) };
      },
    },
  };
  return machines;
}
