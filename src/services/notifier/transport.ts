import type { Event } from './event.ts';

/** A way to tell somebody. */
export interface Transport {
  /** Names what an address is reached through: whatever is slow or out of reach holds up nothing that goes another way. */
  way(address: string): string;
  /**
   * Tells of an event. Throws Refused when it will not take this event for this address, and anything else when it
   * cannot be reached at present.
   */
  send(event: Event, address: string): Promise<void>;
}

/** The other side was there and said no, or the address makes no sense: other events may fare better. */
export class Refused extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'Refused';
  }
}
