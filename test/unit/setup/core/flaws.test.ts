import { describe, expect, test } from 'vitest';
import { type Flaws, type Plugin, type Problem, setting, text } from '#kit';
import { planOnly } from '../../../../src/setup/core/plan-only.ts';
import { runPipeline } from '../../../../src/setup/core/pipeline.ts';
import { english, failureOf, notingDialog, sourcesOf } from '../../../support/fakes.ts';
import { testRun } from '../../../support/run.ts';

const base = { section: 'network', about: 'x' } as const;
const fqdn = setting({ ...base, key: 'OVESETUP_CONFIG/fqdn', kind: text, ask: { name: 'FQDN', text: 'Name' }, initial: 'usual' });
const host = setting({ ...base, key: 'OVESETUP_DB/host', kind: text, ask: { name: 'HOST', text: 'Host' } });
const hanging = setting({ ...base, key: 'OVESETUP_DB/user', kind: text, initial: (view) => `of ${view.get(fqdn)}` });
const given = setting({ ...base, key: 'OVESETUP_DB/database', kind: text, validate: () => 'It is bad' });
const odd: Problem = { id: 'disk-space', level: 'doubt', message: 'There is little room' };
const plugins: readonly Plugin[] = [
  { name: 'test', settings: [fqdn, host, hanging, given], preflight: () => Promise.resolve([odd]) },
  { name: 'other', preflight: async (view) => [{ ...odd, message: view.get(hanging) }] },
];
const flaw: Problem = { id: 'answer-file', level: 'error', message: 'a.conf:1 is bad' };
const flawed = (flaws: Partial<Flaws>) => ({
  ...sourcesOf({ 'OVESETUP_DB/database': 'x' }),
  flaws: { problems: [flaw], hold: () => false, ...flaws },
});
const refusal = async (flaws: Partial<Flaws>) => {
  const failure = (await failureOf(planOnly(testRun({ plugins, sources: flawed(flaws) })))) as { problems: { id: string }[] };
  return failure.problems.map(({ id }) => id);
};

describe('answers that cannot be read', () => {
  test('are told with those that are missing or refused, and with what the host is found to lack', async () => {
    expect(await refusal({})).toEqual([
      'answer-file',
      'OVESETUP_DB/host',
      'OVESETUP_DB/database',
      'OVESETUP_DIALOG/confirmSettings',
      'disk-space',
      'disk-space',
    ]);
  });

  test('are not missing, and no default stands for them in what hangs on them', async () => {
    const hold = (key: string): boolean => [fqdn.key, 'QUESTION/1/HOST'].includes(key);
    expect(await refusal({ hold })).toEqual(['answer-file', 'OVESETUP_DB/database', 'OVESETUP_DIALOG/confirmSettings', 'disk-space']);
  });

  test('are not known to be missing where they may be anything', async () => {
    const unjudged: Problem = { ...flaw, message: 'Nobody knows' };
    expect(await refusal({ hold: () => true, unjudged })).toEqual(['answer-file', 'answer-file', 'OVESETUP_DB/database']);
  });

  test('end a run with questions before the first one', async () => {
    const dialog = notingDialog(['x', 'y']);
    const { failure } = await runPipeline(testRun({ plugins, sources: flawed({}), dialog }));
    expect(english((failure as { problems: unknown }).problems)).toMatchObject([{ message: 'a.conf:1 is bad' }]);
    expect(dialog.asked).toEqual([]);
  });
});
