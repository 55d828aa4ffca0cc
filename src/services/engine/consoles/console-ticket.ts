import { constants, type KeyObject, randomBytes, sign } from 'node:crypto';

/** The display of a virtual machine, as a ticket names it. */
export interface ConsoleTarget {
  readonly host: string;
  readonly port: number;
  /** Whether the display speaks TLS. */
  readonly tls: boolean;
  /** The name in the host's certificate, where displays are reached under another address. */
  readonly tlsName?: string;
}

/** Whose signature a ticket bears. */
export interface TicketSigner {
  readonly key: KeyObject;
  /** The certificate that goes with the key, as PEM. */
  readonly certificate: string;
}

/** The fields in the order in which they are signed. */
const signedFields = ['salt', 'validFrom', 'validTo', 'data'] as const;

/**
 * Makes the ticket that opens one console through the WebSocket proxy: base64 of a JSON object, signed with RSASSA-PSS
 * and SHA-256 as engines from 4.5 on do it.
 * @param now in milliseconds since 1970
 */
export function makeConsoleTicket(target: ConsoleTarget, signer: TicketSigner, now: number, validSeconds: number): string {
  const { host, port, tls, tlsName } = target;
  const payload = { host, port: String(port), ssl_target: tls, ...(tlsName === undefined ? {} : { tls_name: tlsName }) };
  const fields = {
    salt: randomBytes(8).toString('base64'),
    validFrom: timeText(now),
    validTo: timeText(now + validSeconds * 1000),
    data: encodeURIComponent(JSON.stringify(payload)),
  };
  const signature = sign('sha256', Buffer.from(signedFields.map((name) => fields[name]).join('')), {
    key: signer.key,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_MAX_SIGN,
  });
  const ticket = {
    ...fields,
    signedFields: signedFields.join(','),
    certificate: signer.certificate,
    v2_signature: signature.toString('base64'),
  };
  return Buffer.from(JSON.stringify(ticket)).toString('base64');
}

/** `yyyyMMddHHmmss` in UTC. */
const timeText = (ms: number): string => new Date(ms).toISOString().replace(/\D/g, '').slice(0, 14);
