import type { apiCalls, Json } from './api-calls.ts';

export const mebibyte = 1_048_576;
export const gibibyte = 1024 * mebibyte;

/** The address of a machine below the root of the API. */
export const pathOf = (machine: Json): string => `vms/${String(machine['id'])}`;

/** Adds a machine as clients do, of the template Blank in the cluster Default unless something else is given, and returns it. */
export const addingMachines =
  ({ got }: Pick<ReturnType<typeof apiCalls>, 'got'>) =>
  (name: string, more: Json = {}): Promise<Json> =>
    got('vms', { body: { name, cluster: { name: 'Default' }, template: { name: 'Blank' }, ...more } });
