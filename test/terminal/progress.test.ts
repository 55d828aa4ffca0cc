import { afterEach, describe, expect, test } from 'vitest';
import type { Question } from '#kit';
import { type Terminal, noTerminals, openTerminal } from '../support/terminal.ts';

const confirm: Question = { name: 'CONFIRM', text: 'Please confirm', choices: ['OK', 'Cancel'], initial: 'OK', hidden: false };

let terminal: Terminal;
afterEach(() => terminal.close());
const open = (...args: Parameters<typeof openTerminal>): Terminal => (terminal = openTerminal(...args));
const confirmed = async (): Promise<void> => {
  await terminal.shows('[OK]:');
  terminal.press('Enter');
};
const titles = ['Creating CA', 'Creating database', 'Starting engine service', 'Writing record'];

describe.skipIf(noTerminals !== undefined)(`progress at a real terminal${noTerminals === undefined ? '' : ` (${noTerminals})`}`, () => {
  test('shows the running step with its usual time, what it said, what comes next, and how far the work has come', async () => {
    open((path) => [
      { ask: confirm },
      { planned: titles, expected: { 'Creating CA': 12_000, 'Creating database': 30_000 } },
      { started: 'Creating CA' },
      { said: 'key made', step: 'Creating CA' },
      { until: path('go') },
      { finished: true },
    ]);
    await confirmed();
    const screen = await terminal.shows('> key made');
    expect(screen).toMatch(/^ {10}\S Creating CA \(\d+ s, usually about 12 s\)$/m);
    expect(screen).toMatch(/^ {12}> key made\n {10}\S Creating database\n {10}\S Starting engine service\n/m);
    expect(screen).not.toContain('Writing record');
    expect(screen).toMatch(/Step 1 of 4, \d+ s so far, at least \d+ s left$/);
    terminal.goOn('go');
    await terminal.result();
  });

  test('keeps the steps that are over, with their times and in order with the lines between them', async () => {
    open((path) => [
      { ask: confirm },
      { info: 'Stage: Misc configuration' },
      { planned: titles },
      { started: 'Creating CA' },
      { until: path('first') },
      { ended: 'Creating CA', how: 'done' },
      { started: 'Creating database' },
      { info: 'said in the middle of a step' },
      { until: path('second') },
      { ended: 'Creating database', how: 'failed' },
      { info: 'Rolling back what this run has changed' },
      { ended: 'Creating CA', how: 'undone' },
      { finished: true },
      { info: 'Stage: Clean up' },
    ]);
    await confirmed();
    await terminal.shows('Step 1 of 4');
    terminal.goOn('first');
    await terminal.shows('Step 2 of 4');
    terminal.goOn('second');
    await terminal.result();
    expect(terminal.screen().split('\n')).toEqual([
      '          Please confirm (OK, Cancel) [OK]: OK',
      '[ INFO  ] Stage: Misc configuration',
      '          ✔ Creating CA (1.2 s)',
      '[ INFO  ] said in the middle of a step',
      '          ✖ Creating database (1.2 s)',
      '[ INFO  ] Rolling back what this run has changed',
      '          ← Creating CA (taken back)',
      '[ INFO  ] Stage: Clean up',
    ]);
  });

  test('is not torn by what is typed meanwhile', async () => {
    open((path) => [{ ask: confirm }, { planned: titles }, { started: 'Creating CA' }, { until: path('go') }, { finished: true }]);
    await confirmed();
    await terminal.shows('Step 1 of 4');
    terminal.type('what now\r\r\r');
    await terminal.shows(/Step 1 of 4, [1-9]/);
    expect(terminal.screen()).not.toContain('what');
    terminal.goOn('go');
    await terminal.result();
    expect(terminal.screen()).toBe('          Please confirm (OK, Cancel) [OK]: OK');
  });

  test('keeps the running step in sight on a terminal of three rows and 20 columns', async () => {
    open(
      (path) => [
        { ask: confirm },
        { planned: titles },
        { started: 'Creating database' },
        { until: path('go') },
        { finished: true },
        { note: 'end' },
      ],
      { columns: 20, rows: 4 },
    );
    await confirmed();
    await terminal.shows('Creating');
    terminal.goOn('go');
    await terminal.shows('end');
  });

  test('goes on without its terminal', async () => {
    open((path) => [
      { ask: confirm },
      { planned: titles },
      { started: 'Creating CA' },
      { until: path('go') },
      { info: 'to nobody' },
      { ended: 'Creating CA', how: 'done' },
      { started: 'Creating database' },
      { ended: 'Creating database', how: 'done' },
      { finished: true },
      { info: 'to nobody' },
    ]);
    await confirmed();
    await terminal.shows('Step 1 of 4');
    terminal.hangUp();
    terminal.goOn('go');
    expect(await terminal.result()).toEqual({ answers: [''] });
  });

  test('is interrupted with Ctrl-C, which the program sees as a signal', async () => {
    open((path) => [{ ask: confirm }, { planned: titles }, { started: 'Creating CA' }, { until: path('never') }, { finished: true }]);
    await confirmed();
    await terminal.shows('Step 1 of 4');
    terminal.press('C-c');
    expect(await terminal.result()).toMatchObject({ error: { message: 'interrupted between two questions' } });
  });
});
