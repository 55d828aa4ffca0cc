import { Fault } from '../fault.ts';
import { connectNbd } from '../nbd/client.ts';
import { changes, zeroExtents } from '../nbd/extents.ts';
import { transmissionFlags } from '../nbd/protocol.ts';
import { type Ticket, writes } from '../tickets/ticket.ts';
import type { Blocks } from './blocks.ts';

/** Opens what an NBD server exports: the content of a disk, in whatever format it lies. Throws Fault, or what keeps it from being reached. */
export async function openNbd({ socket, name }: { readonly socket: string; readonly name: string }, ticket: Ticket): Promise<Blocks> {
  const { size, sparse, dirty } = ticket;
  const client = await connectNbd(socket, name);
  try {
    if (client.size < size) throw new Fault(500, `the image has ${client.size} bytes, fewer than the ticket says`);
    if (writes(ticket) && (client.flags & transmissionFlags.readOnly) !== 0) throw new Fault(500, 'the image can only be read');
  } catch (error) {
    await client.close();
    throw error;
  }
  return {
    read: (into, offset) => client.read(into, offset),
    write: (pieces, offset) => client.write(pieces, offset),
    zero: (offset, length) => client.zero(offset, length, !sparse),
    flush: () => client.flush(),
    extents: () => zeroExtents(client, size),
    dirtyExtents: dirty ? changes(client, size) : null,
    close: () => client.close(),
  };
}
