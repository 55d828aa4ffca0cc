import { badRequest, Refusal } from '../../http/refusal.ts';
import type { Entity } from '../types.ts';
import type { Special, SpecialChange, Work } from './collection.ts';
import { permits, systemObject } from './permits.ts';

/* Tags of people, and events and jobs that clients add. */

const text = (entity: Entity, name: string): string => (typeof entity[name] === 'string' ? entity[name] : '');
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

const severities = ['normal', 'warning', 'error', 'alert'];

export const eventSpecial: Special = {
  add: {
    permit: permits.inject_external_events,
    async work({ entity }) {
      const [description, origin] = [text(entity, 'description'), text(entity, 'origin')];
      const severity = severities.indexOf(text(entity, 'severity'));
      const customId = entity['custom_id'];
      if (description === '' || origin === '' || severity === -1 || typeof customId !== 'number') {
        throw badRequest('Incomplete parameters: Event [description, severity, origin, custom_id] required for add');
      }
      if (/^ovirt$/i.test(origin)) throw badRequest('The origin oVirt is the engine itself.');
      if (description.length > 4000 || origin.length > 25) throw badRequest('A text is too long.');
      return {
        object: systemObject,
        event: { code: 9801 + severity, name: 'EXTERNAL_EVENT', text: 'External event ${name} was added by ${user}.' },
        name: description,
        statement: (values) => [
          [
            'done',
            `insert into audit_log (log_time, log_type, log_type_name, severity, message, origin, custom_event_id, custom_data)
           values (now(), ${values.add(9801 + severity)}, 'EXTERNAL_EVENT', ${values.add(severity)}, ${values.add(description)}, ${values.add(origin)},
             ${values.add(customId)}, ${values.add(text(entity, 'custom_data'))}) returning audit_log_id::text as id, ${values.add(description)}::text as name`,
          ],
        ],
        quiet: true,
      };
    },
  },
  remove: {
    permit: permits.audit_log_management,
    async work({ id }) {
      return {
        object: systemObject,
        event: { code: 9805, name: 'EVENT_REMOVED', text: 'Event ${name} was removed by ${user}.' },
        statement: (values) => [
          [
            'done',
            `update audit_log set deleted = true where audit_log_id = ${values.add(id)}::bigint
           returning audit_log_id::text as id, audit_log_id::text as name`,
          ],
        ],
      };
    },
  },
};

export const jobSpecial: Special = {
  add: {
    permit: permits.inject_external_tasks,
    async work({ entity, asker }) {
      const description = text(entity, 'description');
      if (description === '') throw badRequest('Incomplete parameters: Job [description] required for add');
      const cleared = entity['auto_cleared'] !== false;
      return {
        object: systemObject,
        event: { code: 9810, name: 'ADD_EXTERNAL_JOB', text: 'External job ${name} was added by ${user}.' },
        name: description,
        statement: (values) => [
          [
            'done',
            `insert into job (job_id, action_type, description, status, owner_id, start_time, last_update_time, correlation_id, is_external, is_auto_cleared)
           values (gen_random_uuid(), 'AddExternalJob', ${values.add(description)}, 'STARTED', ${values.add(asker.userId)}, now(), now(),
             gen_random_uuid()::text, true, ${values.add(cleared)}) returning job_id::text as id, description as name`,
          ],
        ],
        quiet: true,
      };
    },
  },
};

const jobAction = (set: string, event: Work['event']): SpecialChange => ({
  permit: permits.inject_external_tasks,
  async work({ database, id }) {
    const [found] = await database.query<{ external: boolean }>('select is_external as external from job where job_id = $1', [id]);
    if (found?.external !== true) throw new Refusal(409, 'Only external jobs are ended and cleared by clients.');
    return {
      object: systemObject,
      event,
      statement: (values) => [
        [
          'done',
          `update job set ${set}, last_update_time = now() where job_id = ${values.add(id)} returning job_id::text as id, description as name`,
        ],
      ],
      quiet: true,
    };
  },
});

export const jobActions = {
  clear: jobAction('is_auto_cleared = true', {
    code: 9811,
    name: 'CLEAR_EXTERNAL_JOB',
    text: 'External job ${name} was cleared by ${user}.',
  }),
  end: jobAction(`status = 'FINISHED', end_time = now()`, {
    code: 9812,
    name: 'END_EXTERNAL_JOB',
    text: 'External job ${name} was ended by ${user}.',
  }),
};
