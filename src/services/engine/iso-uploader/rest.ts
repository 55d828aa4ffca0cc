import { request, type RequestOptions } from 'node:https';
import { rootCertificates } from 'node:tls';
import { type WholeAnswer, wholeAnswer } from '../../frame/whole-answer.ts';
import { Problem } from '../tool.ts';

export interface RestParts {
  readonly engine: { readonly host: string; readonly port: number };
  readonly user: string;
  readonly password: string;
  /** Who vouches for the engine, in PEM; null where nobody has to. */
  readonly authority: string | null;
  /** Told of each request. */
  readonly told: (text: string) => void;
}

export type Json = Readonly<Record<string, unknown>>;

export interface Change {
  readonly method: 'POST' | 'DELETE';
  readonly body?: Json;
}

/** Reads from the API of an engine, or changes something. Throws a Problem for whatever goes wrong. */
export type Rest = (path: string, change?: Change) => Promise<Json>;

/** Whom to trust: who is named, and whom every system knows; anybody, where nobody has to be. */
export const trusting = (authority: string | null): Pick<RequestOptions, 'ca' | 'rejectUnauthorized'> =>
  authority === null ? { rejectUnauthorized: false } : { ca: [authority, ...rootCertificates] };

const answerMs = 60_000;
const mostBytes = 64 * 1024 * 1024;

const reasons: Readonly<Record<number, string>> = {
  401: 'The engine refuses the user or the password.',
  403: 'The user is not authorized to do this.',
  404: 'The engine has no such thing. Is it of this version?',
};

export function createRest({ engine, user, password, authority, told }: RestParts): Rest {
  const { host, port } = engine;
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

  return async (path, change) => {
    told(`${change?.method ?? 'GET'} /ovirt-engine/api/${path}`);
    const { status, body } = await ask(`/ovirt-engine/api/${path}`, change);
    if (status < 200 || status > 299) throw new Problem(reasons[status] ?? `The engine answers with ${status}${detailOf(body)}.`);
    try {
      return JSON.parse(body) as Json;
    } catch {
      throw new Problem(`${host}:${port} does not answer as an engine does.`);
    }
  };

  async function ask(path: string, change?: Change): Promise<WholeAnswer> {
    const sent = change?.body === undefined ? undefined : JSON.stringify(change.body);
    const asking = request({
      ...{ host, port, path, method: change?.method ?? 'GET', timeout: answerMs, agent: false },
      ...trusting(authority),
      headers: {
        ...{ authorization, accept: 'application/json' },
        ...(sent === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(sent) }),
      },
    });
    asking.on('timeout', () => asking.destroy(new Error(`no answer within ${answerMs / 1_000} seconds`)));
    try {
      return await wholeAnswer(asking, sent, mostBytes);
    } catch (error) {
      throw new Problem(`${host}:${port} cannot be asked: ${reasonOf(error as Error)}`);
    }
  }
}

function reasonOf(error: Error): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const isTrust = /CERT|ISSUER|SELF_SIGNED|ALTNAME/.test(code);
  const advice = isTrust ? ' Name its authority with --cert-file, and the engine as its certificate does.' : '';
  return `${error.message}.${advice}`.replace('..', '.');
}

/** What the engine says about it. */
function detailOf(body: string): string {
  try {
    const { detail } = JSON.parse(body) as Json;
    return typeof detail === 'string' ? ` ${detail}` : '';
  } catch {
    return '';
  }
}
