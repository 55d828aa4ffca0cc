/** The code of an answer of PostgreSQL that says no; null for every other error. */
export const sqlState = (error: unknown): string | null => {
  const code = error instanceof Error && 'severity' in error && 'code' in error ? error.code : null;
  return typeof code === 'string' ? code : null;
};

/** The server answered and said no: wrong password, unknown role or database. Waiting does not help. */
export const refusedByServer = (error: unknown): boolean => /^(28|3D)/.test(sqlState(error) ?? '');

/** The statement would have written, and was not carried out: the server has become a standby, or read-only. */
export const isReadOnly = (error: unknown): boolean => sqlState(error) === '25006';

/**
 * The statement was not carried out because of what else went on: a deadlock, a lock or an answer that took too long, a server without room. The same one may
 * be taken later.
 */
export const mayPass = (error: unknown): boolean => /^(40001|40P01|55P03|57014|53)/.test(sqlState(error) ?? '');
