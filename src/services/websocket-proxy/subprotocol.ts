/** How bytes travel in messages: as they are, or as text for browsers of old. */
export type Subprotocol = 'binary' | 'base64';

/**
 * Chooses from the subprotocols that a browser offers the first that is known. A program that offers none gets binary
 * messages. Null: it offers others only, and would close the connection if none of them was chosen.
 */
export function chooseSubprotocol(offered: string | undefined): Subprotocol | null {
  if (offered === undefined) return 'binary';
  const names = offered.split(',').map((name) => name.trim());
  return names.find((name): name is Subprotocol => name === 'binary' || name === 'base64') ?? null;
}

/** Decodes a text message. Throws when it is not base64. */
export function fromBase64(text: string): Buffer {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new Error('the message is not base64');
  return Buffer.from(text, 'base64');
}
