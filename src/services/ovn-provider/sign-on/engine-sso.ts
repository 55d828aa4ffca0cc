import { Agent, request } from 'node:https';
import { wholeAnswer } from '../../frame/whole-answer.ts';
import { Fault } from '../http/fault.ts';
import type { SignOnSettings } from '../settings.ts';

/** What the engine's single sign-on says. Everything throws a fault of 502 or 504 where it cannot be asked. */
export interface EngineSso {
  /** A token for a name and a password; null where the engine refuses them. */
  signIn(user: string, password: string): Promise<string | null>;
  /** Whose a token is: `admin@internal`; null where it is dead or unknown. */
  userOf(token: string): Promise<string | null>;
  /** Ends a token. */
  signOut(token: string): Promise<void>;
  close(): void;
}

const scope = 'ovirt-app-api ovirt-ext=token-info:validate';
const longestAnswer = 256 * 1024;

/** Asks the engine over HTTPS, with connections that are kept. `ca` are the certificates that vouch for it. */
export function createEngineSso({ engine, base, clientId, clientSecret, timeoutMs }: SignOnSettings, ca: string): EngineSso {
  const agent = new Agent({ keepAlive: true, maxSockets: 8, ca, minVersion: 'TLSv1.2' });
  const ask = (path: string, form: Readonly<Record<string, string>>): Promise<Reply> => {
    const url = `${engine}${base}/sso/oauth/${path}`;
    return post(url, new URLSearchParams(form).toString(), agent, timeoutMs);
  };
  const ours = { client_id: clientId, client_secret: clientSecret };

  return {
    async signIn(username, password) {
      const { status, body } = await ask('token', { grant_type: 'password', scope, username, password });
      const token = body['access_token'];
      if (status === 200 && typeof token === 'string') return token;
      if (wordOf(body) === 'access_denied' || status === 401) return null;
      throw strange(status, body);
    },
    async userOf(token) {
      const { status, body } = await ask('token-info', { token, ...ours });
      const user = body['user_id'];
      if (status === 200) return typeof user === 'string' ? user : null;
      if (wordOf(body) === 'invalid_grant') return null;
      throw strange(status, body);
    },
    async signOut(token) {
      await ask('revoke', { token, scope: 'ovirt-app-api', ...ours });
    },
    close: () => agent.destroy(),
  };
}

interface Reply {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The word for an error: where it stands depends on the scope that was asked for. */
const wordOf = (body: Readonly<Record<string, unknown>>): unknown => body['error_code'] ?? body['error'];

function strange(status: number, body: Readonly<Record<string, unknown>>): Fault {
  const word = wordOf(body);
  if (word === 'unauthorized_client') return new Fault(502, 'The engine does not know this provider as a client of its single sign-on.');
  if (word === 'temporarily_unavailable') return new Fault(503, 'Too many sign in at the same time. Try again in a moment.');
  return new Fault(502, `The engine answers ${status} when it is asked who signs in.`);
}

async function post(url: string, form: string, agent: Agent, timeoutMs: number): Promise<Reply> {
  const asking = request(url, {
    method: 'POST',
    agent,
    signal: AbortSignal.timeout(timeoutMs),
    headers: {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': Buffer.byteLength(form),
    },
  });
  try {
    const { status, body } = await wholeAnswer(asking, form, longestAnswer);
    return { status, body: objectIn(body) };
  } catch (error) {
    const { name, message } = error as Error;
    if (name === 'AbortError' || name === 'TimeoutError')
      throw new Fault(504, `The engine, which knows who signs in, did not answer within ${timeoutMs / 1000} s.`);
    throw new Fault(502, `The engine cannot be reached, which knows who signs in: ${message}.`);
  }
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    // A page of a web server in front of an engine that is away.
    return {};
  }
}
