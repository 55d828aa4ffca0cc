import { type HostReader, fact } from '#kit';
import { unit } from './settings.ts';
import { lookInside } from './upgrade.ts';

/*
 * What was begun in the engine and has not ended. Its own commands that are interrupted are carried on by the next engine. What can run for long
 * are jobs of other programs (POST /jobs), and only those programs, or an administrator in their place, can end them.
 */

export interface Task {
  readonly id: string;
  readonly name: string;
  readonly owner: string;
  readonly since: string;
  /** Nobody has said anything of it for so long that whoever began it must be gone. */
  readonly stale: boolean;
}

/** Condition of a job that is stale: 50 hours, as the classic cleaner has it. */
export const isStale = "status = 'STARTED' and last_update_time < now() - interval '3000 minutes'";

/** An engine that does not run is not stopped: its tasks have nothing to wait for. */
export const running = async (host: HostReader): Promise<readonly Task[]> =>
  (await host.services.isActive(unit))
    ? lookInside(host, [], (sql) =>
        sql.rows<Task>(
          `select j.job_id::text as id, j.description as name, coalesce(u.username || '@' || u.domain, '-') as owner,
             to_char(j.start_time at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC' as since, ${isStale} as stale
           from job j left join users u on u.user_id = j.owner_id where j.status = 'STARTED' order by j.start_time, j.job_id`,
        ),
      )
    : [];

export const tasks = fact('engine-running-tasks', running);
