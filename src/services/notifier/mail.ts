import { getCACertificates } from 'node:tls';
import { createTransport } from 'nodemailer';
import { htmlBody, mailSubject, plainBody } from './mail-text.ts';
import { Refused, type Transport } from './transport.ts';

export interface MailSettings {
  readonly server: string;
  readonly port: number;
  readonly encryption: 'none' | 'ssl' | 'tls';
  readonly user: string | null;
  readonly password: string | null;
  readonly from: string;
  readonly replyTo: string | null;
  readonly html: boolean;
}

const limitMs = 20_000;

/** Mail by SMTP, each event one mail. Certificates of the server are checked wherever there is encryption. */
export function mailTransport(settings: MailSettings, hostName: string): Transport {
  const { server, port, encryption, user, password } = settings;
  const smtp = createTransport({
    host: server,
    port,
    secure: encryption === 'ssl',
    requireTLS: encryption === 'tls',
    ignoreTLS: encryption === 'none',
    tls: { minVersion: 'TLSv1.2', ...(encryption === 'none' ? {} : { ca: trusted() }) },
    ...(user === null || password === null ? {} : { auth: { user, pass: password } }),
    connectionTimeout: limitMs,
    greetingTimeout: limitMs,
    socketTimeout: limitMs,
    // What is sent is text of ours: nothing is ever read from files or addresses.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    way: () => 'smtp',
    async send(event, address) {
      if (!isMailAddress(address)) throw new Refused('this is no mail address');
      try {
        await smtp.sendMail({
          from: settings.from,
          to: { name: '', address },
          ...(settings.replyTo === null ? {} : { replyTo: settings.replyTo }),
          subject: mailSubject(event, hostName),
          date: event.time,
          headers: { 'Auto-Submitted': 'auto-generated' },
          ...(settings.html ? { html: htmlBody(event) } : { text: plainBody(event) }),
        });
      } catch (error) {
        throw isRefusal(error) ? new Refused((error as Error).message, error) : error;
      }
    },
  };
}

/** A mail server often has a certificate of an authority that only the system knows. */
const trusted = (): string[] => [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];

/** One address and nothing that could begin another header. */
export const isMailAddress = (text: string): boolean =>
  text.length <= 254 && /^[^\s@<>,;:"()[\]\\\p{Cc}]+@[^\s@<>,;:"()[\]\\\p{Cc}]+$/u.test(text);

/** The server answered to this very mail; a wrong password, say, concerns all of them. */
const isRefusal = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'EENVELOPE' || error.code === 'EMESSAGE');
