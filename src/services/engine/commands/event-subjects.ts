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

/**
 * Columns that say what an event is about, each with the SQL of what stands in it.
 * @param add takes a value into the statement, and returns its place
 * @param named SQL of the name of what has just been added, which is not seen yet
 */
export function subjectColumns(
  subjects: Subjects,
  add: (value: unknown) => string,
  named = 'null',
): readonly (readonly [column: string, sql: string])[] {
  return Object.entries(columns).flatMap(([subject, { id, name, find }]) => {
    const given = subjects[subject as keyof Subjects];
    if (given === undefined) return [];
    const place = `${add(given)}::uuid`;
    return [[id, place] as const, ...(name === undefined ? [] : [[name, `coalesce((${find ?? ''} ${place}), ${named})`] as const])];
  });
}
