import { randomUUID } from 'node:crypto';
import type { Database } from '../../frame/database.ts';
import { Values } from '../api/search/values.ts';
import { beginSql } from '../commands/begin.ts';
import { statusNumber } from '../hosts/host-status.ts';

/** Whose work this is, where events and jobs name somebody. */
const userName = 'SYSTEM';

/**
 * Approves a host whose name or UUID is among those that nobody has to look at: it is installed with the engine's key. Returns whether it was
 * waiting for that.
 */
export async function approve(database: Database, host: string, now: () => number): Promise<boolean> {
  const [row] = await database.query<{ name: string }>('select vds_name as name from vds_static where vds_id = $1', [host]);
  if (row === undefined) return false;
  const values = new Values();
  const [step, correlationId] = [randomUUID(), randomUUID()];
  const [id, time] = [`${values.add(host)}::uuid`, `${values.add(new Date(now()))}::timestamptz`];
  const text = `${values.add(`Host ${row.name} was approved by its name or hardware UUID, as AutoApprovePatterns says.`)}::text`;
  const correlation = `${values.add(correlationId)}::text`;
  const begins = { type: 'InstallHost', parameters: { host, name: row.name, activate: true }, locks: [host] };
  const parts = [
    [
      'done',
      `update vds_dynamic set status = ${statusNumber('installing')}, status_since = ${time}
       where vds_id = ${id} and status = ${statusNumber('pending_approval')} returning vds_id`,
    ],
    [
      'j',
      `insert into job (job_id, action_type, description, status, start_time, last_update_time, correlation_id)
       select gen_random_uuid(), 'VDS_APPROVE', ${text}, 'STARTED', ${time}, ${time}, ${correlation} from done returning job_id`,
    ],
    [
      's',
      `insert into step (step_id, job_id, step_type, description, step_number, status, start_time, correlation_id)
       select ${values.add(step)}::uuid, job_id, 'EXECUTING', ${text}, 1, 'STARTED', ${time}, ${correlation} from j`,
    ],
    ...beginSql(values, begins, { userId: null, userName, correlationId }, step),
    [
      'told',
      `insert into audit_log (log_time, log_type, log_type_name, severity, message, user_name, correlation_id, job_id, vds_id, vds_name)
       select ${time}, 498, 'VDS_APPROVE', 0, ${text}, '${userName}', ${correlation}, job_id, s.vds_id, s.vds_name from j, vds_static s where s.vds_id = ${id}`,
    ],
  ];
  const done = await database.query(`with ${parts.map(([name, sql]) => `${name} as (${sql})`).join(', ')} select from done`, values.all);
  return done.length > 0;
}
