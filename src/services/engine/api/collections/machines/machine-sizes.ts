import type { Database } from '../../../../frame/database.ts';
import { outOfRange } from '../../fault.ts';
import type { Row } from '../collection.ts';
import { sizeOptions } from './machine-fields.ts';

/* How much memory and how many processors a machine has, where clients say only a part of it. */

/** Columns that clients have given, by their names. */
export type Columns = Readonly<Record<string, unknown>>;

/** How much more memory than it begins with a machine can be given while it runs, where nobody says. */
const growth = 4;

/**
 * The memory of a machine whose clients gave some of its columns: it can grow to four times what it has, and all of it is guaranteed.
 * @param was the machine as it was, or what a new one is made from
 * @param isNew whether everything follows the memory that is given, or only what no longer fits
 */
export function memoryOf(given: Columns, was: Row, isNew: boolean, most: number): Columns {
  const memory = Number(given['mem_size_mb'] ?? was['mem_size_mb']);
  const follows = isNew && given['mem_size_mb'] !== undefined;
  const before = { max: Number(was['max_memory_size_mb']), guaranteed: Number(was['min_allocated_mem']) };
  const max =
    given['max_memory_size_mb'] ?? (follows || before.max < memory ? Math.max(memory, Math.min(memory * growth, most)) : before.max);
  const guaranteed = given['min_allocated_mem'] ?? (follows ? memory : Math.min(before.guaranteed, memory));
  return { mem_size_mb: memory, max_memory_size_mb: max, min_allocated_mem: guaranteed };
}

/** The memory of a machine, as `memoryOf` has it. Throws faults (400) for more than one can have, and for parts that do not fit together. */
export async function sizesOf(database: Database, given: Columns, was: Row, isNew: boolean): Promise<Columns> {
  const rows = await database.query<{ name: string; value: string }>(
    `select option_name as name, option_value as value from vdc_options where option_name = any($1) and version = 'general'`,
    [Object.values(sizeOptions)],
  );
  const limitOf = (what: keyof typeof sizeOptions): number => {
    const limit = Number(rows.find(({ name }) => name === sizeOptions[what])?.value);
    return limit > 0 ? limit : Number.POSITIVE_INFINITY;
  };
  const memory = memoryOf(given, was, isNew, limitOf('memory'));
  const of = (column: string): number => Number(memory[column] ?? given[column] ?? was[column]);
  const sizes = { sockets: of('num_of_sockets'), cores: of('cpu_per_socket'), threads: of('threads_per_cpu') };
  for (const [name, size] of Object.entries(sizes)) {
    const limit = limitOf(name as keyof typeof sizes);
    if (size > limit) throw outOfRange(`A virtual machine has ${limit} ${name} at most, and not ${size}.`);
  }
  const processors = sizes.sockets * sizes.cores * sizes.threads;
  if (processors > limitOf('processors'))
    throw outOfRange(`A virtual machine has ${limitOf('processors')} virtual processors at most, and not ${processors}.`);
  if (of('max_memory_size_mb') > limitOf('memory')) throw outOfRange(`A virtual machine has ${limitOf('memory')} MiB of memory at most.`);
  if (of('max_memory_size_mb') < of('mem_size_mb')) throw outOfRange('memory_policy.max must not be less than memory.');
  if (of('min_allocated_mem') > of('mem_size_mb')) throw outOfRange('memory_policy.guaranteed must not be more than memory.');
  return memory;
}
