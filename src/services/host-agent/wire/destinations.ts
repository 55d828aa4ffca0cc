/* The names of queues. Which verb is sent to which of the two for requests makes no difference here. */

/** Queue of requests to the one where answers go that name no other. */
const answersOf: Readonly<Record<string, string>> = {
  'jms.topic.vdsm_requests': 'jms.topic.vdsm_responses',
  'jms.topic.vdsm_irs_requests': 'jms.topic.vdsm_irs_responses',
};

/** Where events go. */
export const eventQueue = 'jms.queue.events';

/** A destination and its dotted parents, itself first: `a.b.c`, `a.b`, `a`. */
export function withParents(destination: string): readonly string[] {
  const parts = destination.split('.');
  return parts.map((_part, at) => parts.slice(0, parts.length - at).join('.'));
}

/** Where answers to requests to a destination go; undefined where it is none for requests. */
export function answersTo(destination: string): string | undefined {
  const queue = Object.keys(answersOf).find((one) => destination === one || destination.startsWith(`${one}.`));
  return queue === undefined ? undefined : answersOf[queue];
}
