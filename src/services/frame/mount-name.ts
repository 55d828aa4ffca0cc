/**
 * The name of the folder at which a storage connection is mounted, as VDSM has it: `/` becomes `_`, `_` becomes `__`, so `server:/data_1` is found
 * at `server:_data__1`. Two connections can have the same one (`/a_/b` and `/a/_b`): whoever finds a name taken looks by what.
 */
export const mountName = (connection: string): string => connection.replaceAll('_', '__').replaceAll('/', '_');

/** A connection as it is compared: without slashes that mean nothing. */
export const plainConnection = (connection: string): string => connection.replace(/\/{2,}/g, '/').replace(/(?<=[^/:])\/$/, '');
