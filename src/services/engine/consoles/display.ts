import { isIP } from 'node:net';
import type { Database } from '../../frame/database.ts';
import { isHostAddress } from '../hosts/host-address.ts';
import type { AgentOf } from '../agents/agents.ts';
import { integerOf } from '../agents/hostile.ts';
import { machineStatusWord, type MachineStatus } from '../machines/machine-status.ts';

const displayTypes = ['spice', 'vnc'] as const;
export type DisplayType = (typeof displayTypes)[number];

/** Consoles have the hexadecimal form of their protocol as id. */
export const consoleId = (type: DisplayType): string => Buffer.from(type).toString('hex');
export const typeOfConsole = (id: string): DisplayType | undefined => displayTypes.find((type) => consoleId(type) === id.toLowerCase());

/** An open display of a virtual machine, and where it is. */
export interface Display {
  readonly type: DisplayType;
  readonly address: string;
  /** Null where it is not reached without TLS. */
  readonly port: number | null;
  /** Null where it is not reached with TLS. */
  readonly tlsPort: number | null;
  /** The name in the certificate of its host. */
  readonly tlsName: string;
}

/** A virtual machine, as far as its displays go. */
export interface MachineDisplays {
  readonly id: string;
  readonly name: string;
  readonly status: MachineStatus;
  /** The host that it runs on; null where it does not run. */
  readonly host: AgentOf | null;
  readonly displays: readonly Display[];
  /** Who has opened a display that is in use; null where none is, or nobody knows. */
  readonly usedBy: string | null;
  /** Whether others may take a display over that is in use. */
  readonly takenOver: boolean;
  /** What happens to the guest when its user leaves: `LOCK_SCREEN` for instance. */
  readonly whenLeft: string;
}

const shown: readonly MachineStatus[] = ['up', 'powering_up', 'paused', 'migrating', 'reboot_in_progress', 'powering_down'];

interface Row {
  readonly id: string;
  readonly name: string;
  readonly status: number;
  readonly graphics: unknown;
  readonly usedBy: string | null;
  readonly takenOver: boolean;
  readonly whenLeft: string;
  readonly host: string | null;
  readonly address: string;
  readonly port: number;
  readonly displayAddress: string | null;
  readonly vncTls: boolean;
}

/** The displays of a virtual machine; null where there is no such machine. */
export async function displaysOf(database: Database, machine: string): Promise<MachineDisplays | null> {
  const [row] = await database.query<Row>(
    `select v.vm_guid::text as id, v.vm_name as name, d.status, d.graphics, v.allow_console_reconnect as "takenOver",
       v.console_disconnect_action as "whenLeft", case when coalesce(d.client_ip, '') <> '' then d.console_user_id::text end as "usedBy",
       s.vds_id::text as host, s.host_name as address, s.port, s.console_address as "displayAddress",
       coalesce(h.vnc_encryption_enabled, false) as "vncTls"
     from vm_static v join vm_dynamic d using (vm_guid) left join vds_static s on s.vds_id = d.run_on_vds left join vds_dynamic h using (vds_id)
     where v.vm_guid = $1 and v.entity_type = 'VM'`,
    [machine],
  );
  if (row === undefined) return null;
  const { id, name, usedBy, takenOver, whenLeft, host, address, port } = row;
  const status = machineStatusWord(row.status);
  const runs = host !== null && shown.includes(status);
  return {
    ...{ id, name, status, usedBy, takenOver, whenLeft },
    host: runs ? { id: host, address, port } : null,
    displays: runs ? readDisplays(row) : [],
  };
}

/** What its agent tells of the displays of a machine. Agents are not believed: what makes no sense is left out. */
function readDisplays({ graphics, address, displayAddress, vncTls }: Row): readonly Display[] {
  return (Array.isArray(graphics) ? (graphics as readonly unknown[]) : []).flatMap((one) => {
    if (typeof one !== 'object' || one === null) return [];
    const told = one as Readonly<Record<string, unknown>>;
    const type = displayTypes.find((known) => known === told['type']);
    const [port, tlsPort] = [integerOf(told['port'], 1, 65_535), integerOf(told['tlsPort'], 1, 65_535)];
    if (type === undefined || (port === null && tlsPort === null)) return [];
    const where = addressOfDisplay(told['address'], { address, displayAddress });
    // A VNC display has one port, with TLS or without.
    const ports = type === 'vnc' && vncTls ? { port: null, tlsPort: port ?? tlsPort } : { port, tlsPort: type === 'vnc' ? null : tlsPort };
    return [{ type, address: where, ...ports, tlsName: address }];
  });
}

/** Where the displays of a host are reached: where it is said, else where one listens, else where the host itself is. */
export const addressOfDisplay = (
  listens: unknown,
  { address, displayAddress }: { readonly address: string; readonly displayAddress: string | null },
): string => displayAddress ?? (isAddressToReach(listens) ? listens : address);

/** Whether displays that listen at an address are reached there by others: not where it stands for all addresses, or for this machine. */
const isAddressToReach = (address: unknown): address is string =>
  typeof address === 'string' &&
  isHostAddress(address) &&
  !(isIP(address) !== 0 && /^(0\.|127\.|::$|::1$|::ffff:)/i.test(address)) &&
  address !== '0';
