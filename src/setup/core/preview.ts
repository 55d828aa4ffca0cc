import { previewLines } from '#kit';
import type { Answers } from './answers.ts';
import type { Plan, PlannedStep } from './plan.ts';

/** The lines of the configuration preview: label in 40 columns, colon, value; in the outline's order. Secrets never stand here. */
export function settingsPreview(answers: Answers): readonly string[] {
  return [...answers.all]
    .filter(([setting]) => setting.preview !== undefined && setting.secret !== true && previewLines.includes(setting.key))
    .sort(([a], [b]) => previewLines.indexOf(a.key) - previewLines.indexOf(b.key))
    .map(([setting, { value }]) => {
      // Decisions stand here as True and False, whatever words they were asked with.
      const text = typeof value === 'boolean' ? (value ? 'True' : 'False') : setting.kind.format(value);
      return `${(setting.preview ?? '').padEnd(40)}: ${text}`;
    });
}

const marks = { none: ' ', create: '+', update: '~', remove: '-', run: '>' } as const;

function line({ step, change, drifted }: PlannedStep): string {
  const note = change.kind === 'none' ? '' : change.note;
  const edited = drifted ? ', edited by hand since the last run' : '';
  return `  ${marks[change.kind]} ${step.id.padEnd(28)} ${step.title.padEnd(44)} ${note}${edited}`.trimEnd();
}

/** The plan as text: what would be created (+), changed (~), removed (-) or run (>), and what is beyond return. */
export function planText(plan: Plan, more: { readonly diffs: boolean; readonly owed: readonly string[] }): readonly string[] {
  const pending = plan.steps.filter(({ change }) => change.kind !== 'none');
  const lines: string[] = [];
  const ids = new Set(pending.map(({ step }) => step.id));
  let returnable = true;
  for (const planned of pending) {
    const { step, change } = planned;
    // What lies inside something that this run makes goes away with it.
    const within = step.inside?.some((id) => ids.has(id)) === true;
    if (returnable && !within && typeof step.undo === 'object' && 'never' in step.undo) {
      returnable = false;
      lines.push(`  ---- beyond this line there is no way back: ${step.undo.never}`);
    }
    lines.push(line(planned));
    if (more.diffs && change.kind !== 'none' && change.diff !== undefined)
      lines.push(
        ...change.diff
          .trimEnd()
          .split('\n')
          .slice(1)
          .map((text) => `      ${text}`),
      );
  }
  const restarts = [...new Set([...more.owed, ...pending.flatMap(({ step }) => step.notify ?? [])])];
  lines.push(
    `${plan.pending} to change, ${plan.steps.length - plan.pending} already right. Restarts at the end: ${restarts.join(', ') || 'none'}.`,
  );
  return lines;
}
