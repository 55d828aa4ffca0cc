import type { Database } from '../../frame/database.ts';
import { loginEnd } from './accounts.ts';
import { Refusal } from '../http/refusal.ts';
import { type Principal, principalSql } from './principals.ts';
import { digestOf, isToken, newToken } from './secret-token.ts';
import { alive, endSessionsOfAccount, forgotten, isLogin } from './session-rows.ts';
import { familyKey, unsealKey, unsealToken } from './token-family.ts';

/** A browser's session, or a token for clients of the API. Neither is accepted in place of the other. */
export type SessionKind = 'session' | 'token';

export interface NewSession {
  readonly kind: SessionKind;
  readonly userId: string;
  readonly scope: string;
  readonly idleSeconds: number;
  /** The registered client it is for; nobody's where a program named none. */
  readonly clientId?: string;
}

/** A token for a program of ours, which acts for no user. */
export interface NewService {
  readonly clientId: string;
  readonly scope: string;
  readonly idleSeconds: number;
}

export interface LiveSession {
  readonly principal: Principal;
  readonly scope: string;
  /** When it ends however busy it is; null for a caller who brings a password with every request. */
  readonly validTo: Date | null;
}

export interface StoredSession extends LiveSession {
  readonly validTo: Date;
  readonly clientId: string | null;
  /** When the user logged in. */
  readonly createdAt: Date;
}

export interface LiveService {
  readonly clientId: string;
  readonly scope: string;
  readonly validTo: Date;
}

/** A login that is over. */
export interface Ended {
  readonly principal: Principal;
  /** The tokens that ended with it, for those who want to be told. */
  readonly tokens: readonly string[];
}

/** Sessions as rows of `sso_sessions`, found by the digest of their token. */
export interface Sessions {
  /** Starts a session. The token is returned this once and not kept. Throws a 403 when the user has as many as one may have. */
  create(session: NewSession): Promise<{ token: string; validTo: Date }>;
  createService(service: NewService): Promise<{ token: string; validTo: Date }>;
  /** The session of a token if it is still alive, which counts as use; null otherwise. */
  use(token: string, kind: SessionKind): Promise<StoredSession | null>;
  /** Which of these are live tokens of users. Asking is no use of them: it keeps none from being idle. */
  liveTokens(tokens: readonly string[]): Promise<ReadonlySet<string>>;
  /** As `use`, for a token of a program of ours. */
  useService(token: string): Promise<LiveService | null>;
  /** Ends a session. Null when there was none. A browser's session takes the tokens made from it along. */
  end(token: string, kind: SessionKind): Promise<Principal | null>;
  /** Ends the login a session or token belongs to, with everything that was made from it. Null when there was none. */
  endAll(token: string, kind: SessionKind): Promise<Ended | null>;
  /** Ends all sessions and tokens of the user behind an account of the directory, who may have lost every role meanwhile. */
  endOfAccount(accountId: string): Promise<void>;
  /** Removes what is no longer alive. */
  sweep(): Promise<void>;
}

/** Use is written down at most this often, so that reading the API does not write to the database every time. */
const rememberEveryMs = 60_000;

const insert = `insert into sso_sessions (token_digest, kind, user_id, client_id, scope, created_at, last_used_at, idle_seconds, valid_to)
  values ($1, $2, $3, $4, $5, $6, $6, $7, $8)`;

/**
 * Makes the store. Times come from `now`, so that the limits can be tested; `mostOfUser` is how many sessions one user may have at
 * a time, null for any number.
 */
