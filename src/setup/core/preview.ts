import { type Change, type Text, column, message, previewLines, term } from '#kit';
import type { Answers, AnySetting } from './answers.ts';
import { inWrittenOrder } from './order.ts';
import { type Plan, type PlannedStep, noReturn, restartsOf, unitsToStop } from './plan.ts';

/** Decisions stand in the preview as True and False, choices as they are stored, whatever words they were asked with. */
function shown(setting: AnySetting, value: unknown): string {
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return typeof value === 'string' ? value : setting.kind.format(value);
}

/**
 * The lines of the configuration preview: label in 40 columns, colon, value; in the outline's order. Secrets never stand here.
 * Lines of third parties follow the setting they stand after; those whose neighbour is not shown stand at the end.
 */
export function settingsPreview(answers: Answers): readonly Text[] {
  const all = [...answers.all.keys()].filter(({ preview, secret }) => preview !== undefined && secret !== true);
  const hasPlace = ({ key, after }: AnySetting): boolean =>
    previewLines.includes(key) || all.some((other) => other.key === after && hasPlace(other));
  const placed = inWrittenOrder(all.filter(hasPlace), previewLines, ({ key, after }) => ({ name: key, after }));
  return [...placed, ...all.filter((setting) => !hasPlace(setting))].map(
    (setting) => message`${column(setting.preview ?? '', 40)}: ${shown(setting, answers.all.get(setting)?.value)}`,
  );
}

const marks = { none: ' ', create: '+', update: '~', remove: '-', run: '>' } as const;
const markOf = ({ change, unseen }: PlannedStep): string => (unseen ? '?' : marks[change.kind]);

function line(planned: PlannedStep): Text {
  const { step, change, drifted, unseen } = planned;
  const note = change.kind === 'none' ? '' : change.note;
  const edited = drifted ? term(', edited by hand since the last run') : '';
  const said = unseen ? term('seen once the server of the database runs') : message`${term(note)}${edited}`;
  return message`  ${markOf(planned)} ${column(step.id, 28)} ${column(step.title, 44)} ${said}`;
}

/** How much there is to do, and what is restarted when it is done. */
function countLine(plan: Plan, owed: readonly string[]): Text {
  const restarts = restartsOf(plan, owed).join(', ');
  const unseen = plan.steps.filter((planned) => planned.unseen).length;
  const right = message`${plan.steps.length - plan.pending} already right.`;
  const count =
    unseen === 0
      ? message`${plan.pending} to change, ${right}`
      : message`${plan.pending - unseen} to change, ${unseen} not seen before the server of the database runs, ${right}`;
  return message`${count} ${restarts === '' ? term('No restarts at the end.') : message`Restarts at the end: ${restarts}.`}`;
}

/** Where there is no way back any more, and why. */
const pointOfNoReturn = (why: Text): Text => message`  ---- beyond this line there is no way back: ${term(why)}`;

const pendingOf = (plan: Plan): readonly PlannedStep[] => plan.steps.filter(({ change }) => change.kind !== 'none');

/** The plan in a few lines, for somebody who is about to confirm: the steps that the screen will name, and those that are marked for it. */
export function planSummary(plan: Plan, owed: readonly string[]): readonly Text[] {
  const point = noReturn(plan);
  const lines = pendingOf(plan).flatMap((planned): readonly Text[] => [
    ...(planned === point?.planned ? [pointOfNoReturn(point.why)] : []),
    ...(planned.step.quiet === true && planned.step.previewed !== true ? [] : [message`  ${markOf(planned)} ${term(planned.step.title)}`]),
  ]);
  return [...lines, countLine(plan, owed)];
}

/** The plan as text: what would be created (+), changed (~), removed (-) or run (>) or cannot be seen (?), stopped and restarted, and what is beyond return. */
export function planText(plan: Plan, owed: readonly string[]): readonly Text[] {
  const point = noReturn(plan);
  const stops = unitsToStop(plan).map(({ unit }) => unit);
  const lines = pendingOf(plan).flatMap((planned): readonly Text[] => [
    ...(planned === point?.planned ? [pointOfNoReturn(point.why)] : []),
    line(planned),
    ...diffLines(planned.change),
  ]);
  return [...lines, ...(stops.length > 0 ? [message`Stopped meanwhile, if they run: ${stops.join(', ')}.`] : []), countLine(plan, owed)];
}

/** The difference of a file, without the line that names it. */
const diffLines = (change: Change): readonly Text[] =>
  change.kind === 'none' || change.diff === undefined
    ? []
    : change
        .diff()
        .trimEnd()
        .split('\n')
        .slice(1)
        .map((text) => message`      ${text}`);
