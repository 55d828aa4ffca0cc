import { type Log, errorFields } from '../../frame/log.ts';
import { type Call, VerbFailure, type Verbs, protocolCodes, readParams } from '../verbs.ts';

/** What clients are told until the agent knows its virtual machines again. */
const recoveringCode = 99;
const mostInBatch = 100;

export interface Dispatcher {
  /**
   * Carries out what stands in a body: a request, or a list of them.
   * @returns the answer as JSON; undefined where none is wanted
   */
  answer(body: Buffer, call: Call): Promise<string | undefined>;
}

export interface DispatcherParts {
  readonly verbs: Verbs;
  /** False: every call is answered with code 99. */
  readonly isReady: () => boolean;
  readonly log: Log;
}

type Answer = { readonly jsonrpc: '2.0'; readonly id: string | number | null } & (
  { readonly result: unknown } | { readonly error: { readonly code: number; readonly message: string } }
);

/** Makes the dispatcher of JSON-RPC 2.0 (https://www.jsonrpc.org/specification): each request becomes a call of a verb. */
export function createDispatcher({ verbs, isReady, log }: DispatcherParts): Dispatcher {
  const known = new Map(Object.entries(verbs));

  async function carryOut(method: string, params: unknown, call: Call): Promise<unknown> {
    if (!isReady()) throw new VerbFailure(recoveringCode, 'Recovering from crash or Initializing');
    const verb = known.get(method);
    if (verb === undefined) throw new VerbFailure(protocolCodes.unknownVerb, `The method does not exist or is not available: ${method}`);
    return (await verb(readParams(params, verb.order), call)) ?? true;
  }

  async function one(request: unknown, call: Call): Promise<Answer | undefined> {
    const { method, id, params, problem } = readRequest(request);
    const failed = (failure: VerbFailure): Answer => ({
      jsonrpc: '2.0',
      id: id ?? null,
      error: { code: failure.code, message: failure.message },
    });
    if (problem !== undefined) return failed(new VerbFailure(protocolCodes.request, problem));
    let answer: Answer;
    try {
      answer = { jsonrpc: '2.0', id: id ?? null, result: await carryOut(method, params, call) };
    } catch (error) {
      const failure = failureOf(error, method);
      const fields = { verb: method, code: failure.code, flow: call.flowId };
      if (failure.code === protocolCodes.internal) log.error('verb failed unexpectedly', { ...fields, ...errorFields(error) });
      else log.info('verb refused', { ...fields, reason: failure.message, ...causeOf(failure) });
      answer = failed(failure);
    }
    // Without an id nobody waits for an answer.
    return id === undefined ? undefined : answer;
  }

  return {
    async answer(body, call) {
      let request: unknown;
      try {
        request = JSON.parse(body.toString());
      } catch {
        return JSON.stringify(refusal(protocolCodes.parse, 'The request is not JSON'));
      }
      if (!Array.isArray(request)) {
        const answer = await one(request, call);
        return answer === undefined ? undefined : JSON.stringify(answer);
      }
      if (request.length === 0 || request.length > mostInBatch)
        return JSON.stringify(refusal(protocolCodes.request, `A list must have 1 to ${mostInBatch} requests, not ${request.length}`));
      const answers = (await Promise.all(request.map((each) => one(each, call)))).filter((answer) => answer !== undefined);
      return answers.length === 0 ? undefined : JSON.stringify(answers);
    },
  };
}

const refusal = (code: number, message: string): Answer => ({ jsonrpc: '2.0', id: null, error: { code, message } });

/** What went wrong inside is for the log alone. */
const failureOf = (error: unknown, method: string): VerbFailure =>
  error instanceof VerbFailure ? error : new VerbFailure(protocolCodes.internal, `${method} failed: see the log of the host agent`);

const causeOf = ({ cause }: VerbFailure): { cause?: string } => (cause === undefined ? {} : { cause: errorFields(cause).error });

interface Request {
  readonly method: string;
  /** Undefined: a notification. */
  readonly id: string | number | null | undefined;
  readonly params: unknown;
  readonly problem: string | undefined;
}

function readRequest(value: unknown): Request {
  const { jsonrpc, method, id, params } = (typeof value === 'object' && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
  const isId = id === undefined || id === null || typeof id === 'string' || typeof id === 'number';
  const request = { method: typeof method === 'string' ? method : '', id: isId ? id : null, params };
  const problem =
    jsonrpc !== '2.0'
      ? 'A request must be an object with "jsonrpc": "2.0"'
      : typeof method !== 'string'
        ? 'The method of a request must be a text'
        : isId
          ? undefined
          : 'The id of a request must be a text or a number';
  return { ...request, problem };
}
