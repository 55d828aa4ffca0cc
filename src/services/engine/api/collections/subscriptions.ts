import { badRequest } from '../../http/refusal.ts';
import { incomplete, invalidValue, rejected } from '../fault.ts';
import type { Entity } from '../types.ts';
import { type Collection, optional, reference, type Special, textOf } from './collection.ts';
import { permits, systemObject } from './permits.ts';

/* What the notifier tells users of. */

const methods = ['smtp', 'snmp'] as const;

/** A subscription as it is stored. Throws faults (400). */
function wanted(entity: Entity) {
  const event = textOf(entity, 'event').toUpperCase();
  const method = textOf(entity, 'notification_method') || 'smtp';
  const address = textOf(entity, 'address');
  if (event === '') throw incomplete('event_subscription', ['event'], 'add');
  if (!/^[A-Z0-9_]{1,100}$/.test(event)) throw badRequest('The name of an event holds letters, digits and underscores only.');
  if (!methods.some((one) => one === method)) throw invalidValue('notification_method', methods);
  if (address.length > 255 || /[\r\n]/.test(address)) throw rejected('The address cannot be one.');
  return { event, method, address };
}

const eventOf = (code: number, name: string, done: string) => ({
  code,
  name,
  text: `The subscription of an event (\${name}) was ${done} by \${user}.`,
});

const subscriptionSpecial: Special = {
  add: {
    permit: permits.event_notification_management,
    async work({ entity, place }) {
      const { event, method, address } = wanted(entity);
      return {
        object: systemObject,
        event: eventOf(9820, 'ADD_EVENT_SUBSCRIPTION', 'added'),
        name: event,
        statement: (values) => [
          [
            'done',
            `insert into event_subscriber (subscriber_id, event_up_name, notification_method, method_address)
           values (${values.add(place.parent)}, ${values.add(event)}, ${values.add(method)}, nullif(${values.add(address)}, ''))
           returning lower(event_up_name) as id, event_up_name::text as name`,
          ],
        ],
      };
    },
  },
  remove: {
    permit: permits.event_notification_management,
    async work({ id, place }) {
      return {
        object: systemObject,
        event: eventOf(9822, 'REMOVE_EVENT_SUBSCRIPTION', 'removed'),
        name: id,
        statement: (values) => [
          [
            'gone',
            `delete from event_subscriber where subscriber_id = ${values.add(place.parent)} and lower(event_up_name) = ${values.add(id)}
           returning event_up_name`,
          ],
          ['done', 'select lower(event_up_name) as id, event_up_name::text as name from gone limit 1'],
        ],
      };
    },
  },
};

export const eventSubscriptions: Collection = {
  rel: 'eventsubscriptions',
  below: { rel: 'users', condition: 't.subscriber_id = $parent' },
  type: 'event_subscription',
  about: 'Events that a user is told of, by their names in lower case, and how.',
  from: 'event_subscriber t',
  id: 'lower(t.event_up_name)',
  idKind: 'name',
  columns: 't.subscriber_id, t.event_up_name, t.notification_method, t.method_address',
  describe: (row) => ({
    address: optional(row['method_address']),
    event: String(row['event_up_name']).toLowerCase(),
    notification_method: String(row['notification_method']),
    user: reference('users', row['subscriber_id']),
  }),
  order: 't.event_up_name, t.notification_method',
  sight: 'administrators',
  own: 't.subscriber_id = $user',
  search: { event: { sql: 't.event_up_name', as: 'text' } },
  words: ['event'],
  special: subscriptionSpecial,
};
