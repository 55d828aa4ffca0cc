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

/** Counts the effects on a host and lets accidents happen. */
export interface Effects {
  readonly list: readonly string[];
  /** Throws if the power is gone. To be called before every look. */
  alive(): void;
  /** Performs one effect. `half` is what is left of it when the power goes in the middle; without it, nothing is; `failed` is what a failure leaves behind. */
  perform<T>(name: string, whole: () => T, half?: () => void, failed?: () => void): T;
}

/** An account of effects, with the accidents that happen to it. */
export function newEffects(accidents: readonly Accident[]): Effects {
  const list: string[] = [];
  let dead = false;
  const die = (): never => {
    dead = true;
    throw new PowerCut();
  };
  const alive = (): void => {
    if (dead) throw new PowerCut();
  };
  return {
    list,
    alive,
    perform(name, whole, half, failed) {
      alive();
      list.push(name);
      const how = accidents.find(({ at }) => at === list.length)?.how;
      if (how === 'cut-before') die();
      if (how === 'cut-within') {
        half?.();
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
