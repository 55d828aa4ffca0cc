import { type XdrReader, type XdrWriter, xdrWriter } from './xdr.ts';

/** A virtual machine as libvirt tells them apart. */
export interface Domain {
  readonly name: string;
  readonly uuid: string;
  readonly id: number;
}

const uuidText = (bytes: Buffer): string => bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
const uuidBytes = (text: string): Buffer => Buffer.from(text.replaceAll('-', ''), 'hex');

/** Reads what stands for a virtual machine in answers and events. */
export const readDomain = (reader: XdrReader): Domain => ({
  name: reader.text(),
  uuid: uuidText(reader.fixed(16)),
  id: reader.int(),
});

/** Begins the values of a call that is about a virtual machine. */
export const writeDomain = ({ name, uuid, id }: Domain): XdrWriter => xdrWriter().text(name).fixed(uuidBytes(uuid)).int(id);
