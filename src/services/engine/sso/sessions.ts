import { createHash, randomBytes } from 'node:crypto';
import type { Database } from '../../frame/database.ts';
import { longestLogin } from './accounts.ts';
import { type Principal, principalSql } from './principals.ts';

/** A browser's session, or a token for clients of the API. Neither is accepted in place of the other. */
export type SessionKind = 'session' | 'token';

export interface NewSession {
  readonly kind: SessionKind;
  readonly userId: string;
  readonly scope: string;
  readonly idleSeconds: number;
}

export interface LiveSession {
  readonly principal: Principal;
  readonly scope: string;
  /** When it ends however busy it is; null for a caller who brings a password with every request. */
  readonly validTo: Date | null;
}

/** Sessions as rows of `sso_sessions`, found by the digest of their token. */
export interface Sessions {
  /** Starts a session. The token is returned this once and not kept. */
  create(session: NewSession): Promise<{ token: string; validTo: Date }>;
  /** The session of a token if it is still alive, which counts as use; null otherwise. */
  use(token: string, kind: SessionKind): Promise<LiveSession | null>;
  /** Ends a session. Null when there was none. */
  end(token: string, kind: SessionKind): Promise<Principal | null>;
  /** Removes what is no longer alive. */
  sweep(): Promise<void>;
}

/** Use is written down at most this often, so that reading the API does not write to the database every time. */
const rememberEveryMs = 60_000;

const alive = `s.valid_to > $1 and s.last_used_at + s.idle_seconds * interval '1 second' > $1`;

/** Makes the store. Times come from `now`, so that the limits can be tested. */
export function createSessions(database: Database, now: () => number): Sessions {
  return {
    async create({ kind, userId, scope, idleSeconds }) {
      const token = randomBytes(64).toString('base64url');
      const created = now();
      const validTo = new Date(created + (await longestLogin(database)));
      await database.query(
        `insert into sso_sessions (token_digest, kind, user_id, scope, created_at, last_used_at, idle_seconds, valid_to)
         values ($1, $2, $3, $4, $5, $5, $6, $7)`,
        [digestOf(token), kind, userId, scope, new Date(created), idleSeconds, validTo],
      );
      return { token, validTo };
    },

    async use(token, kind) {
      if (!isToken(token)) return null;
      const time = now();
      const [found] = await database.query<Principal & { scope: string; validTo: Date; lastUsedAt: Date }>(
        `select s.scope, s.valid_to as "validTo", s.last_used_at as "lastUsedAt", ${principalSql.columns}
         from sso_sessions s join (${principalSql.tables}) on u.user_id = s.user_id
         where ${principalSql.condition} and ${alive} and s.token_digest = $2 and s.kind = $3`,
        [new Date(time), digestOf(token), kind],
      );
      if (found === undefined) return null;
      const { scope, validTo, lastUsedAt, ...principal } = found;
      if (time - lastUsedAt.getTime() >= rememberEveryMs) {
        await database.query('update sso_sessions set last_used_at = $1 where token_digest = $2', [new Date(time), digestOf(token)]);
      }
      return { principal, scope, validTo };
    },

    async end(token, kind) {
      if (!isToken(token)) return null;
      const [ended] = await database.query<Principal>(
        `with ended as (delete from sso_sessions where token_digest = $1 and kind = $2 returning user_id)
         select ${principalSql.columns} from ended join users u on u.user_id = ended.user_id`,
        [digestOf(token), kind],
      );
      return ended ?? null;
    },

    async sweep() {
      await database.query(`delete from sso_sessions s where not (${alive})`, [new Date(now())]);
    },
  };
}

/** Looking a digest up cannot be timed to guess a token: nobody can choose digests byte by byte. */
const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest();

const isToken = (text: string): boolean => /^[\w-]{86}$/.test(text);
