import { type EnvelopeSigner, sealEnvelope } from '../../frame/envelope.ts';

/** The display of a virtual machine, as a ticket names it. */
export interface ConsoleTarget {
  readonly host: string;
  readonly port: number;
  /** Whether the display speaks TLS. */
  readonly tls: boolean;
  /** The name in the host's certificate, where displays are reached under another address. */
  readonly tlsName?: string;
}

/**
 * Makes the ticket that opens one console through the WebSocket proxy.
 * @param now in milliseconds since 1970
 */
export function makeConsoleTicket(target: ConsoleTarget, signer: EnvelopeSigner, now: number, validSeconds: number): string {
  const { host, port, tls, tlsName } = target;
  const payload = { host, port: String(port), ssl_target: tls, ...(tlsName === undefined ? {} : { tls_name: tlsName }) };
  return sealEnvelope(encodeURIComponent(JSON.stringify(payload)), signer, now, validSeconds);
}
