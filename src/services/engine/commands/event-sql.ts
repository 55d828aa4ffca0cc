/** What an event is about, besides who did it: ids of objects. */
export interface Subjects {
  readonly host?: string | undefined;
  readonly machine?: string | undefined;
  readonly storageDomain?: string | undefined;
  /** A data center. */
  readonly pool?: string | undefined;
  readonly template?: string | undefined;
}

/** Columns of the list of events: with the id, and with the name where that outlives the object. */
const columns: Readonly<Record<keyof Subjects, { readonly id: string; readonly name?: string; readonly find?: string }>> = {
  host: { id: 'vds_id', name: 'vds_name', find: 'select vds_name from vds_static where vds_id =' },
  machine: { id: 'vm_id', name: 'vm_name', find: 'select vm_name from vm_static where vm_guid =' },
  storageDomain: {
    id: 'storage_domain_id',
    name: 'storage_domain_name',
    find: 'select storage_name from storage_domain_static where id =',
  },
  pool: { id: 'storage_pool_id' },
  template: { id: 'vm_template_id' },
};

/** What is said of an event, besides its text. */
interface Event {
  readonly code: number;
  readonly name: string;
  readonly severity: number;
}

/** Whose doing an event is. */
interface Author {
  readonly userId: string | null;
  readonly userName: string;
  readonly correlationId: string;
}

/** SQL of what an event takes from the statement that it stands in. */
interface Surroundings {
  readonly time: string;
  readonly message: string;
  readonly job: string;
  /** One event is written for each row of this. */
  readonly from: string;
  /** The name of what has just been added, which is not seen yet. */
  readonly added?: string | undefined;
}

/**
 * The statement that writes events.
 * @param add takes a value into the statement, and returns its place
 * @param author undefined where the engine does it of its own accord
 */
export function eventSql(
  add: (value: unknown) => string,
  { code, name, severity }: Event,
  subjects: Subjects,
  author: Author | undefined,
  { time, message, job, from, added }: Surroundings,
): string {
  const all = [
    ['log_time', time],
    ['log_type', `${add(code)}::integer`],
    ['log_type_name', `${add(name)}::text`],
    ['severity', `${add(severity)}::integer`],
    ['message', message],
    ['user_id', `${add(author?.userId ?? null)}::uuid`],
    ['user_name', `${add(author?.userName ?? null)}::text`],
    ['correlation_id', `${add(author?.correlationId ?? null)}::text`],
    ['job_id', job],
    ...subjectColumns(subjects, add, added ?? 'null'),
  ] as const;
  return `insert into audit_log (${all.map(([column]) => column).join(', ')}) select ${all.map(([, sql]) => sql).join(', ')} from ${from}`;
}

/**
 * The statement that writes an event as it is told. Its values are added to those of the statement that it stands in.
 * @param command that it belongs to; undefined where the engine tells it of its own accord
 * @param from one event is written for each row of this
 */
export function toldSql(
  values: unknown[],
  told: Event & Subjects & { readonly text: string },
  command: (Author & { readonly job: string }) | undefined,
  time: Date,
  from: string,
): string {
  const add = (value: unknown): string => `$${values.push(value)}`;
  return eventSql(add, told, told, command, {
    ...{ time: `${add(time)}::timestamptz`, message: `${add(told.text)}::text`, job: `${add(command?.job ?? null)}::uuid`, from },
  });
}

/** Columns that say what an event is about, each with the SQL of what stands in it. */
function subjectColumns(
  subjects: Subjects,
  add: (value: unknown) => string,
  added: string,
): readonly (readonly [column: string, sql: string])[] {
  return Object.entries(columns).flatMap(([subject, { id, name, find }]) => {
    const given = subjects[subject as keyof Subjects];
    if (given === undefined) return [];
    const place = `${add(given)}::uuid`;
    return [[id, place] as const, ...(name === undefined ? [] : [[name, `coalesce((${find ?? ''} ${place}), ${added})`] as const])];
  });
}
