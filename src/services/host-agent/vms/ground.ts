import { VerbFailure } from '../verbs.ts';
import type { Element } from '../xml.ts';
import { codes } from './codes.ts';

/* What definitions of virtual machines are judged by, and with. */

/** What a definition meets on this host. */
export interface Ground {
  /** Whether guests may use KVM; otherwise they are emulated. */
  readonly kvm: boolean;
  /** Machine types that QEMU has here. */
  readonly machines: readonly string[];
  /** The place of the serial console's socket. */
  readonly consoleSocket: (id: string) => string;
  /** Whether shares of processors are weights here (control groups of version 2), of which 100 is the usual one instead of 1024. */
  readonly weights: boolean;
  /** The number by which this host is known. */
  readonly hostId: string;
  /** The address at which displays listen. */
  readonly displayAddress: string;
  /** Whether SPICE displays have TLS: then they are not reached without. */
  readonly spiceTls: boolean;
  /** What displays have for a password before there is a ticket: nobody knows it, and it is not valid. */
  readonly password: string;
  /** Where the content of disks is, by the name of their target: a path, or null for a drive that is empty. */
  readonly sources: ReadonlyMap<string, string | null>;
}

/** Throws a VerbFailure (9) that names what is not taken. */
export const refuse = (what: string): never => {
  throw new VerbFailure(codes.cannotCreate, `The definition of the virtual machine has ${what}, which is not taken`);
};

/** Gives an element other attributes: those that are undefined are taken away. */
export const alter = (one: Element, attributes: Readonly<Record<string, string | undefined>>, children = one.children): Element => ({
  ...one,
  attributes: Object.fromEntries(
    Object.entries({ ...one.attributes, ...attributes }).filter((entry): entry is [string, string] => entry[1] !== undefined),
  ),
  children,
});

export const without = (one: Element, ...names: readonly string[]): readonly Element[] =>
  one.children.filter(({ name }) => !names.includes(name));
