import { Refusal } from '../http/refusal.ts';
import { typeName } from './type-name.ts';

/** A refusal whose reason is one that clients know by its words. Its message is the detail, which is shown as it stands. */
export class Fault extends Refusal {
  readonly reason: string;

  constructor(status: number, reason: string, detail: string) {
    super(status, detail);
    this.name = 'Fault';
    this.reason = reason;
  }
}

/** What a method cannot do without is missing: `DataCenter [name] required for add`. */
export const incomplete = (type: string, attributes: readonly string[], method: string): Fault =>
  new Fault(400, 'Incomplete parameters', `${typeName(type)} [${attributes.join(', ')}] required for ${method}`);

/** An attribute that is settled when a member is added was to be changed later. */
export const immutable = (attribute: string): Fault => new Fault(409, 'Broken immutability constraint', `${attribute} cannot be changed.`);

/** What a client asks for, and would not be done. Nothing of it is kept, so that nobody believes it was. */
export const unsupported = (what: string, why: string): Refusal => new Refusal(409, `${what} is not supported: ${why}.`);

/** A word that is none of an enumeration. */
export const invalidValue = (what: string, words: readonly string[]): Fault =>
  new Fault(400, 'Invalid value', `${what} must be one of: ${words.join(', ')}.`);

/** A number that is too small or too large. */
export const outOfRange = (detail: string): Fault => new Fault(400, 'Value out of range', detail);

/** The request is well formed, and asks for something that cannot be. */
export const rejected = (message: string): Fault => new Fault(400, 'Operation Failed', `[${message}]`);
