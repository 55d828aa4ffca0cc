import type { KeyObject } from 'node:crypto';
import { BadEnvelope, type Envelope, openEnvelope } from '../frame/envelope.ts';
import { Refusal } from './refusal.ts';

/** A ticket whose signature and time are right. */
export type Ticket = Envelope;

/** Clocks of two machines are never the same; only the beginning is lenient, which nobody gains anything from. */
const clockSkewMs = 5_000;
/** Times are whole seconds. */
const restOfSecondMs = 999;

/** Opens a ticket. The certificate that it carries is not looked at: only `signer` counts. Throws Refusal. */
export function openTicket(text: string, signer: KeyObject, now: number): Ticket {
  try {
    return openEnvelope(text, { signerOf: () => signer, by: 'the engine', now, earlyMs: clockSkewMs, lateMs: restOfSecondMs });
  } catch (error) {
    throw error instanceof BadEnvelope ? new Refusal(403, `the ticket ${error.message}`) : error;
  }
}
