import { fileURLToPath } from 'node:url';
import { Fault } from '../fault.ts';
import type { Ticket } from '../tickets/ticket.ts';
import type { LocalPlaces } from './blocks.ts';
import { openFile } from './file-blocks.ts';
import { mayBeHost } from './hosts.ts';
import type { Image } from './image.ts';
import { localImage } from './local-image.ts';
import { openNbd } from './nbd-blocks.ts';
import { type Remote, remoteImage } from './remote-image.ts';

/** Where images may lie: on this machine, or, for a service that stands before others, at hosts. */
export type Places = LocalPlaces | { readonly remote: Remote };

type Place =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'nbd'; readonly socket: string; readonly name: string }
  | { readonly kind: 'https'; readonly host: string };

/** Reads where an image lies. Throws Fault for what cannot be served here. */
export function readPlace(text: string, places: Places): Place {
  const place = parse(text);
  if (place === null) throw new Fault(400, 'url must be file:///PATH, nbd:unix:/PATH[:exportname=NAME] or https://HOST:PORT/images/ID');
  if ('remote' in places !== (place.kind === 'https'))
    throw new Fault(
      400,
      'remote' in places ? 'url must be https: images lie at hosts' : 'url must be file: or nbd: images lie on this machine',
    );
  if (place.kind === 'https' && 'remote' in places && !mayBeHost(place.host, places.remote.allowed))
    throw new Fault(400, 'url leads to an address where no host may be');
  return place;
}

function parse(text: string): Place | null {
  const [, socket, name = ''] = /^nbd:unix:(\/[^:]+)(?::exportname=(.*))?$/.exec(text) ?? [];
  if (socket !== undefined) return { kind: 'nbd', socket, name };
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return null;
  if (url.protocol === 'https:') return /^\/images\/[\w-]+$/.test(url.pathname) ? { kind: 'https', host: url.hostname } : null;
  if (url.protocol !== 'file:' || url.host !== '') return null;
  try {
    const path = fileURLToPath(url);
    return path.includes('\0') ? null : { kind: 'file', path };
  } catch {
    return null;
  }
}

/** Opens the image of a ticket. Throws Fault. */
export async function openImage(ticket: Ticket, places: Places): Promise<Image> {
  const place = readPlace(ticket.url, places);
  try {
    if ('remote' in places) return remoteImage(ticket.url, places.remote);
    const blocks = place.kind === 'nbd' ? openNbd(place, ticket) : openFile('path' in place ? place.path : '', ticket, places);
    return localImage(await blocks, ticket);
  } catch (error) {
    throw error instanceof Fault ? error : new Fault(500, 'the image cannot be opened', { cause: error });
  }
}
