import { type Event, type Occasion, textOf } from './collection.ts';

/** Why a person wants it, as they say; null where they do not. */
export const reasonOf = ({ entity }: Pick<Occasion, 'entity'>): string | null => {
  const reason = textOf(entity, 'reason').trim();
  return reason === '' ? null : reason;
};

/** An event that tells the reason as well. */
export const because = (event: Event, reason: string | null): Event =>
  reason === null ? event : { ...event, more: `Reason: ${reason.replace(/\.+$/, '')}.` };
