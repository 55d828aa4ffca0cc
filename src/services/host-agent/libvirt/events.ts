import { type Domain, readDomain } from './domain.ts';
import type { XdrReader } from './xdr.ts';

/** Kinds of events that we listen for, with libvirt's numbers. */
export const eventKinds = { lifecycle: 0, reboot: 1, clock: 2, graphics: 5, ioError: 6, agent: 18 } as const;

/** What happened to a virtual machine. */
export type LibvirtEvent =
  | { readonly kind: 'lifecycle'; readonly domain: Domain; readonly event: number; readonly detail: number }
  | { readonly kind: 'reboot'; readonly domain: Domain }
  /** The guest has set its clock: seconds that it is ahead of UTC. */
  | { readonly kind: 'clock'; readonly domain: Domain; readonly offset: number }
  | { readonly kind: 'graphics'; readonly domain: Domain; readonly phase: number; readonly client: string }
  | { readonly kind: 'ioError'; readonly domain: Domain; readonly alias: string; readonly reason: string }
  | { readonly kind: 'agent'; readonly domain: Domain; readonly connected: boolean };

/** The host of an address, which has its family in front and its port behind. */
function readAddress(reader: XdrReader): string {
  reader.int();
  const host = reader.text();
  reader.text();
  return host;
}

/** Reads what follows the number of the registration. */
export function readEvent(kind: keyof typeof eventKinds, reader: XdrReader): LibvirtEvent {
  const domain = readDomain(reader);
  switch (kind) {
    case 'lifecycle':
      return { kind, domain, event: reader.int(), detail: reader.int() };
    case 'reboot':
      return { kind, domain };
    case 'clock':
      return { kind, domain, offset: reader.hyper() };
    case 'graphics': {
      const phase = reader.int();
      const [, client] = [readAddress(reader), readAddress(reader)];
      return { kind, domain, phase, client };
    }
    case 'ioError': {
      reader.text();
      const alias = reader.text();
      reader.int();
      return { kind, domain, alias, reason: reader.text() };
    }
    case 'agent':
      return { kind, domain, connected: reader.int() === 1 };
  }
}
