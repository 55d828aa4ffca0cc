import { type Domain, readDomain, writeDomain } from './domain.ts';
import { type LibvirtEvent, eventKinds, readEvent } from './events.ts';
import { LibvirtError, type Rpc, connectRpc } from './rpc.ts';
import { type XdrReader, xdrWriter } from './xdr.ts';

/** Numbers of procedures; libvirt only ever adds some. */
const procedures = {
  open: 1,
  close: 2,
  version: 4,
  capabilities: 7,
  create: 10,
  xml: 14,
  reboot: 27,
  resume: 28,
  setMemory: 31,
  suspend: 34,
  authentications: 66,
  polkit: 70,
  libraryVersion: 157,
  updateDevice: 174,
  filterByName: 175,
  defineFilter: 180,
  screenshot: 211,
  state: 212,
  destroy: 234,
  reset: 245,
  shutdown: 258,
  list: 273,
  registerEvent: 316,
  domainCapabilities: 342,
  stats: 344,
  guestInfo: 418,
  limitGuest: 420,
} as const;

/** Values by their names, `cpu.time` for instance. */
export type Values = Readonly<Record<string, string | number | boolean>>;

/** What the agent needs of libvirt. Every method throws LibvirtError with what libvirt says, and LibvirtGone when nobody answers. */
export interface Libvirt {
  /** Of QEMU and of libvirt, as `major * 1,000,000 + minor * 1,000 + release`. */
  versions(): Promise<{ readonly qemu: number; readonly libvirt: number }>;
  capabilities(): Promise<string>;
  domainCapabilities(want: { readonly machine: string; readonly type: string }): Promise<string>;
  /** Those that run. */
  domains(): Promise<readonly Domain[]>;
  /** Starts a virtual machine of which nothing stays when it ends. */
  create(xml: string, options: { readonly paused: boolean }): Promise<Domain>;
  /** The definition as it is now; without passwords. */
  xml(domain: Domain): Promise<string>;
  /** State and reason, as in `libvirt-domain.h`. */
  state(domain: Domain): Promise<readonly [number, number]>;
  /** Of all that run. A machine that is busy tells less, and keeps nobody waiting. */
  stats(): Promise<readonly { readonly domain: Domain; readonly values: Values }[]>;
  suspend(domain: Domain): Promise<void>;
  resume(domain: Domain): Promise<void>;
  reset(domain: Domain): Promise<void>;
  /** Asks the guest to end: by its agent, or as the power button does. */
  shutdown(domain: Domain, by: 'agent' | 'acpi'): Promise<void>;
  reboot(domain: Domain, by: 'agent' | 'acpi'): Promise<void>;
  /** Ends it: gracefully means that QEMU is asked, and killed by nobody. */
  destroy(domain: Domain, options: { readonly graceful: boolean }): Promise<void>;
  /** How much memory the guest is to be left with, in KiB: what it gives back, the host has. */
  setMemory(domain: Domain, kib: number): Promise<void>;
  /** Changes a device of the running machine. */
  updateDevice(domain: Domain, xml: string): Promise<void>;
  /** Whether there is a filter of networks with this name. */
  hasFilter(name: string): Promise<boolean>;
  /** Makes a filter of networks, which stays. */
  defineFilter(xml: string): Promise<void>;
  /** What the agent inside the guest tells; just its name, where only that is asked for. */
  guestInfo(domain: Domain, only?: 'name'): Promise<Values>;
  /** How long it may take for each of its answers, in seconds: else there is no limit. */
  limitGuest(domain: Domain, seconds: number): Promise<void>;
  /** The picture on its first display, with its type. */
  screenshot(domain: Domain): Promise<{ readonly type: string; readonly bytes: Buffer }>;
  readonly closed: Promise<void>;
  close(): void;
}

export interface LibvirtOptions {
  /** The daemon's socket. */
  readonly socket: string;
  readonly uri: string;
  /** Nothing is told where nobody listens. */
  readonly told: ((event: LibvirtEvent) => void) | undefined;
}

const authentications = { none: 0 } as const;
/** As libvirt says that there is no filter by a name. */
const noFilter = 62;
const limitMs = 120_000;
const largestPicture = 64 * 1024 * 1024;
const flags = { paused: 1, active: 1, live: 1, graceful: 1, byAcpi: 1, byAgent: 2, hostName: 8, withoutWaiting: 1 << 29 } as const;
/** state, cpu, balloon, vcpu, interface and block. */
const statistics = 1 | 2 | 4 | 8 | 16 | 32;

const nothing = (): void => undefined;
/** Kinds of values by their numbers. */
const readValue = (reader: XdrReader): string | number | boolean => {
  const kind = reader.int();
  switch (kind) {
    case 1:
      return reader.int();
    case 2:
      return reader.unsigned();
    case 3:
      return reader.hyper();
    case 4:
      return reader.unsignedHyper();
    case 5:
      return reader.double();
    case 6:
      return reader.int() !== 0;
    case 7:
      return reader.text();
    default:
      throw new RangeError(`libvirt sent a value of the unknown kind ${kind}`);
  }
};
const readValues = (reader: XdrReader): Values => Object.fromEntries(reader.list(() => [reader.text(), readValue(reader)] as const));

