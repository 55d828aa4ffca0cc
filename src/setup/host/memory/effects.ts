import { type Machine, copyOf } from './machine.ts';

/** The power went: nothing of this process runs any more, so every further call on the host throws this too. */
export class PowerCut extends Error {
  constructor() {
    super('the power was cut');
    this.name = 'PowerCut';
  }
}

/** What is to happen at the n-th effect, counted from 1. */
export interface Accident {
  readonly at: number;
  /** The power goes before it, in the middle of it (of an appended line only half is written), or after it; or it fails with an error. */
  readonly how: 'cut-before' | 'cut-within' | 'cut-after' | 'fail';
}

/** What is left if the run ends at an effect; with the power, everything that ran on the machine goes too. */
export interface Moment extends Accident {
  readonly how: 'cut-before' | 'cut-within' | 'cut-after';
  /** The effect. */
  readonly effect: string;
  /** A copy of the machine as it was then. */
  readonly machine: Machine;
}

/** Counts the effects on a host and lets accidents happen. */
export interface Effects {
  readonly list: readonly string[];
  /** Throws if the power is gone. To be called before every look. */
  alive(): void;
  /** Performs one effect. `half` leaves on a disk what is left of it when the power goes in the middle; without it, nothing is; `failed` is what a failure leaves behind. */
  perform<T>(name: string, whole: () => T, half?: (disk: Machine['disk']) => void, failed?: () => void): T;
}

/**
 * An account of the effects on a machine, with the accidents that happen to it.
 * @param witness is told of every moment at which a cut would leave something of its own; after one effect is before the next
 */
export function newEffects(machine: Machine, accidents: readonly Accident[], witness?: (moment: Moment) => void): Effects {
  const list: string[] = [];
  let dead = false;
  const die = (): never => {
    dead = true;
    throw new PowerCut();
  };
  const alive = (): void => {
    if (dead) throw new PowerCut();
  };
  const testify = (effect: string, half?: (disk: Machine['disk']) => void): void => {
    if (witness === undefined) return;
    witness({ at: list.length, how: 'cut-before', effect, machine: copyOf(machine) });
    if (half === undefined) return;
    const torn = copyOf(machine);
    half(torn.disk);
    witness({ at: list.length, how: 'cut-within', effect, machine: torn });
  };
  return {
    list,
    alive,
    perform(name, whole, half, failed) {
      alive();
      list.push(name);
      testify(name, half);
      const how = accidents.find(({ at }) => at === list.length)?.how;
      if (how === 'cut-before') die();
      if (how === 'cut-within') {
        half?.(machine.disk);
        die();
      }
      if (how === 'fail') {
        failed?.();
        throw new Error(`made to fail: ${name}`);
      }
      const result = whole();
      if (how === 'cut-after') die();
      return result;
    },
  };
}