export function createSessions(database: Database, now: () => number, mostOfUser: number | null = null): Sessions {
  /** Takes a session back that is one too many. Counted after it is there, so that two at once cannot both be the last. */
  async function refuseBeyond(most: number, token: string, userId: string): Promise<void> {
    const [refused] = await database.query(
      `delete from sso_sessions where token_digest = $2 and $4 <= (
         select count(*) from sso_sessions s where s.user_id = $3 and s.token_digest <> $2 and ${isLogin} and ${alive})
       returning 1`,
      [new Date(now()), digestOf(token), userId, most],
    );
    if (refused !== undefined) throw new Refusal(403, `The user has ${most} sessions already, and may not have more at a time.`);
  }

  async function remember(token: string, lastUsedAt: Date, time: number): Promise<void> {
    if (time - lastUsedAt.getTime() < rememberEveryMs) return;
    // Who works with a token is not idle in the browser it came from.
    await database.query(
      `update sso_sessions set last_used_at = $1
       where token_digest = $2 or token_digest = (select parent_digest from sso_sessions where token_digest = $2)`,
      [new Date(time), digestOf(token)],
    );
  }

  return {
    async create({ kind, userId, scope, idleSeconds, clientId }) {
      const token = newToken();
      const created = now();
      const validTo = await loginEnd(database, userId, created);
      await database.query(insert, [digestOf(token), kind, userId, clientId ?? null, scope, new Date(created), idleSeconds, validTo]);
      if (mostOfUser !== null && clientId === undefined) await refuseBeyond(mostOfUser, token, userId);
      return { token, validTo };
    },

    async createService({ clientId, scope, idleSeconds }) {
      const token = newToken();
      const created = now();
      const validTo = await loginEnd(database, null, created);
      await database.query(insert, [digestOf(token), 'service', null, clientId, scope, new Date(created), idleSeconds, validTo]);
      return { token, validTo };
    },

    async use(token, kind) {
      if (!isToken(token)) return null;
      const time = now();
      const [found] = await database.query<Principal & Omit<StoredSession, 'principal'> & { lastUsedAt: Date }>(
        `select s.scope, s.valid_to as "validTo", s.last_used_at as "lastUsedAt", s.client_id as "clientId",
           coalesce((select p.created_at from sso_sessions p where p.token_digest = s.parent_digest), s.created_at) as "createdAt",
           ${principalSql.columns}
         from sso_sessions s join (${principalSql.tables}) on u.user_id = s.user_id
         where ${principalSql.condition} and ${alive} and s.token_digest = $2 and s.kind = $3`,
        [new Date(time), digestOf(token), kind],
      );
      if (found === undefined) return null;
      const { scope, validTo, lastUsedAt, clientId, createdAt, ...principal } = found;
      await remember(token, lastUsedAt, time);
      return { principal, scope, validTo, clientId, createdAt };
    },

    async liveTokens(tokens) {
      const byDigest = new Map(tokens.filter(isToken).map((token) => [digestOf(token).toString('hex'), token]));
      const rows = await database.query<{ digest: string }>(
        `select encode(s.token_digest, 'hex') as digest from sso_sessions s join (${principalSql.tables}) on u.user_id = s.user_id
         where ${principalSql.condition} and ${alive} and s.token_digest = any($2) and s.kind = 'token'`,
        [new Date(now()), [...byDigest.keys()].map((digest) => Buffer.from(digest, 'hex'))],
      );
      return new Set(rows.flatMap(({ digest }) => byDigest.get(digest) ?? []));
    },

    async useService(token) {
      if (!isToken(token)) return null;
      const time = now();
      const [found] = await database.query<LiveService & { lastUsedAt: Date }>(
        `select s.scope, s.valid_to as "validTo", s.last_used_at as "lastUsedAt", s.client_id as "clientId"
         from sso_sessions s where ${alive} and s.token_digest = $2 and s.kind = 'service'`,
        [new Date(time), digestOf(token)],
      );
      if (found === undefined) return null;
      const { lastUsedAt, ...service } = found;
      await remember(token, lastUsedAt, time);
      return service;
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

    async endAll(token, kind) {
      if (!isToken(token)) return null;
      const [row] = await database.query<{ parent: Buffer | null; keyUnderToken: Buffer | null }>(
        'select parent_digest as parent, key_under_token as "keyUnderToken" from sso_sessions where token_digest = $1 and kind = $2',
        [digestOf(token), kind],
      );
      if (row === undefined) return null;
      const root = row.parent ?? digestOf(token);
      const key = kind === 'session' ? familyKey(token) : unsealKey(row.keyUnderToken, token);
      const [ended] = await database.query<Principal & { sealed: (Buffer | null)[] }>(
        `with family as (select token_under_key from sso_sessions where parent_digest = $1 and kind = 'token'),
           ended as (delete from sso_sessions where token_digest = $1 returning user_id)
         select ${principalSql.columns}, array(select token_under_key from family) as sealed
         from ended join users u on u.user_id = ended.user_id`,
        [root],
      );
      if (ended === undefined) return null;
      const { sealed, ...principal } = ended;
      const named = key === null ? [] : sealed.map((each) => unsealToken(each, key)).filter((each) => each !== null);
      return { principal, tokens: [...new Set(kind === 'token' ? [token, ...named] : named)] };
    },

    endOfAccount: (accountId) => endSessionsOfAccount(database, accountId),

    async sweep() {
      await database.query(`delete from sso_sessions s where not (${alive}) or ${forgotten}`, [new Date(now())]);
    },
  };
}
