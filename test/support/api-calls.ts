import { expect } from 'vitest';
import { adminPassword } from './engine.ts';
import { type Answer, basic } from './https-client.ts';
import type { RunningEngine } from './running-engine.ts';

export const apiRoot = '/ovirt-engine/api';
export const admin = basic('admin@internal', adminPassword);

export interface Call {
  readonly as?: string;
  readonly method?: string;
  readonly xml?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- answers are looked into freely
export type Json = Readonly<Record<string, any>>;

/** Calls of the API of a running engine, as its administrator and in JSON unless they say otherwise. */
export function apiCalls(running: RunningEngine) {
  const call = (path: string, { as = admin, method, xml, body, headers = {} }: Call = {}): Promise<Answer> => {
    const type = xml === undefined ? (body === undefined ? null : 'application/json') : 'application/xml';
    const sent = xml ?? (body === undefined ? undefined : JSON.stringify(body));
    return running.engine.client(`${apiRoot}/${path}`, {
      headers: { authorization: as, accept: 'application/json', ...(type === null ? {} : { 'content-type': type }), ...headers },
      ...(method === undefined ? {} : { method }),
      ...(sent === undefined ? {} : { body: sent }),
    });
  };
  /** What was answered, where that is no error. */
  const got = async (path: string, how?: Call): Promise<Json> => {
    const answer = await call(path, how);
    expect(answer.status, `${path}: ${answer.body}`).toBeLessThan(300);
    return JSON.parse(answer.body) as Json;
  };
  /** Status and detail of a refusal. */
  const fault = async (path: string, how: Call): Promise<readonly [status: number, detail: string]> => {
    const { status, body } = await call(path, how);
    return [status, body === '' ? '' : String((JSON.parse(body) as Json)['detail'])];
  };
  /** The members of a list. */
  const list = async (path: string, how?: Call): Promise<readonly Json[]> =>
    (Object.values(await got(path, how))[0] ?? []) as readonly Json[];
  const idOf = async (rel: string, name: string): Promise<string> =>
    String((await list(`${rel}?max=1000`)).find((one) => one['name'] === name)?.['id']);
  return { call, got, fault, list, idOf };
}
