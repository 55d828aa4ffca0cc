import { describe, expect, test } from 'vitest';
import { type Change, type Heading, type Step, nothing } from '#kit';
import { arrange, makePlan, stepsOf, unitsToStop } from '../../../../src/setup/core/plan.ts';
import { planSummary, planText } from '../../../../src/setup/core/preview.ts';
import { memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { newAnswers } from '../../../../src/setup/core/answers.ts';
import { english } from '../../../support/fakes.ts';

const step = (id: string, more: Partial<Step> & Partial<Heading> = {}, change: Change = { kind: 'update', note: `about ${id}` }): Step => ({
  id,
  chapter: 'units',
  title: `Title of ${id}`,
  undo: 'restore-files',
  check: () => Promise.resolve(change),
  apply: () => Promise.resolve(),
  ...more,
});
const planOf = (...steps: readonly Step[]) => makePlan(arrange(steps), memoryHost(newMachine()));

describe('steps are arranged', () => {
  test('by chapters, and inside of one as the plugin lists them', () => {
    const arranged = arrange([
      step('z', { chapter: 'services.start' }),
      step('b', { chapter: 'database.server' }),
      step('a', { chapter: 'database.server' }),
      step('y', { chapter: 'engine.stop' }),
      step('x', { chapter: 'packages' }),
    ]);
    expect(arranged.map(({ step: { id }, stage }) => [stage, id])).toEqual([
      ['early_misc', 'y'],
      ['packages', 'x'],
      ['misc', 'b'],
      ['misc', 'a'],
      ['closeup', 'z'],
    ]);
  });

  test('only if what they need stands before them', () => {
    expect(arrange([step('a'), step('b', { needs: ['a'] })])).toHaveLength(2);
    expect(() => arrange([step('b', { needs: ['a'] }), step('a')])).toThrow('b needs a, which stands later');
    expect(() => arrange([step('b', { needs: ['a'] })])).toThrow('b needs a, which is not there');
    expect(() => arrange([step('b', { needs: ['b'] })])).toThrow('b needs b, which stands later');
    // Needs are promises, not a way to sort.
    expect(() => arrange([step('a', { chapter: 'services.start' }), step('b', { needs: ['a'] })])).toThrow('stands later');
  });

  test('only if their names are unique', () => {
    expect(() => arrange([step('a'), step('a')])).toThrow('two steps are called a');
    expect(() => arrange([step('a'), step('a', { chapter: 'packages' })])).toThrow('two steps are called a');
  });

  test('with those of third parties behind the step that they name, and in the stage of that one', () => {
    const arranged = arrange([
      step('third', { chapter: 'services.start', after: 'second' }),
      step('b'),
      step('second', { after: 'a' }),
      step('a', { chapter: 'packages' }),
      step('c', { needs: ['third'] }),
    ]);
    expect(arranged.map(({ step: { id }, stage }) => [stage, id])).toEqual([
      ['packages', 'a'],
      ['packages', 'second'],
      ['packages', 'third'],
      ['misc', 'b'],
      ['misc', 'c'],
    ]);
  });

  test('with those of third parties at the end of their chapter where the step that they name is not there', () => {
    const lost = step('lost', { chapter: 'packages', after: 'nowhere' });
    const behind = step('behind', { after: 'lost' });
    const arranged = arrange([lost, behind, step('a', { chapter: 'packages' }), step('b')]);
    expect(arranged.map(({ step: { id }, stage }) => [stage, id])).toEqual([
      ['packages', 'a'],
      ['packages', 'lost'],
      ['packages', 'behind'],
      ['misc', 'b'],
    ]);
  });

  test('from all plugins together with those of the core', () => {
    const view = newAnswers(new Map());
    const plugins = [
      { name: 'one', steps: () => [step('a')] },
      { name: 'none' },
      { name: 'two', steps: () => [step('b', { needs: ['a'] })] },
    ];
    expect(stepsOf(plugins, view, [step('c', { needs: ['b'] })]).map(({ step: { id } }) => id)).toEqual(['a', 'b', 'c']);
  });
});

describe('a plan', () => {
  test('asks every step and counts those with something to do', async () => {
    const plan = await planOf(step('a'), step('b', {}, nothing), step('c', {}, { kind: 'remove', note: 'gone' }));
    expect(plan.steps.map(({ step: { id }, change: { kind } }) => [id, kind])).toEqual([
      ['a', 'update'],
      ['b', 'none'],
      ['c', 'remove'],
    ]);
    expect(plan.pending).toBe(2);
  });

  test('stops units only for pending steps, each once', async () => {
    const stops = [
      { unit: 'x', title: 'Stopping x' },
      { unit: 'y', title: 'Stopping y' },
    ];
    const plan = await planOf(
      step('a', { stops }),
      step('b', { stops: stops.slice(0, 1) }),
      step('c', { stops: [{ unit: 'z', title: 'Z' }] }, nothing),
    );
    expect(unitsToStop(plan)).toEqual(stops);
  });
});

describe('the text of a plan', () => {
  const textOf = (plan: Awaited<ReturnType<typeof planOf>>, more: Parameters<typeof planText>[1]) =>
    english(planText(plan, more)) as readonly string[];
  const lines = async (...steps: readonly Step[]) => textOf(await planOf(...steps), []);

  test('marks what is created, changed, removed and run, and leaves out what is right', async () => {
    const text = await lines(
      step('a', {}, { kind: 'create', note: 'one' }),
      step('b', {}, { kind: 'update', note: 'two' }),
      step('c', {}, { kind: 'remove', note: 'three' }),
      step('d', {}, { kind: 'run', note: 'four' }),
      step('e', {}, nothing),
    );
    expect(text.map((line) => line.slice(0, 5))).toEqual(['  + a', '  ~ b', '  - c', '  > d', '4 to ']);
    expect(text.at(-1)).toBe('4 to change, 1 already right. No restarts at the end.');
  });

  test('shows differences, and in short only what the screen will name', async () => {
    const change = { kind: 'update', note: 'file', diff: () => 'Index\n--- a\n+++ b\n-old\n+new\n' } as const;
    expect(await lines(step('a', {}, change))).toEqual(expect.arrayContaining(['      -old', '      +new']));
    const plan = await planOf(step('a', {}, change), step('b', { quiet: true }, change));
    expect(english(planSummary(plan, []))).toEqual(['  ~ Title of a', '2 to change, 0 already right. No restarts at the end.']);
  });

  test('says of what a server keeps that runs no more that nobody can see it now, unless it is made anew', async () => {
    const at = { host: 'localhost', port: 5432, name: 'engine', user: 'engine', password: 'secret' };
    const looking = (id: string, inside: readonly string[]): Step =>
      step(id, {
        inside,
        check: async (host) => {
          await host.database.look(at, () => Promise.resolve()).catch(() => undefined);
          return { kind: 'create', note: 'one' };
        },
      });
    const cluster = (change: Change): Step => step('cluster', {}, change);
    const stopped = await lines(cluster(nothing), looking('role', ['cluster']), looking('rows', ['cluster', 'role']), step('other'));
    expect(stopped.slice(0, 2).map((line) => line.replace(/  +/g, '  '))).toEqual([
      '  ? role  Title of role  seen once the server of the database runs',
      '  ? rows  Title of rows  seen once the server of the database runs',
    ]);
    expect(stopped.at(-1)).toBe('1 to change, 2 not seen before the server of the database runs, 1 already right. No restarts at the end.');
    const fresh = await lines(cluster({ kind: 'run', note: 'one' }), looking('role', ['cluster']), looking('rows', ['role']));
    expect(fresh.map((line) => line.slice(0, 4))).toEqual(['  > ', '  + ', '  + ', '3 to']);
  });

  test('draws one line where there is no way back, before the step that makes it so', async () => {
    const never = { undo: { never: 'the old one is gone' } } as const;
    const text = await lines(step('a'), step('b', never), step('c', { undo: { never: 'again' } }), step('d', never, nothing));
    const at = text.findIndex((line) => line.includes('----'));
    expect(text[at]).toContain('beyond this line there is no way back: the old one is gone');
    expect(text[at - 1]).toContain('  ~ a');
    expect(text[at + 1]).toContain('  ~ b');
    expect(text.filter((line) => line.includes('----'))).toHaveLength(1);
  });

  test('draws no such line for a step inside of something that this run makes, only where that was there before', async () => {
    const inner = step('inner', { undo: { never: 'gone' }, inside: ['outer'] });
    expect((await lines(step('outer'), inner)).join('\n')).not.toContain('no way back');
    expect((await lines(step('outer', {}, nothing), inner)).join('\n')).toContain('no way back');
  });

  test('names every restart once, owed ones first', async () => {
    const plan = await planOf(step('a', { notify: ['x', 'y'] }), step('b', { notify: ['y'] }), step('c', { notify: ['z'] }, nothing));
    expect(textOf(plan, ['y', 'w']).at(-1)).toContain('Restarts at the end: y, w, x.');
  });
});
