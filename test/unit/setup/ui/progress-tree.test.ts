import { afterEach, describe, expect, test, vi } from 'vitest';
import type { TerminalDialog } from '../../../../src/setup/ui/dialog-terminal.ts';
import { treeProgress } from '../../../../src/setup/ui/progress-tree.ts';
import { fakeTerminal } from '../../../support/fake-terminal.ts';
import { fileStep } from '../../../support/fakes.ts';

afterEach(() => void vi.useRealTimers());

const [loud, quiet] = [fileStep('a', '/a', 'x'), fileStep('b', '/b', 'x', { quiet: true })] as const;

/** A tree that has been loaded, as it is by the time the work begins. */
async function tree(change: (dialog: TerminalDialog) => TerminalDialog = (dialog) => dialog) {
  const terminal = fakeTerminal();
  const progress = treeProgress(change(terminal.dialog), terminal.log);
  progress.stage('validation');
  progress.planned([loud, quiet], new Map());
  await expect
    .poll(() => {
      progress.started(loud);
      return terminal.out.screen + terminal.out.log.join();
    })
    .toMatch(/Step 1 of 2|cannot be drawn/);
  terminal.out.screen = '';
  terminal.out.log.length = 0;
  return { progress, ...terminal };
}

describe('the tree', () => {
  test('shows quiet steps too, and logs what the classic screen does not show', async () => {
    const { progress, out } = await tree();
    progress.started(loud);
    progress.said(loud, 'half way');
    progress.ended(loud, 'done', 1_200);
    progress.started(quiet);
    progress.ended(quiet, 'failed', 3, new Error('no room'));
    progress.finished();
    expect(out.screen).toContain('Writing /a (1.2 s)\n');
    expect(out.screen).toContain('Writing /b\n');
    expect(out.log.map((line) => line.split('\n')[0])).toEqual([
      'INFO step a: Writing /a',
      'DEBUG step a: half way',
      'DEBUG step a: done (1200 ms)',
      'INFO step b: Writing /b',
      'ERROR step b: failed (3 ms): Error: no room',
    ]);
  });

  test('hides secrets that a step says', async () => {
    const { progress, out, mask } = await tree();
    mask.add('Geheim!');
    progress.said(loud, 'is Geheim!\u001b[2J');
    progress.started(quiet);
    progress.said(quiet, 'is Geheim!\u001b[2J');
    await expect.poll(() => out.screen).toContain('> is **FILTERED**\\x1b[2J');
    expect(out.screen).not.toContain('Geheim');
    progress.finished();
  });

  test('draws nothing any more when the work is finished, however often that is said', async () => {
    const { progress, out } = await tree();
    progress.finished();
    progress.finished();
    out.screen = '';
    progress.ended(loud, 'undone', undefined);
    vi.useFakeTimers();
    vi.advanceTimersByTime(5_000);
    expect(out.screen).toBe('');
  });
});

describe('without a tree', () => {
  test('steps are told in lines as long as it is not loaded', () => {
    const { dialog, out, log } = fakeTerminal();
    const progress = treeProgress(dialog, log);
    progress.planned([loud], new Map());
    progress.started(loud);
    progress.ended(loud, 'done', 12);
    progress.finished();
    expect(out.screen).toBe('[ INFO  ] Writing /a\n');
    expect(out.log).toEqual(['INFO dialog Writing /a', 'DEBUG step a: done (12 ms)']);
  });

  test('the work goes on in lines when drawing fails, and the log says why', async () => {
    const broken = (dialog: TerminalDialog): TerminalDialog => ({
      ...dialog,
      area: {
        ...dialog.area,
        draw() {
          throw new Error('no terminal like that');
        },
      },
    });
    const { progress, out } = await tree(broken);
    progress.started(loud);
    progress.ended(loud, 'done', 12);
    progress.finished();
    expect(out.screen).toBe('[ INFO  ] Writing /a\n');
  });
});
