import { describe, expect, test } from 'vitest';
import type { Problem, SetupError } from '#kit';
import { newAnswers } from '../../../../src/setup/core/answers.ts';
import { preflight } from '../../../../src/setup/core/preflight.ts';
import { memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { notingDialog } from '../../../support/fakes.ts';

const error: Problem = { id: 'broken', level: 'error', message: 'It is broken', remedy: 'Mend it.' };
const doubt: Problem = { id: 'odd', level: 'doubt', message: 'It is odd' };

async function check(problems: readonly Problem[], on: { replies?: readonly string[]; allowed?: readonly string[] } = {}) {
  const dialog = notingDialog(on.replies);
  const plugins = [{ name: 'none' }, ...problems.map((problem) => ({ name: problem.id, preflight: () => Promise.resolve([problem]) }))];
  const open: unknown = await preflight(plugins, {
    view: newAnswers(new Map()),
    host: memoryHost(newMachine()),
    dialog,
    allowed: new Set(on.allowed ?? []),
  }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (open !== undefined) expect(open).toMatchObject({ code: 'refused' });
  return { dialog, open: (open as SetupError | undefined)?.problems };
}

describe('findings about the host', () => {
  test('are reported together, errors and doubts', async () => {
    expect((await check([])).open).toBeUndefined();
    expect((await check([doubt, error, { ...error, id: 'other' }])).open).toEqual([doubt, error, { ...error, id: 'other' }]);
  });

  test('that are doubts can be accepted by name beforehand; errors cannot', async () => {
    const { dialog, open } = await check([doubt], { allowed: ['odd'] });
    expect(open).toBeUndefined();
    expect(dialog.logged).toEqual([['warning', 'It is odd (accepted by --allow odd)']]);
    expect((await check([error], { allowed: ['broken'] })).open).toEqual([error]);
    expect((await check([doubt], { allowed: ['other'] })).open).toEqual([doubt]);
  });

  test('that are doubts are asked about where somebody can answer; Enter means no', async () => {
    expect((await check([doubt], { replies: ['perhaps', 'Yes'] })).open).toBeUndefined();
    expect((await check([doubt], { replies: [''] })).open).toEqual([doubt]);
    const { dialog, open } = await check([doubt, error], { replies: ['no'] });
    expect(open).toEqual([doubt, error]);
    expect(dialog.asked.map(({ name, initial }) => [name, initial])).toEqual([['odd', 'No']]);
  });
});
