import { pipeline } from 'node:stream/promises';
import type { DatabaseAddress, Host } from '../kit/host.ts';
import { type OpenSession, endless, open } from './database.ts';
import { connectionFailure, sqlStateOf, statementFailure } from './database-errors.ts';

type Side = readonly [session: OpenSession, at: DatabaseAddress, text: string];

/** Rows go straight from one server to the other, in the text form of COPY, which all versions read alike. */
async function copy([source, from, out]: Side, [target, to, into]: Side): Promise<number> {
  const streams = await import('pg-copy-streams');
  const [reading, writing] = [source.client.query(streams.to(out)), target.client.query(streams.from(into))];
  // The first one to fail takes the other with it.
  let failed: DatabaseAddress | undefined;
  reading.once('error', () => (failed ??= from));
  writing.once('error', () => (failed ??= to));
  try {
    await pipeline(reading, writing);
  } catch (error) {
    const at = failed ?? to;
    throw connectionFailure(at, error, sqlStateOf(error) === undefined) ?? statementFailure(at, error, into, []);
  }
  return writing.rowCount;
}

/** Work on two databases at once; everything that is done to the second one is done, or nothing. */
export const transfer: Host['database']['transfer'] = async (from, to, work) => {
  const source = await open(from, endless);
  try {
    const target = await open(to, endless);
    try {
      await source.run('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', [], true);
      await target.run('BEGIN', [], true);
      const result = await work({
        from: { rows: (text, values = []) => source.run(text, values, true) },
        to: { rows: (text, values = []) => target.run(text, values, false) },
        copy: (out, into) => copy([source, from, out], [target, to, into]),
      });
      await target.run('COMMIT', [], true);
      return result;
    } finally {
      // Whatever is not committed, PostgreSQL takes back when the session ends.
      await target.close();
    }
  } finally {
    await source.close();
  }
};