/** Connects to libvirt, and hears of everything that happens to its virtual machines where that is wanted. Throws what connect(2) or libvirt says. */
export async function connectLibvirt({ socket, uri, told }: LibvirtOptions): Promise<Libvirt> {
  const kinds = new Map<number, keyof typeof eventKinds>();
  const rpc = await connectRpc({
    path: socket,
    limitMs,
    told(reader) {
      const kind = kinds.get(reader.int());
      if (kind !== undefined) told?.(readEvent(kind, reader));
    },
  });
  try {
    const ways = await rpc.call(procedures.authentications, Buffer.alloc(0), (reader) => reader.list(() => reader.int()));
    // Who may open the socket is let in, or polkit is asked about who has opened it.
    if (ways.length > 0 && !ways.includes(authentications.none)) await rpc.call(procedures.polkit, Buffer.alloc(0), nothing);
    await rpc.call(procedures.open, xdrWriter().optionalText(uri).int(0).bytes(), nothing);
    for (const [kind, number] of told === undefined ? [] : (Object.entries(eventKinds) as [keyof typeof eventKinds, number][])) {
      const id = await rpc.call(procedures.registerEvent, xdrWriter().int(number).int(0).bytes(), (reader) => reader.int());
      kinds.set(id, kind);
    }
  } catch (error) {
    rpc.close();
    throw error;
  }
  return libvirtOver(rpc);
}

function libvirtOver(rpc: Rpc): Libvirt {
  const domainCall = (procedure: number, domain: Domain, ...numbers: readonly number[]): Promise<void> =>
    rpc.call(procedure, numbers.reduce((writer, number) => writer.int(number), writeDomain(domain)).bytes(), nothing);
  return {
    async versions() {
      const [qemu, libvirt] = await Promise.all(
        [procedures.version, procedures.libraryVersion].map((procedure) =>
          rpc.call(procedure, Buffer.alloc(0), (reader) => reader.unsignedHyper()),
        ),
      );
      return { qemu: qemu ?? 0, libvirt: libvirt ?? 0 };
    },
    capabilities: () => rpc.call(procedures.capabilities, Buffer.alloc(0), (reader) => reader.text()),
    domainCapabilities({ machine, type }) {
      const values = xdrWriter().optionalText(null).optionalText(null).optionalText(machine).optionalText(type).int(0);
      return rpc.call(procedures.domainCapabilities, values.bytes(), (reader) => reader.text());
    },
    domains: () =>
      rpc.call(procedures.list, xdrWriter().int(1).int(flags.active).bytes(), (reader) => reader.list(() => readDomain(reader))),
    create: (xml, { paused }) =>
      rpc.call(
        procedures.create,
        xdrWriter()
          .text(xml)
          .int(paused ? flags.paused : 0)
          .bytes(),
        readDomain,
      ),
    xml: (domain) => rpc.call(procedures.xml, writeDomain(domain).int(0).bytes(), (reader) => reader.text()),
    state: (domain) => rpc.call(procedures.state, writeDomain(domain).int(0).bytes(), (reader) => [reader.int(), reader.int()] as const),
    stats() {
      const values = xdrWriter()
        .int(0)
        .int(statistics)
        .int(flags.active | flags.withoutWaiting);
      const read = (reader: XdrReader) => reader.list(() => ({ domain: readDomain(reader), values: readValues(reader) }));
      return rpc.call(procedures.stats, values.bytes(), read);
    },
    suspend: (domain) => domainCall(procedures.suspend, domain),
    resume: (domain) => domainCall(procedures.resume, domain),
    reset: (domain) => domainCall(procedures.reset, domain, 0),
    shutdown: (domain, by) => domainCall(procedures.shutdown, domain, by === 'acpi' ? flags.byAcpi : flags.byAgent),
    reboot: (domain, by) => domainCall(procedures.reboot, domain, by === 'acpi' ? flags.byAcpi : flags.byAgent),
    destroy: (domain, { graceful }) => domainCall(procedures.destroy, domain, graceful ? flags.graceful : 0),
    setMemory: (domain, kib) => rpc.call(procedures.setMemory, writeDomain(domain).hyper(kib).bytes(), nothing),
    updateDevice: (domain, xml) => rpc.call(procedures.updateDevice, writeDomain(domain).text(xml).int(flags.live).bytes(), nothing),
    async hasFilter(name) {
      try {
        await rpc.call(procedures.filterByName, xdrWriter().text(name).bytes(), nothing);
        return true;
      } catch (error) {
        if (error instanceof LibvirtError && error.code === noFilter) return false;
        throw error;
      }
    },
    defineFilter: (xml) => rpc.call(procedures.defineFilter, xdrWriter().text(xml).bytes(), nothing),
    // Everything it can tell, as far as it can tell it.
    guestInfo: (domain, only) =>
      rpc.call(
        procedures.guestInfo,
        writeDomain(domain)
          .int(only === 'name' ? flags.hostName : 0)
          .int(0)
          .bytes(),
        readValues,
      ),
    limitGuest: (domain, seconds) => domainCall(procedures.limitGuest, domain, seconds, 0),
    async screenshot(domain) {
      const values = writeDomain(domain).int(0).int(0).bytes();
      const [type, bytes] = await rpc.download(procedures.screenshot, values, (reader) => reader.optionalText(), largestPicture);
      return { type: type ?? 'image/x-portable-pixmap', bytes };
    },
    closed: rpc.closed,
    close: () => rpc.close(),
  };
}
