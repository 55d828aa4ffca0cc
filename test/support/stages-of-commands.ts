import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { WholeHost } from './whole-host.ts';

/*
 * Killing something the moment an engine begins a stage of a command: the database tells of the step that it writes then, and of nothing else.
 */

const toldByDatabase = `create function tell_stage() returns trigger language plpgsql as $$ begin
  perform pg_notify('stages', (select command_type from command_entities where step_id = new.parent_step_id) || ': ' || new.description);
  return null;
end $$;
create trigger tell_stage after insert on step for each row when (new.parent_step_id is not null) execute function tell_stage();`;

/** What is said between two statements is what psql has been told meanwhile, so there is always another one. */
const listening = `{ echo "listen stages; select from pg_notify('stages', '');"; yes 'do $$ begin perform pg_sleep(0.02); end $$;'; }`;

/** Kills a service of a host; systemd starts it again. */
export type Killer = () => Promise<unknown>;

/** Gives what kills a service at once: a process on the host waits for the word, so that none has to be started at that moment. */
export async function killerOf(host: WholeHost, unit: string): Promise<Killer> {
  const word = `/run/kill-${unit}`;
  await host.shell(`rm -f ${word} && mkfifo ${word}`);
  host.start(['sh', '-c', `exec 3<>${word}; while read -r _ <&3; do systemctl kill --signal=KILL --kill-whom=main ${unit}; done`]);
  return () => writeFile(host.path(word), 'now\n');
}

export interface Stages {
  /** What is done as soon as a stage begins, and whether it is the first of that name. */
  onBegin: ((stage: string, isFirst: boolean) => Promise<unknown>) | null;
  /** Those that have begun: `AddDisk: Making the volume on the storage`. */
  readonly begun: ReadonlySet<string>;
  /** Names of the commands that have not ended. */
  open(): Promise<readonly string[]>;
  /** What was told of jobs that failed. */
  failed(): Promise<readonly string[]>;
}

/** Has the database of an engine tell of the stages of its commands, as long as its host runs. */
export async function watchStages(engine: WholeHost): Promise<Stages> {
  const psql = 'runuser -u postgres -- psql --quiet --no-align --tuples-only engine';
  const rows = async (statement: string): Promise<readonly string[]> =>
    (await engine.shell(`${psql} --command "${statement}"`)).split('\n').filter((line) => line !== '');
  await writeFile(engine.path('/run/stages.sql'), toldByDatabase);
  await engine.shell(`${psql} </run/stages.sql`);
  const begun = new Set<string>();
  const stages: Stages = {
    onBegin: null,
    begun,
    open: () => rows('select command_type from command_entities'),
    failed: () =>
      rows(
        "select (select string_agg(message, ' ' order by log_time) from audit_log a where a.job_id = j.job_id) from job j where status = 'FAILED'",
      ),
  };
  const { child } = engine.start(['sh', '-c', `${listening} | ${psql}`]);
  const lines = createInterface({ input: child.stdout! });
  lines.on('line', (line) => {
    const [, stage] = /with payload "(.+)" received/.exec(line) ?? [];
    if (stage === undefined) return;
    const isFirst = !begun.has(stage);
    begun.add(stage);
    void stages.onBegin?.(stage, isFirst);
  });
  // The word that it gives itself.
  await once(lines, 'line');
  return stages;
}
