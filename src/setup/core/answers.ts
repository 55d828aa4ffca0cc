import type { Fact, Origin, Setting, Sources, View } from '#kit';
import type { Facts } from './facts.ts';

// A setting of any type.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnySetting = Setting<any>;

/** A setting was read that has no value: it comes later, is not relevant, or its answer was refused. */
export class Unsettled extends Error {
  constructor(key: string) {
    super(`${key} is read before it is settled, or is not relevant here`);
    this.name = 'Unsettled';
  }
}

export interface Answer {
  readonly value: unknown;
  readonly origin: Origin;
}

/** The answers of a run, filled in the order of the questions and then only read. */
export interface Answers extends View {
  readonly all: ReadonlyMap<AnySetting, Answer>;
  set(setting: AnySetting, answer: Answer): void;
  /** Takes an answer back: its question is put again. */
  unset(setting: AnySetting): void;
}

/** Keys under which sources may answer a setting, strongest first. */
export const keysOf = (setting: AnySetting): readonly string[] => [setting.key, ...(setting.formerly ?? [])];

/** Answers before the first question. */
export function newAnswers(facts: Facts, sources: Pick<Sources, 'find'> = { find: () => undefined }): Answers {
  const all = new Map<AnySetting, Answer>();
  return {
    all,
    set: (setting, answer) => void all.set(setting, answer),
    unset: (setting) => void all.delete(setting),
    get<T>(setting: Setting<T>): T {
      const found = all.get(setting);
      if (found === undefined) throw new Unsettled(setting.key);
      return found.value as T;
    },
    find: <T>(setting: Setting<T>): T | undefined => all.get(setting)?.value as T | undefined,
    given: (setting) => ['asked', 'given'].includes(all.get(setting)?.origin.kind ?? ''),
    stated: (setting) => keysOf(setting).some((key) => sources.find(key) !== undefined),
    peek<T>(setting: Setting<T>): T | undefined {
      const given = keysOf(setting)
        .map((key) => sources.find(key))
        .find((one) => one !== undefined);
      try {
        return given === undefined ? undefined : setting.kind.parse(given.raw);
      } catch {
        return undefined;
      }
    },
    fact<T>(fact: Fact<T>): T {
      if (!facts.has(fact.id)) throw new Error(`fact ${fact.id} is not declared by any plugin`);
      return facts.get(fact.id) as T;
    },
  };
}

/** Whether an answer belongs into the answer file of this run. */
export function isRemembered(setting: AnySetting, answers: Answers): boolean {
  const { remember } = setting;
  if (typeof remember === 'function') return remember(answers);
  return remember ?? (setting.ask !== undefined || answers.given(setting));
}
