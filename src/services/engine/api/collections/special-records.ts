import { Refusal } from '../../http/refusal.ts';
import { incomplete, invalidValue, outOfRange, rejected } from '../fault.ts';
import type { Entity } from '../types.ts';
import { type Occasion, type Special, type SpecialChange, type Work, textOf } from './collection.ts';
import { permits, systemObject } from './permits.ts';
import { severities, type Severity } from './severities.ts';

/* Tags of people, and events and jobs that clients add. */

/** Puts tags on something, and takes them away. */
export const taggedSpecial = (tie: string, column: string): Special => ({
  add: {
    permit: permits.tag_management,
    async work({ entity, members, asker, place }) {
      const tag = await members.resolve('tags', entity, asker);
      return {
        object: systemObject,
        event: { code: 440, name: 'USER_ATTACH_TAG', text: 'Tag ${name} was attached by ${user}.' },
        statement: (values) => [
          ['added', `insert into ${tie} (tag_id, ${column}) values (${values.add(tag)}, ${values.add(place.parent)}) returning tag_id`],
          ['done', 'select g.tag_id::text as id, g.tag_name::text as name from tags g join added a using (tag_id)'],
        ],
      };
    },
  },
  remove: {
    permit: permits.tag_management,
    async work({ id, place }) {
      return {
        object: systemObject,
        event: { code: 442, name: 'USER_DETACH_TAG', text: 'Tag ${name} was detached by ${user}.' },
        statement: (values) => [
          ['gone', `delete from ${tie} where tag_id = ${values.add(id)} and ${column} = ${values.add(place.parent)} returning tag_id`],
          ['done', 'select g.tag_id::text as id, g.tag_name::text as name from tags g join gone a using (tag_id)'],
        ],
      };
    },
  },
});

/** Numbers and names of the events of others, by their severity. */
const externalEvents: Readonly<Record<Severity, readonly [code: number, name: string]>> = {
  normal: [9801, 'EXTERNAL_EVENT_NORMAL'],
  warning: [9802, 'EXTERNAL_EVENT_WARNING'],
  error: [9803, 'EXTERNAL_EVENT_ERROR'],
  alert: [9804, 'EXTERNAL_ALERT'],
};

const isSeverity = (word: string): word is Severity => Object.hasOwn(severities, word);

/** What an event of somebody else has to say. Throws faults (400). */
function external(entity: Entity) {
  const [description, origin, severity] = [textOf(entity, 'description'), textOf(entity, 'origin'), textOf(entity, 'severity')];
  const customId = entity['custom_id'];
  const missing = Object.entries({ description, origin, severity }).flatMap(([name, value]) => (value === '' ? [name] : []));
  if (typeof customId !== 'number') missing.push('custom_id');
  if (missing.length > 0) throw incomplete('event', missing, 'add');
  if (!isSeverity(severity)) throw invalidValue('severity', Object.keys(severities));
  if (/^ovirt$/i.test(origin)) throw rejected('The origin oVirt is the engine itself.');
  if (description.length > 4000) throw outOfRange('description may have 4000 characters at most.');
  if (origin.length > 25) throw outOfRange('origin may have 25 characters at most.');
  return { description, origin, severity, customId };
}

/** What an event is about. */
async function aboutOf({ entity, members, asker }: Occasion): Promise<Readonly<Record<'cluster_id' | 'storage_pool_id', string | null>>> {
  const of = async (attribute: string, rel: string): Promise<string | null> =>
    (entity[attribute] ?? null) === null ? null : members.resolve(rel, entity[attribute] as Entity, asker);
  return { cluster_id: await of('cluster', 'clusters'), storage_pool_id: await of('data_center', 'datacenters') };
}

