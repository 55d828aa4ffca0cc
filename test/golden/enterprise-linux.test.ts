import { expect, test } from 'vitest';
import { inEnglish } from '#kit';
import type { Plan, PlannedStep } from '../../src/setup/core/plan.ts';
import { planText } from '../../src/setup/core/preview.ts';
import { debianNames, outlookOn } from '../support/enterprise-linux.ts';
import { machines } from '../support/machines.ts';

const textOf = (plan: Plan): string => `${planText(plan, []).map(inEnglish).join('\n')}\n`;

/** Without the differences of files that are the same on every distribution. */
function brief(plan: Plan): Plan {
  const shown = ({ step }: PlannedStep): boolean => /^(?:packages|database|apache)\//.test(step.id);
  const withoutDiff = (planned: PlannedStep): PlannedStep => {
    if (planned.change.kind === 'none') return planned;
    const { diff: _diff, ...change } = planned.change;
    return { ...planned, change };
  };
  return { ...plan, steps: plan.steps.map((planned) => (shown(planned) ? planned : withoutDiff(planned))) };
}

test('the plan for a host of EL, which is refused, names its packages, units and paths, and none of Debian', async () => {
  const { plan, findings } = await outlookOn(machines['enterprise-linux']());
  expect(findings.map(({ id, level }) => [id, level])).toEqual([['unsupported-host', 'error']]);
  expect(textOf(plan)).not.toMatch(debianNames);
  await expect(textOf(brief(plan))).toMatchFileSnapshot('enterprise-linux.plan');
});

test('the plan for a Debian host would be noticed there', async () => {
  const found = [...textOf((await outlookOn(machines.usual())).plan).matchAll(new RegExp(debianNames, 'g'))].map(([name]) => name);
  expect([...new Set(found)].sort()).toEqual(['-available/', '-enabled/', '/etc/postgresql', 'apache2', 'postgresql-15', 'postgresql@']);
});
