import { isUuid } from '../frame/uuid.ts';

/*
 * What the parts of the agent have in common: each brings verbs, which clients call by name over JSON-RPC, and tells of what happens by events.
 */

/** Codes of JSON-RPC 2.0, for calls that never get as far as a verb's own work. */
export const protocolCodes = { parse: -32700, request: -32600, unknownVerb: -32601, parameters: -32602, internal: -32603 } as const;

/** One call of a client. */
export interface Call {
  /** What the engine tells its flows apart by: for the log. */
  readonly flowId: string | undefined;
  /** Aborted when nobody waits for the answer any more, or the agent ends. */
  readonly signal: AbortSignal;
  /** The address of this machine that the client has reached; undefined where that is not known. */
  readonly localAddress: string | undefined;
  /** The connection that it came over: when it was made, in milliseconds of the agent's clock. Undefined where the agent calls itself. */
  readonly connection?: { readonly since: number; readonly isOfThisMachine: boolean } | undefined;
}

/**
 * Does what a client asks for, and returns the bare `result`, or a promise of it; what returns nothing is answered with `true`. Throws
 * VerbFailure for what the client is to be told; of anything else it only hears that it failed.
 */
export interface Verb {
  (params: Params, call: Call): unknown;
  /** Names of parameters in the order in which they stand where a client gives a list. Left out: such calls are refused. */
  readonly order?: readonly string[];
}

/** Verbs by the name on the wire, `Host.ping` for instance. */
export type Verbs = Readonly<Record<string, Verb>>;

/** Gives a verb the order of its parameters. */
export const ordered = (order: readonly string[], verb: (params: Params, call: Call) => unknown): Verb =>
  Object.assign((params: Params, call: Call) => verb(params, call), { order });

/** What one part of the agent gives to the whole. */
export interface Part {
  readonly verbs: Verbs;
  /** Until it resolves every call is answered with code 99 (recovering). */
  start?(): Promise<void>;
  stop?(): Promise<void>;
}

/**
 * Tells everybody who has subscribed to events.
 * @param name as on the wire, `|virt|VM_status|<id>` for instance
 * @param params without `notify_time`, which is added
 */
export type Notify = (name: string, params: Readonly<Record<string, unknown>>) => void;

/** Why a verb was not carried out: a code that clients know, and a sentence that says what, where and what to do. It reaches the client as it is. */
export class VerbFailure extends Error {
  readonly code: number;

  constructor(code: number, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'VerbFailure';
    this.code = code;
  }
}

/**
 * Parameters of a call, which come from outside and may be anything. Each method throws VerbFailure (-32602) naming the parameter when it is
 * missing or of another kind; those called `optional` return undefined for one that is missing or null.
 */
export interface Params {
  has(name: string): boolean;
  text(name: string): string;
  optionalText(name: string): string | undefined;
  /** A UUID, in lower case. */
  uuid(name: string): string;
  optionalUuid(name: string): string | undefined;
  /** A whole number, also one written as text. */
  number(name: string): number;
  optionalNumber(name: string): number | undefined;
  /** A count of bytes: a whole number from 0 on, also one written as text. */
  bytes(name: string): number;
  optionalBytes(name: string): number | undefined;
  /** true or false, also as text in any case. */
  flag(name: string): boolean;
  optionalFlag(name: string): boolean | undefined;
  object(name: string): Params;
  optionalObject(name: string): Params | undefined;
  list(name: string): readonly unknown[];
  /** A list of objects. */
  objects(name: string): readonly Params[];
  /** A list of texts. */
  texts(name: string): readonly string[];
  optionalTexts(name: string): readonly string[] | undefined;
  /** Names of all parameters that are there. */
  names(): readonly string[];
  /** The value as it came. */
  raw(name: string): unknown;
}

type Kind<T> = { readonly what: string; readonly read: (value: unknown) => T | undefined };

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const wholeNumber = (value: unknown): number | undefined => {
  const number = typeof value === 'string' && /^-?\d{1,16}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined;
};

