import { expect, test } from 'vitest';
import { type Setting, message, setting, text } from '#kit';
import { planDocument } from '../../../../src/setup/cli/plan-document.ts';
import { newAnswers } from '../../../../src/setup/core/answers.ts';
import { makePlan, stepsOf } from '../../../../src/setup/core/plan.ts';
import { memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { fileStep } from '../../../support/fakes.ts';

const declare = (key: string, more: Partial<Setting<string>> = {}) => setting({ key, section: 'misc', kind: text, about: 'x', ...more });

test('a plan as JSON has all that people see of it, and nothing that nobody may see', async () => {
  const answers = newAnswers(new Map());
  answers.set(declare('A/name'), { value: 'engine', origin: { kind: 'given', where: 'a.conf:1' } });
  answers.set(declare('A/secret', { secret: true }), { value: 'canary', origin: { kind: 'asked' } });
  const steps = [
    fileStep('x/right', '/right', ''),
    fileStep('x/first', '/first', 'new', { notify: ['one'], stops: [{ unit: 'two', title: 'Stopping two' }] }),
    fileStep('x/point', '/point', 'new', { title: message`Writing ${'it'}`, undo: { never: 'data is lost' } }),
    fileStep('x/last', '/last', 'new'),
  ];
  const right = { ...steps[0], check: async () => ({ kind: 'none' }) } as (typeof steps)[number];
  const plan = await makePlan(stepsOf([], answers, [right, ...steps.slice(1)]), memoryHost(newMachine()));
  const findings = [{ id: 'doubtful', level: 'doubt', message: message`${'It'} is odd`, remedy: 'Look.' } as const];
  const document = JSON.parse(
    JSON.stringify(planDocument({ plan, owed: ['three'], findings, answers, warnings: [message`${'A/name'} is odd`] })),
  ) as Record<string, unknown>;
  const pending = { chapter: 'units', stage: 'misc', change: 'update', drifted: false, restarts: [] };
  expect(document).toEqual({
    pending: 3,
    restarts: ['three', 'one'],
    owedRestarts: ['three'],
    unitsToStop: ['two'],
    findings: [{ id: 'doubtful', level: 'doubt', message: 'It is odd', remedy: 'Look.' }],
    warnings: ['A/name is odd'],
    settings: [
      { key: 'A/name', value: 'engine', origin: { kind: 'given', where: 'a.conf:1' } },
      { key: 'A/secret', secret: true, origin: { kind: 'asked' } },
    ],
    steps: [
      { id: 'x/right', chapter: 'units', stage: 'misc', title: 'Writing /right', change: 'none', drifted: false },
      { ...pending, id: 'x/first', title: 'Writing /first', note: '/first', touches: ['/first'], restarts: ['one'], beyondReturn: false },
      { ...pending, id: 'x/point', title: 'Writing it', note: '/point', touches: ['/point'], beyondReturn: true },
      { ...pending, id: 'x/last', title: 'Writing /last', note: '/last', touches: ['/last'], beyondReturn: true },
    ],
  });
});
