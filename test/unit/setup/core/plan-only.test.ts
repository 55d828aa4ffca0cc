import { describe, expect, test } from 'vitest';
import { type Plugin, type Problem, setting, text } from '#kit';
import { planOnly } from '../../../../src/setup/core/plan-only.ts';
import { afterPowerCut, memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { english, failureOf, fileStep, sourcesOf } from '../../../support/fakes.ts';
import { install } from '../../../support/installation.ts';
import { testRun } from '../../../support/run.ts';

const fqdn = setting({ key: 'OVESETUP_CONFIG/fqdn', section: 'network', kind: text, about: 'x', initial: 'usual' });
const component = (more: Partial<Plugin> = {}): readonly Plugin[] => [
  { name: 'test', settings: [fqdn], steps: () => [fileStep('a', '/etc/a', 'x', { notify: ['u'] }), fileStep('b', '/etc/b', 'x')], ...more },
];

describe('a plan alone', () => {
  test('changes nothing, and knows the restarts that an unfinished run owes', async () => {
    const machine = newMachine();
    await install({ machine, files: [], plugins: component(), accidents: [{ at: 8, how: 'cut-before' }] });
    const host = memoryHost(afterPowerCut(machine));
    const { plan, owed, answers } = await planOnly(testRun({ host, plugins: component() }));
    expect(plan.pending).toBeGreaterThan(0);
    expect(owed).toEqual(['u']);
    expect(answers.get(fqdn)).toBe('usual');
    expect(host.effects).toEqual([]);
  });

  test('tells of answers that have no effect here', async () => {
    const plugins = component({ settings: [{ ...fqdn, settled: () => 'as-it-is' }] });
    const { warnings } = await planOnly(testRun({ plugins, sources: sourcesOf({ 'OVESETUP_CONFIG/fqdn': 'other' }) }));
    expect(english(warnings)).toEqual(['OVESETUP_CONFIG/fqdn (a.conf:1) has no effect: it is as-it-is on this host already']);
  });

  test('tells what the checks of the host find, without judging it', async () => {
    const found: readonly Problem[] = [
      { id: 'host-name', level: 'warning', message: 'It is strange' },
      { id: 'https-port', level: 'error', message: 'It is broken' },
      { id: 'disk-space', level: 'doubt', message: 'It is odd' },
    ];
    const plugins = component({ preflight: async () => [...found].reverse() });
    const { findings, plan } = await planOnly(testRun({ plugins }));
    expect(findings).toEqual(found);
    expect(plan.pending).toBe(3);
  });

  test('is refused with all answers that are wrong or missing', async () => {
    const [one, two] = ['OVESETUP_CONFIG/fqdn', 'OVESETUP_DB/host'].map((key) => ({
      ...fqdn,
      key,
      initial: undefined,
      ask: { name: key, text: key },
    }));
    const failure = await failureOf(planOnly(testRun({ plugins: component({ settings: [one!, two!] }), yes: true })));
    expect(failure).toMatchObject({ code: 'refused', problems: [{ id: 'OVESETUP_CONFIG/fqdn' }, { id: 'OVESETUP_DB/host' }] });
  });

  test('ends when a signal comes', async () => {
    await expect(planOnly(testRun({ plugins: component(), signal: AbortSignal.abort() }))).rejects.toMatchObject({ code: 'cancelled' });
  });
});
