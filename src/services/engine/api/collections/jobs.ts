import type { Entity } from '../types.ts';
import { type Collection, reference, type Row } from './collection.ts';
import { jobActions, jobSpecial } from './special-records.ts';

const states: Readonly<Record<string, string>> = {
  STARTED: 'started',
  FINISHED: 'finished',
  FAILED: 'failed',
  ABORTED: 'aborted',
  UNKNOWN: 'unknown',
};
const stateChoices = Object.fromEntries(Object.entries(states).map(([stored, word]) => [word, stored]));
const stateOf = (stored: unknown): string => states[String(stored)] ?? 'unknown';

export const jobs: Collection = {
  rel: 'jobs',
  type: 'job',
  about: 'Work that was asked for: one job for each command.',
  from: 'job t',
  id: 't.job_id',
  columns: `t.description, t.is_auto_cleared, t.correlation_id, t.end_time, t.is_external, t.last_update_time, t.start_time, t.status,
    t.owner_id`,
  describe: (row) => ({
    description: String(row['description']),
    auto_cleared: row['is_auto_cleared'] === true,
    correlation_id: String(row['correlation_id']),
    end_time: row['end_time'] as Date | null,
    external: row['is_external'] === true,
    last_updated: row['last_update_time'] as Date,
    start_time: row['start_time'] as Date,
    status: stateOf(row['status']),
    owner: reference('users', row['owner_id']),
  }),
  order: 't.start_time desc, t.job_id',
  sight: 'administrators',
  own: 't.owner_id = $user',
  search: {
    correlation_id: { sql: 't.correlation_id', as: 'text' },
    status: { sql: 't.status', as: { choices: stateChoices } },
    description: { sql: 't.description', as: 'text' },
  },
  words: ['description'],
  special: jobSpecial,
  actions: jobActions,
};

/** The step that a step is a part of, or nothing. */
const stepReference = (row: Row): Entity | undefined =>
  typeof row['parent_step_id'] === 'string' ? reference(`jobs/${String(row['job_id'])}/steps`, row['parent_step_id']) : undefined;

export const steps: Collection = {
  rel: 'steps',
  below: { rel: 'jobs', condition: 't.job_id = $parent' },
  type: 'step',
  about: 'Steps of a job.',
  from: 'step t',
  id: 't.step_id',
  columns: `t.description, t.end_time, t.is_external, t.step_number, t.progress, t.start_time, t.status, t.step_type, t.job_id,
    t.parent_step_id`,
  describe: (row) => ({
    description: String(row['description']),
    end_time: row['end_time'] as Date | null,
    external: row['is_external'] === true,
    number: Number(row['step_number']),
    progress: row['progress'] === null ? undefined : Number(row['progress']),
    start_time: row['start_time'] as Date,
    status: stateOf(row['status']),
    type: String(row['step_type']).toLowerCase(),
    job: reference('jobs', row['job_id']),
    parent_step: stepReference(row),
  }),
  order: 't.step_number',
  sight: 'administrators',
  own: 't.job_id in (select j.job_id from job j where j.owner_id = $user)',
  search: {
    description: { sql: 't.description', as: 'text' },
    status: { sql: 't.status', as: { choices: stateChoices } },
    type: { sql: 't.step_type', as: 'text' },
  },
  words: ['description'],
};
