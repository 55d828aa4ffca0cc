import { afterEach, describe, expect, test } from 'vitest';
import type { Question } from '#kit';
import { type Terminal, noTerminals, openTerminal } from '../support/terminal.ts';

const text: Question = { name: 'FQDN', text: 'Host name', choices: [], initial: 'engine.example.net', hidden: false };
const password: Question = { name: 'PASSWORD', text: 'Engine admin password', choices: [], hidden: true };

let terminal: Terminal;
afterEach(() => terminal.close());
const open = (script: Parameters<typeof openTerminal>[0], on: { shell?: boolean } = {}): Terminal =>
  (terminal = openTerminal(script, { ...on, dialog: 'lines' }));
const sane = /(?<!-)icanon[^]*(?<!-)echo /;

describe.skipIf(noTerminals !== undefined)(`line by line at a real terminal${noTerminals === undefined ? '' : ` (${noTerminals})`}`, () => {
  test('what is typed ahead of hidden questions is never seen, and that of others when they are asked', async () => {
    open((path) => [{ note: 'busy' }, { until: path('go') }, { ask: password }, { ask: text }, { ask: password }, { note: 'end' }]);
    await terminal.shows('busy');
    terminal.type('s3cret-Word\rhost.example.org\rs3cret-Again\r');
    terminal.goOn('go');
    expect(await terminal.result()).toEqual({ answers: ['s3cret-Word', 'host.example.org', 's3cret-Again'] });
    expect(terminal.scrollback().split('\n')).toEqual([
      '          busy',
      '          Engine admin password:',
      '          Host name [engine.example.net]: host.example.org',
      '          Engine admin password:',
      '          end',
    ]);
    expect(await terminal.modes()).toMatch(sane);
  });

  test('a line appears as it is typed and corrected', async () => {
    open([{ ask: text }, { ask: text }]);
    await terminal.shows('Host name');
    terminal.type('hosts漢');
    terminal.press('BSpace', 'BSpace');
    await terminal.shows(/: host$/);
    terminal.type(' gone');
    terminal.press('C-w', 'BSpace');
    terminal.type('.example.org');
    await terminal.shows(/: host\.example\.org$/);
    terminal.press('Enter');
    await terminal.shows(/\n.*Host name/);
    terminal.type('wrong');
    terminal.press('C-u', 'Enter');
    expect(await terminal.result()).toEqual({ answers: ['host.example.org', ''] });
    expect(terminal.screen()).toMatch(/\[engine\.example\.net\]:$/);
  });

  test.each([
    ['C-c', 'Ctrl-C'],
    ['C-d', 'Ctrl-D'],
  ])('%s cancels at a question, and the terminal is given back as it was', async (key, name) => {
    open([{ ask: text }]);
    await terminal.shows('Host name');
    terminal.press(key);
    expect(await terminal.result()).toEqual({ answers: [], error: { code: 'cancelled', message: `Cancelled with ${name}` } });
    expect(await terminal.modes()).toMatch(sane);
  });

  test('Ctrl-C interrupts the program while nothing is asked', async () => {
    open((path) => [{ note: 'busy' }, { until: path('never') }]);
    await terminal.shows('busy');
    terminal.press('C-c');
    expect(await terminal.result()).toMatchObject({ error: { message: 'interrupted between two questions' } });
    expect(await terminal.modes()).toMatch(sane);
  });

  test('Ctrl-Z gives the terminal back, and what was typed is there again afterwards', async () => {
    open([{ ask: text }], { shell: true });
    await terminal.shows('Host name');
    terminal.type('abc');
    await terminal.shows(/: abc$/);
    terminal.press('C-z');
    expect(await terminal.modes()).toMatch(sane);
    terminal.type('fg\r');
    await terminal.shows(/fg\n[^]*abc$/);
    terminal.press('d', 'Enter');
    expect(await terminal.result()).toEqual({ answers: ['abcd'] });
  });
});
