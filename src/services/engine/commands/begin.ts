import { randomUUID } from 'node:crypto';
import type { Worker } from '../api/collections/collection.ts';
import type { Values } from '../api/search/values.ts';
import type { Begun } from './command.ts';

/** The constraint that says no when another command has an object. */
export const lockConstraint = 'command_locks_pkey';

/**
 * The parts of a statement that begin a command: its row, and its locks. It stands in one statement with the job (`j`) and with what is
 * done at once (`done`), so that there is never one without the others.
 */
export function beginSql(
  values: Values,
  { type, parameters, locks }: Begun,
  worker: Omit<Worker, 'userId'> & { readonly userId: string | null },
  step: string,
): readonly (readonly [name: string, sql: string])[] {
  const columns = {
    command_id: `${values.add(randomUUID())}::uuid`,
    command_type: `${values.add(type)}::text`,
    command_parameters: `${values.add(JSON.stringify(parameters))}::jsonb`,
    user_id: `${values.add(worker.userId)}::uuid`,
    user_name: `${values.add(worker.userName)}::text`,
    correlation_id: `${values.add(worker.correlationId)}::text`,
    job_id: 'j.job_id',
    step_id: `${values.add(step)}::uuid`,
  };
  return [
    [
      'begun',
      `insert into command_entities (${Object.keys(columns).join(', ')}) select ${Object.values(columns).join(', ')} from done, j returning command_id`,
    ],
    ['locked', `insert into command_locks (object_id, command_id) select unnest(${values.add(locks)}::uuid[]), command_id from begun`],
  ];
}
