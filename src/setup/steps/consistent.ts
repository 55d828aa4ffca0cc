import {
  type Change,
  type DatabaseAddress,
  type Heading,
  type Json,
  SetupError,
  type Sql,
  type Step,
  type Text,
  message,
  nothing,
} from '#kit';
import { mendViolations, violations } from './foreign-keys.ts';
import { safetyCopy } from './safety-copy.ts';
import { lookOr } from './sql.ts';

export interface WantedConsistency {
  /** The database, as its owner. */
  readonly at: DatabaseAddress;
  /** The same server as its administrator: copies whole databases. */
  readonly admin: DatabaseAddress;
  readonly schemas: readonly string[];
  /** Whether it is time to look: the constraints themselves keep a database in order that is only used. */
  readonly concerns: (sql: Sql) => Promise<boolean>;
  /** Whether somebody has agreed that rows are removed. Without that, violations end the run. */
  readonly agreed: boolean;
  /** What the administrator does where nobody has agreed. */
  readonly remedy: Text;
}

/** Last part of the name of the copy that is made before rows are removed. */
export const mending = 'mending';

/**
 * A database without rows that violate its foreign keys. What is removed cannot be put together again, so the whole database is
 * copied before, and undo puts the copy back.
 */
export function consistent(heading: Heading, { at, admin, schemas, concerns, agreed, remedy }: WantedConsistency): Step {
  const copy = safetyCopy({ at, admin, reason: mending });
  const find = async (sql: Sql): Promise<number> =>
    (await concerns(sql)) ? (await violations(sql, schemas)).reduce((sum, { rows }) => sum + rows, 0) : 0;
  return {
    ...heading,
    check: (host) =>
      lookOr<Change>(host, at, nothing, async (sql) => {
        const rows = await find(sql);
        if (rows === 0) return nothing;
        if (!agreed) throw new SetupError('refused', message`Rows of ${at.name} that violate its foreign keys: ${rows}`, { remedy });
        return { kind: 'run', note: message`rows of ${at.name} that refer to nothing: ${rows}` };
      }),
    async prepare(host): Promise<Json> {
      await copy.make(host);
      return { copy: copy.name };
    },
    holds: (host) => copy.exists(host),
    discard: (host) => copy.drop(host),
    async apply(host, say) {
      for (const { name, rows } of await host.database.change(at, (sql) => mendViolations(sql, schemas))) say(`${name}: ${rows}`);
    },
    undo: {
      async run(host) {
        if (await copy.exists(host)) return copy.putBack(host);
        // An undo that was cut off may have put the copy back already; then there are violations again.
        if ((await host.database.look(at, find)) === 0)
          throw new SetupError('failed', message`The safety copy ${copy.name} of ${at.name} is gone, and rows that were removed with it`);
        await copy.tidy(host);
      },
    },
  };
}
