import { type Change, type Chapter, type HostReader, type Plugin, type Step, type View, type WorkStage, chapters } from '#kit';
import { anyDrifted, readRecord } from './record.ts';

export interface PlannedStep {
  readonly step: Step;
  readonly stage: WorkStage;
  readonly change: Change;
  /** A file of ours that it touches was changed by somebody else since the last run. */
  readonly drifted: boolean;
}
/** All steps in their order, with what each would do right now. */
export interface Plan {
  readonly steps: readonly PlannedStep[];
  /** How many steps have something to do. */
  readonly pending: number;
}

const order: readonly { readonly stage: WorkStage; readonly chapter: Chapter }[] = Object.entries(chapters).flatMap(([stage, list]) =>
  list.map((chapter) => ({ stage: stage as WorkStage, chapter: chapter })),
);

/**
 * Puts steps in the order of the outline and asserts what they need.
 * A mistake here is a mistake in a plugin, so it throws a plain Error: two steps of one name, a need that is missing or stands later.
 */
export function arrange(steps: readonly Step[]): readonly { readonly step: Step; readonly stage: WorkStage }[] {
  const arranged = order.flatMap(({ stage, chapter }) => steps.filter((step) => step.chapter === chapter).map((step) => ({ step, stage })));
  const seen = new Set<string>();
  const all = new Set(steps.map(({ id }) => id));
  for (const { step } of arranged) {
    if (seen.has(step.id)) throw new Error(`two steps are called ${step.id}`);
    for (const need of step.needs ?? []) {
      if (!seen.has(need)) throw new Error(`${step.id} needs ${need}, which ${all.has(need) ? 'stands later' : 'is not there'}`);
    }
    seen.add(step.id);
  }
  return arranged;
}

/** The steps of all plugins for these answers, arranged. */
export const stepsOf = (plugins: readonly Plugin[], view: View, more: readonly Step[] = []): ReturnType<typeof arrange> =>
  arrange([...plugins.flatMap((plugin) => plugin.steps?.(view) ?? []), ...more]);

/** Asks every step what it would do. Changes nothing. */
export async function makePlan(arranged: ReturnType<typeof arrange>, host: HostReader): Promise<Plan> {
  const steps: PlannedStep[] = [];
  const owned = await readRecord(host);
  for (const { step, stage } of arranged) {
    const change = await step.check(host);
    const touched = change.kind === 'none' ? [] : (change.touches ?? []);
    steps.push({ step, stage, change, drifted: await anyDrifted(touched, owned, host) });
  }
  return { steps, pending: steps.filter(({ change }) => change.kind !== 'none').length };
}

/** Units that pending steps need stopped, in order of first mention, with the line that says so. */
export function unitsToStop(plan: Plan): readonly { readonly unit: string; readonly title: string }[] {
  const found = new Map<string, string>();
  for (const { step, change } of plan.steps) {
    if (change.kind !== 'none') for (const { unit, title } of step.stops ?? []) if (!found.has(unit)) found.set(unit, title);
  }
  return [...found].map(([unit, title]) => ({ unit, title }));
}
