import type { TestPostgres } from './postgres.ts';

/** Has a command work on an object, one of a kind that no engine knows, until what is returned is called. */
export async function workOn(postgres: Pick<TestPostgres, 'query'>, object: string): Promise<() => Promise<unknown>> {
  const [command] = await postgres.query<{ id: string }>(
    `with j as (insert into job (job_id, action_type, description, status, start_time, last_update_time, correlation_id)
       values (gen_random_uuid(), 'X', 'x', 'STARTED', now(), now(), 'x') returning job_id),
     s as (insert into step (step_id, job_id, step_type, description, step_number, status, start_time, correlation_id)
       select gen_random_uuid(), job_id, 'EXECUTING', 'x', 1, 'STARTED', now(), 'x' from j returning step_id, job_id),
     c as (insert into command_entities (command_id, command_type, command_parameters, user_name, correlation_id, job_id, step_id)
       select gen_random_uuid(), 'Unknown', '{}', 'somebody', 'x', job_id, step_id from s returning command_id)
     insert into command_locks (object_id, command_id) select $1, command_id from c returning command_id as id`,
    [object],
  );
  return () => postgres.query('delete from command_entities where command_id = $1', [command?.id]);
}
