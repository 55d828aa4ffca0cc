import type { Given, Problem } from '#kit';
import { type AnySetting, Unsettled } from './answers.ts';
import { type Asking, Refused, heed, located, parse, statedFor } from './settle-one.ts';

/** Only the answers of settings that have had their turn are known: one that comes later may still turn out to be relevant. */
function knowing(settled: ReadonlySet<AnySetting>, asking: Asking): Asking {
  const { answers } = asking;
  const known = <T extends AnySetting>(setting: T): T => {
    if (!settled.has(setting)) throw new Unsettled(setting.key);
    return setting;
  };
  return {
    ...asking,
    answers: {
      ...answers,
      get: (setting) => answers.get(known(setting)),
      find: (setting) => answers.find(known(setting)),
      given: (setting) => answers.given(known(setting)),
    },
  };
}

/** What of a given answer cannot be used, whatever is asked. Warnings, doubts and waiting are for its turn. Throws Unsettled, Refused. */
async function judgeAhead(setting: AnySetting, given: Given, asking: Asking): Promise<void> {
  const { answers, host } = asking;
  if (setting.when?.(answers) === false || setting.settled?.(answers) !== undefined) return;
  const value = parse(setting, given.raw);
  const verdict = await setting.validate?.(value, answers, host);
  if (typeof verdict === 'object' && ('warnings' in verdict || 'doubt' in verdict || 'wait' in verdict)) return;
  await heed(verdict, setting, asking, true);
}

/**
 * What is wrong with the given answers to settings that have no question. Whoever is asked cannot put them right in this run, and
 * shall hear of them before the next question. What hangs on answers that are still to come is left for later.
 * @param coming the settings that have not had their turn
 * @param judged those of them that are fine; added to
 */
export async function foresee(
  coming: readonly AnySetting[],
  on: { readonly settled: ReadonlySet<AnySetting>; readonly judged: Set<AnySetting> },
  asking: Asking,
): Promise<readonly Problem[]> {
  const view = knowing(on.settled, asking);
  const problems: Problem[] = [];
  for (const setting of coming) {
    const given = setting.ask === undefined && !on.judged.has(setting) ? statedFor(setting, asking) : undefined;
    if (given === undefined) continue;
    try {
      await judgeAhead(setting, given, view);
      on.judged.add(setting);
    } catch (thrown) {
      if (thrown instanceof Refused) problems.push(located(setting, given, thrown).problem);
      else if (!(thrown instanceof Unsettled)) throw thrown;
    }
  }
  return problems;
}
