import type { Statement } from '../../kit/host.ts';
import type { Machine } from './machine.ts';

/* What the database of an engine in memory says of that engine: what runs in it, what it is made for, and what it runs in. */

type Row = Record<string, unknown>;

const none: readonly Row[] = [];

/** Looks at tasks that nobody ends any more, ends them, or brings them back. */
function staleTasks(machine: Machine, statements: readonly Statement[]): readonly Row[] {
  const stale = machine.tasks.filter(({ stale, looks }) => stale === true && looks > 0);
  for (const { text, values = [] } of statements) {
    if (text.startsWith("update job set status = 'UNKNOWN'")) for (const task of stale) task.looks = 0;
    if (text.startsWith("update job set status = 'STARTED'"))
      for (const task of machine.tasks) if (values[0] === task.id) task.looks = Number.POSITIVE_INFINITY;
  }
  return statements[0]?.text.startsWith('select job_id') === true ? stale.map(({ id, since }) => ({ id, last: since })) : none;
}

/** The rows that statements about the engine find or change; undefined: they are about something else. */
export function engineRows(machine: Machine, statements: readonly Statement[]): readonly Row[] | undefined {
  const first = statements[0]?.text ?? '';
  if (first.startsWith('select j.job_id'))
    return machine.tasks.filter((task) => task.looks-- > 0).map((task) => ({ ...task, stale: task.stale === true }));
  if (statements.some(({ text }) => /^(select|update) (job|step)/.test(text))) return staleTasks(machine, statements);
  if (first.startsWith("select 'cluster' as kind")) return machine.levels;
  if (first.includes('from setup_hosted_engine_view')) return machine.hostedEngines;
  if (first.includes("'fence-kdump-listener-heartbeat'")) return machine.running.has('ovirt-fence-kdump-listener') ? [{}] : none;
  return undefined;
}
