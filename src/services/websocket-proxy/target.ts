import { isIP } from 'node:net';
import { Refusal } from './refusal.ts';

/** Where a console lies. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** The name in the host's certificate, where it is another than the address of its displays. */
  readonly tlsName: string;
}

/**
 * Reads the payload of a ticket: URL-encoded JSON `{"host":"10.0.0.5","port":"5900","ssl_target":true}`, with `tls_name`
 * where the host's certificate bears another name. Throws Refusal.
 */
export function readTarget(data: string): Target {
  const { host, port, ssl_target: tls, tls_name: tlsName } = readObject(data);
  if (typeof host !== 'string' || !isHost(host)) throw new Refusal(403, 'the ticket names no host');
  if (tlsName !== undefined && (typeof tlsName !== 'string' || !isHost(tlsName))) throw new Refusal(403, 'the ticket has a wrong tls_name');
  const number = typeof port === 'string' && /^\d{1,5}$/.test(port) ? Number(port) : port;
  if (typeof number !== 'number' || !Number.isInteger(number) || number < 1 || number > 65_535)
    throw new Refusal(403, 'the ticket names no port');
  const bare = withoutBrackets(host);
  return { host: bare, port: number, tls: isYes(tls), tlsName: withoutBrackets(tlsName ?? bare) };
}

function readObject(data: string): Readonly<Record<string, unknown>> {
  try {
    // As the encoder of forms wrote it: a blank is a plus sign.
    const parsed: unknown = JSON.parse(decodeURIComponent(data.replaceAll('+', ' ')));
    if (typeof parsed === 'object' && parsed !== null) return parsed as Readonly<Record<string, unknown>>;
  } catch {
    // Neither form is worth a different message.
  }
  throw new Refusal(403, 'the payload of the ticket is not URL-encoded JSON');
}

/** Some encoders of JSON write a truth value as text. */
const isYes = (value: unknown): boolean => value === true || (typeof value === 'string' && value.toLowerCase() === 'true');

const withoutBrackets = (host: string): string => host.replace(/^\[(.*)\]$/, '$1');

/** An address, or a name that is made of labels. */
function isHost(text: string): boolean {
  // The zone of an address (%eth0) means something on one machine only.
  if (isIP(withoutBrackets(text)) !== 0) return !text.includes('%');
  return text.length <= 253 && /^(?!\d+(\.\d+)*$)([A-Za-z0-9_]([A-Za-z0-9_-]{0,62})\.)*[A-Za-z0-9_][A-Za-z0-9_-]{0,62}\.?$/.test(text);
}