export const eventSpecial: Special = {
  add: {
    permit: permits.inject_external_events,
    async work(occasion) {
      const { entity, worker } = occasion;
      const { description, origin, severity, customId } = external(entity);
      const about = await aboutOf(occasion);
      const [code, name] = externalEvents[severity];
      const columns = {
        log_type: code,
        log_type_name: name,
        severity: severities[severity],
        message: description,
        origin,
        custom_event_id: customId,
        custom_data: textOf(entity, 'custom_data'),
        event_flood_in_sec: typeof entity['flood_rate'] === 'number' ? entity['flood_rate'] : 30,
        user_id: worker.userId,
        user_name: worker.userName,
        correlation_id: worker.correlationId,
        ...about,
      };
      return {
        object: systemObject,
        event: { code, name, text: 'External event ${name} was added by ${user}.' },
        name: description,
        statement: (values) => [
          [
            'done',
            `insert into audit_log (log_time, ${Object.keys(columns).join(', ')})
           values (now(), ${Object.values(columns)
             .map((value) => values.add(value))
             .join(', ')}) returning audit_log_id::text as id, message as name`,
          ],
        ],
        quiet: true,
      };
    },
  },
  // It is no longer shown, and can be shown again. Whoever is told of it by the notifier is told all the same.
  remove: {
    permit: permits.audit_log_management,
    async work({ id }) {
      return {
        object: systemObject,
        event: { code: 9805, name: 'EVENT_REMOVED', text: 'Event ${name} was removed by ${user}.' },
        statement: (values) => [
          [
            'done',
            `update audit_log set deleted = true where audit_log_id = ${values.add(id)}::bigint and not deleted
           returning audit_log_id::text as id, audit_log_id::text as name`,
          ],
        ],
      };
    },
  },
};

/** Shows again what was removed from the list of events. */
export const undeleteEvents: SpecialChange = {
  permit: permits.audit_log_management,
  async work() {
    return {
      object: systemObject,
      event: { code: 9807, name: 'EVENTS_RESTORED', text: '${name} removed events were brought back by ${user}.' },
      statement: () => [
        ['shown', 'update audit_log set deleted = false where deleted returning audit_log_id'],
        ['done', `select ''::text as id, count(*)::text as name from shown`],
      ],
    };
  },
};

export const jobSpecial: Special = {
  add: {
    permit: permits.inject_external_tasks,
    async work({ entity, worker }) {
      const description = textOf(entity, 'description');
      if (description === '') throw incomplete('job', ['description'], 'add');
      const cleared = entity['auto_cleared'] !== false;
      return {
        object: systemObject,
        event: { code: 9810, name: 'ADD_EXTERNAL_JOB', text: 'External job ${name} was added by ${user}.' },
        name: description,
        statement: (values) => [
          [
            'done',
            `insert into job (job_id, action_type, description, status, owner_id, start_time, last_update_time, correlation_id, is_external, is_auto_cleared)
           values (gen_random_uuid(), 'AddExternalJob', ${values.add(description)}, 'STARTED', ${values.add(worker.userId)}, now(), now(),
             ${values.add(worker.correlationId)}, true, ${values.add(cleared)}) returning job_id::text as id, description as name`,
          ],
        ],
        quiet: true,
      };
    },
  },
};

const jobAction = (setFor: (action: Entity) => string, event: Work['event']): SpecialChange => ({
  permit: permits.inject_external_tasks,
  async work({ database, id, entity }) {
    const [found] = await database.query<{ external: boolean }>('select is_external as external from job where job_id = $1', [id]);
    if (found?.external !== true) throw new Refusal(409, 'Only external jobs are ended and cleared by clients.');
    return {
      object: systemObject,
      event,
      statement: (values) => [
        [
          'done',
          `update job set ${setFor(entity)}, last_update_time = now() where job_id = ${values.add(id)} returning job_id::text as id, description as name`,
        ],
      ],
    };
  },
});

export const jobActions = {
  clear: jobAction(() => 'is_auto_cleared = true', {
    code: 9811,
    name: 'CLEAR_EXTERNAL_JOB',
    text: 'External job ${name} was cleared by ${user}.',
  }),
  end: jobAction(({ succeeded }) => `status = '${succeeded === false ? 'FAILED' : 'FINISHED'}', end_time = now()`, {
    code: 9812,
    name: 'END_EXTERNAL_JOB',
    text: 'External job ${name} was ended by ${user}.',
  }),
};
