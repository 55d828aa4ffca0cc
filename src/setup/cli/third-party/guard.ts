import { isPromise } from 'node:util/types';
import { SetupError, message } from '#kit';
import { Unsettled } from '../../core/answers.ts';
import { withPlace } from './place.ts';

type Call = (...args: readonly unknown[]) => unknown;

/**
 * What the functions of a plugin throw is a mistake in the plugin, not a defect of this program: it is refused in words that name both.
 * Expected failures pass, and so does that an answer is not known yet, which the core waits for.
 */
function guarded(call: Call, owner: object, what: string, path: string): Call {
  const fail = (error: unknown): never => {
    if (error instanceof SetupError || error instanceof Unsettled) throw error;
    throw new SetupError('refused', message`The plugin ${path} cannot be used: its function ${what} fails: ${withPlace(error, path)}`, {
      cause: error,
    });
  };
  return (...args) => {
    try {
      const result = call.apply(owner, [...args]);
      return isPromise(result) ? result.catch(fail) : result;
    } catch (error) {
      return fail(error);
    }
  };
}

/**
 * A copy of a part of a plugin whose own functions are guarded.
 * @param of what the names of its functions are followed by in an error: ` of X/y`
 * @param path the file of the plugin
 */
export const withGuards = <T extends object>(part: T, of: string, path: string): T =>
  Object.fromEntries(
    Object.entries(part).map(([name, member]: [string, unknown]) => [
      name,
      typeof member === 'function' ? guarded(member as Call, part, `${name}${of}`, path) : member,
    ]),
  ) as T;
