import {
  type Change,
  type Chapter,
  DatabaseUnavailable,
  type HostReader,
  type Plugin,
  type Step,
  type Stop,
  type Text,
  type View,
  type WorkStage,
  chapters,
  stopOrder,
} from '#kit';
import { inWrittenOrder } from './order.ts';
import { anyDrifted, readRecord } from './record.ts';

export interface PlannedStep {
  readonly step: Step;
  readonly stage: WorkStage;
  readonly change: Change;
  /** A file of ours that it touches was changed by somebody else since the last run. */
  readonly drifted: boolean;
  /** What it looks into is there, but its server does not run: only a run itself sees whether there is something to do. */
  readonly unseen: boolean;
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
  // A step behind one that is not here stands at the end of its chapter.
  const all = new Set(steps.map(({ id }) => id));
  const byChapter = Map.groupBy(steps, ({ chapter, after }) => (after !== undefined && all.has(after) ? undefined : chapter));
  const own = order.flatMap(({ chapter }) => {
    const here = byChapter.get(chapter) ?? [];
    return [...here.filter(({ after }) => after === undefined), ...here.filter(({ after }) => after !== undefined)];
  });
  const names = own.map(({ id }) => id);
  const sorted = inWrittenOrder(steps, names, ({ id, after }) => ({ name: id, after }));
  const stageOf = new Map(order.map(({ stage, chapter }) => [chapter, stage]));
  // A step of third parties runs with the one it stands after, whatever chapter it names.
  const stageAt = ({ chapter, after }: Step): WorkStage => {
    const neighbour = after === undefined ? undefined : steps.find(({ id }) => id === after);
    return neighbour === undefined ? (stageOf.get(chapter) ?? 'misc') : stageAt(neighbour);
  };
  const arranged = sorted.map((step) => ({ step, stage: stageAt(step) }));
  const seen = new Set<string>();
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

/** Passes everything on, and notes databases whose server does not run. */
const watching = (host: HostReader, away: DatabaseUnavailable[]): HostReader => ({
  ...host,
  database: {
    ...host.database,
    async look(at, work) {
      try {
        return await host.database.look(at, work);
      } catch (error) {
        if (error instanceof DatabaseUnavailable && error.why === 'down') away.push(error);
        throw error;
      }
    },
  },
});

/** Asks every step what it would do. Changes nothing. */
export async function makePlan(arranged: ReturnType<typeof arrange>, host: HostReader): Promise<Plan> {
  const steps: PlannedStep[] = [];
  const owned = await readRecord(host);
  // Steps that make something for sure: what lies inside of it cannot be there yet.
  const making = new Set<string>();
  for (const { step, stage } of arranged) {
    const away: DatabaseUnavailable[] = [];
    const change = await step.check(watching(host, away));
    const touched = change.kind === 'none' ? [] : (change.touches ?? []);
    const unseen = away.length > 0 && change.kind !== 'none' && step.inside?.some((id) => making.has(id)) !== true;
    if (change.kind !== 'none' && !unseen) making.add(step.id);
    steps.push({ step, stage, change, drifted: await anyDrifted(touched, owned, host), unseen });
  }
  return { steps, pending: steps.filter(({ change }) => change.kind !== 'none').length };
}

/** Units that pending steps need stopped, in the written order; the others behind them, in order of first mention. */
export function unitsToStop(plan: Plan): readonly Stop[] {
  const found = new Map<string, Stop>();
  for (const { step, change } of plan.steps) {
    if (change.kind !== 'none') for (const stop of step.stops ?? []) if (!found.has(stop.unit)) found.set(stop.unit, stop);
  }
  const rank = ({ unit }: Stop): number => (stopOrder.includes(unit) ? stopOrder.indexOf(unit) : stopOrder.length);
  return [...found.values()].sort((a, b) => rank(a) - rank(b));
}

/** Units that are restarted at the end: those that pending steps notify, and those still owed by an unfinished run. */
export const restartsOf = (plan: Plan, owed: readonly string[]): readonly string[] => [
  ...new Set([...owed, ...plan.steps.flatMap(({ step, change }) => (change.kind === 'none' ? [] : (step.notify ?? [])))]),
];

/** The first pending step that cannot be undone, and why; what lies inside something that this run makes goes away with it. */
export function noReturn(plan: Plan): { readonly planned: PlannedStep; readonly why: Text } | undefined {
  const pending = plan.steps.filter(({ change }) => change.kind !== 'none');
  const ids = new Set(pending.map(({ step }) => step.id));
  for (const planned of pending) {
    const { undo, inside } = planned.step;
    const within = inside?.some((id) => ids.has(id)) === true;
    if (!within && typeof undo === 'object' && 'never' in undo) return { planned, why: undo.never };
  }
  return undefined;
}