const text: Kind<string> = { what: 'a text', read: (value) => (typeof value === 'string' ? value : undefined) };
const uuid: Kind<string> = {
  what: 'a UUID',
  read: (value) => (typeof value === 'string' && isUuid(value) ? value.toLowerCase() : undefined),
};
const number: Kind<number> = { what: 'a whole number', read: wholeNumber };
const bytes: Kind<number> = {
  what: 'a count of bytes',
  read: (value) => {
    const count = wholeNumber(value);
    return count !== undefined && count >= 0 ? count : undefined;
  },
};
const flag: Kind<boolean> = {
  what: 'true or false',
  read(value) {
    if (typeof value === 'boolean') return value;
    const word = typeof value === 'string' ? value.toLowerCase() : '';
    return word === 'true' ? true : word === 'false' ? false : undefined;
  },
};
const list: Kind<readonly unknown[]> = {
  what: 'a list',
  read: (value) => (Array.isArray(value) ? (value as readonly unknown[]) : undefined),
};
const texts: Kind<readonly string[]> = {
  what: 'a list of texts',
  read: (value) => (Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : undefined),
};

/**
 * Reads parameters as they came in a request.
 * @param order names for the elements of a list; without them a list is refused
 * @throws VerbFailure (-32602) when they are neither an object nor a list that can be named
 */
export function readParams(value: unknown, order?: readonly string[]): Params {
  if (value === undefined || value === null) return paramsOf({}, '');
  if (isRecord(value)) return paramsOf(value, '');
  if (!Array.isArray(value)) throw new VerbFailure(protocolCodes.parameters, 'Parameters must be an object or a list');
  if (order === undefined && value.length > 0) throw new VerbFailure(protocolCodes.parameters, 'Parameters must be given by their names');
  if (value.length > (order?.length ?? 0))
    throw new VerbFailure(protocolCodes.parameters, `There are ${value.length} parameters instead of at most ${order?.length ?? 0}`);
  return paramsOf(Object.fromEntries(value.map((one, at) => [order?.[at] ?? '', one as unknown])), '');
}

function paramsOf(values: Readonly<Record<string, unknown>>, within: string): Params {
  const raw = (name: string): unknown => (Object.hasOwn(values, name) ? values[name] : undefined);
  const full = (name: string): string => `${within}${name}`;
  const optional =
    <T>({ what, read }: Kind<T>) =>
    (name: string): T | undefined => {
      const value = raw(name) ?? undefined;
      if (value === undefined) return undefined;
      const result = read(value);
      if (result === undefined) throw new VerbFailure(protocolCodes.parameters, `Parameter ${full(name)} must be ${what}`);
      return result;
    };
  const needed =
    <T>(kind: Kind<T>) =>
    (name: string): T => {
      const value = optional(kind)(name);
      if (value === undefined) throw new VerbFailure(protocolCodes.parameters, `Parameter ${full(name)} is missing`);
      return value;
    };
  const object = (name: string): Kind<Params> => ({
    what: 'an object',
    read: (value) => (isRecord(value) ? paramsOf(value, `${full(name)}.`) : undefined),
  });
  const objects = (name: string): Kind<readonly Params[]> => ({
    what: 'a list of objects',
    read: (value) =>
      Array.isArray(value) && value.every(isRecord) ? value.map((one, at) => paramsOf(one, `${full(name)}[${at}].`)) : undefined,
  });
  return {
    has: (name) => (raw(name) ?? undefined) !== undefined,
    text: needed(text),
    optionalText: optional(text),
    uuid: needed(uuid),
    optionalUuid: optional(uuid),
    number: needed(number),
    optionalNumber: optional(number),
    bytes: needed(bytes),
    optionalBytes: optional(bytes),
    flag: needed(flag),
    optionalFlag: optional(flag),
    object: (name) => needed(object(name))(name),
    optionalObject: (name) => optional(object(name))(name),
    list: needed(list),
    objects: (name) => needed(objects(name))(name),
    texts: needed(texts),
    optionalTexts: optional(texts),
    names: () => Object.keys(values),
    raw,
  };
}
