import { inEnglish } from '#kit';
import type { Outlook } from '../core/plan-only.ts';
import { type PlannedStep, noReturn, restartsOf, unitsToStop } from '../core/plan.ts';

/** One step; `note` and what follows it are there only where it has something to do. */
function stepOf({ step, stage, change, drifted, unseen }: PlannedStep, beyondReturn: boolean): object {
  const heading = { id: step.id, chapter: step.chapter, stage, title: inEnglish(step.title), change: change.kind, drifted };
  if (change.kind === 'none') return heading;
  if (unseen) return { ...heading, unseen, restarts: step.notify ?? [], beyondReturn };
  const { note, diff, touches } = change;
  return { ...heading, note: inEnglish(note), diff: diff?.(), touches: touches ?? [], restarts: step.notify ?? [], beyondReturn };
}

/** What `plan --json` prints. Nothing in it is translated, and values of secrets are not in it. */
export function planDocument({ plan, owed, findings, answers, warnings }: Outlook): object {
  const point = plan.steps.findIndex((planned) => planned === noReturn(plan)?.planned);
  return {
    pending: plan.pending,
    restarts: restartsOf(plan, owed),
    owedRestarts: owed,
    unitsToStop: unitsToStop(plan).map(({ unit }) => unit),
    findings: findings.map(({ id, level, message, remedy }) => ({
      id,
      level,
      message: inEnglish(message),
      ...(remedy === undefined ? {} : { remedy: inEnglish(remedy) }),
    })),
    warnings: warnings.map(inEnglish),
    settings: [...answers.all].map(([{ key, secret }, { value, origin }]) => ({
      key,
      ...(secret === true ? { secret } : { value }),
      origin,
    })),
    steps: plan.steps.map((planned, index) => stepOf(planned, point >= 0 && index >= point)),
  };
}
