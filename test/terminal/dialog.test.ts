import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import type { Question } from '#kit';
import { type Terminal, noTerminals, openTerminal } from '../support/terminal.ts';

const yesNo: Question = {
  name: 'OVESETUP_ENGINE_ENABLE',
  text: 'Configure Engine on this host',
  about: 'Whether the engine is set up on this host.',
  choices: ['Yes', 'No'],
  initial: 'Yes',
  hidden: false,
};
const three: Question = { name: 'MODE', text: 'Application mode', choices: ['Virt', 'Gluster', 'Both'], initial: 'Both', hidden: false };
const text: Question = { name: 'FQDN', text: 'Host name', choices: [], initial: 'engine.example.net', hidden: false };
const password: Question = { name: 'PASSWORD', text: 'Engine admin password', choices: [], hidden: true };

let terminal: Terminal;
afterEach(() => terminal.close());
const open = (...args: Parameters<typeof openTerminal>): Terminal => (terminal = openTerminal(...args));
/** The answers of a dialog that came to its end. */
const answers = async (): Promise<readonly string[]> => {
  const { answers: given, error } = await terminal.result();
  expect(error).toBeUndefined();
  return given;
};
const sane = /(?<!-)icanon[^]*(?<!-)echo /;

describe.skipIf(noTerminals !== undefined)(`at a real terminal${noTerminals === undefined ? '' : ` (${noTerminals})`}`, () => {
  describe('a choice', () => {
    test('is taken from its first letters, and shown in full', async () => {
      open([{ ask: yesNo }, { ask: three }]);
      await terminal.shows('[Yes]: \n'.trim());
      terminal.press('n', 'Enter');
      await terminal.shows('Application mode');
      terminal.press('G', 'l', 'Enter');
      expect(await answers()).toEqual(['No', 'Gluster']);
      expect(terminal.screen()).toBe(
        '          Configure Engine on this host (Yes, No) [Yes]: No\n' +
          '          Application mode (Virt, Gluster, Both) [Both]: Gluster',
      );
    });

    test('is brought up by the arrow keys, in a circle that begins at the default', async () => {
      open([{ ask: three }]);
      await terminal.shows('[Both]:');
      terminal.press('Down');
      await terminal.shows('[Both]: Virt');
      terminal.press('Up');
      await terminal.shows('[Both]: Both');
      terminal.press('Up', 'Enter');
      expect(await answers()).toEqual(['Gluster']);
    });

    test('is the default after Enter alone', async () => {
      open([{ ask: yesNo }]);
      await terminal.shows('[Yes]:');
      terminal.press('Enter');
      expect(await answers()).toEqual(['']);
      expect(terminal.screen()).toMatch(/\[Yes\]: Yes$/);
    });

    test('that is wrong is refused with the right ones, and asked again', async () => {
      open([{ ask: yesNo }]);
      await terminal.shows('[Yes]:');
      terminal.type('maybe');
      terminal.press('Enter');
      await terminal.shows("[ ERROR ] 'maybe' is no answer to this question. Choose one of: Yes, No");
      terminal.press('y', 'Enter');
      expect(await answers()).toEqual(['Yes']);
    });
  });

  test('a question mark explains the question, which is then asked again', async () => {
    open([{ ask: { ...yesNo, notes: ['Read this first.'] } }]);
    await terminal.shows('[Yes]:');
    terminal.press('?', 'Enter');
    const screen = await terminal.shows(/\[Yes\]:[^]*\[Yes\]:/);
    expect(screen).toContain('Whether the engine is set up on this host.');
    expect(screen).toContain('Answers: Yes, No.');
    expect(screen).toContain('Enter alone means: Yes');
    expect(screen).toContain('QUESTION/1/OVESETUP_ENGINE_ENABLE');
    expect(screen.match(/Read this first/g)).toHaveLength(2);
    terminal.press('Enter');
    expect(await answers()).toEqual(['']);
  });

  describe('the way back', () => {
    test('is offered and taken where there is an earlier question', async () => {
      open([{ ask: { ...text, back: true } }]);
      await terminal.shows('< goes back');
      terminal.press('<', 'Enter');
      expect(await answers()).toEqual(['BACK']);
    });

    test('is neither offered nor taken at the first one', async () => {
      open([{ ask: text }]);
      expect(await terminal.shows('? explains')).not.toContain('goes back');
      terminal.press('<', 'Enter');
      await terminal.shows('[ ERROR ] There is no way back from this question');
      terminal.press('Enter');
      expect(await answers()).toEqual(['']);
    });
  });

  describe('a line', () => {
    test('is edited in its middle and at its ends', async () => {
      open([{ ask: text }]);
      await terminal.shows('Host name');
      terminal.type('bcdx');
      terminal.press('BSpace', 'Home', 'a', 'Right', 'DC', 'C-e', 'e', 'Left', 'Left', 'X', 'Enter');
      expect(await answers()).toEqual(['abXde']);
    });

    test('begins with the default after Tab', async () => {
      open([{ ask: text }]);
      await terminal.shows('Tab edits the default');
      terminal.press('Tab', 'BSpace', 'BSpace', 'BSpace');
      terminal.type('org');
      terminal.press('Enter');
      expect(await answers()).toEqual(['engine.example.org']);
    });

    test('may be longer than the terminal is wide', async () => {
      const long = 'abcdefghij'.repeat(12);
      open([{ ask: text }], { columns: 40 });
      await terminal.shows('Host name');
      terminal.type(long);
      await terminal.shows(long.slice(-20));
      terminal.press('Home', '1', 'End', '2', 'Enter');
      expect(await answers()).toEqual([`1${long}2`]);
      expect(terminal.screen().replaceAll('\n', '')).toContain(`1${long}2`);
    });

    test('holds characters of every script', async () => {
      open([{ ask: text }]);
      await terminal.shows('Host name');
      terminal.type('äöü漢字🐢x');
      terminal.press('BSpace', 'BSpace', 'Left', 'ß', 'Enter');
      expect(await answers()).toEqual(['äöü漢ß字']);
    });
  });

  describe('a hidden answer', () => {
    test('is on the screen at no time, neither typed nor pasted nor corrected', async () => {
      open([{ ask: password }, { ask: text }]);
      await terminal.shows('Engine admin password:');
      terminal.type('wrong-secret');
      terminal.press('C-u');
      terminal.type('s3cret-Wort');
      terminal.press('BSpace', 'd');
      expect(terminal.scrollback()).not.toMatch(/secret|s3cret/);
      terminal.press('Enter');
      await terminal.shows('Host name');
      terminal.press('Enter');
      expect(await answers()).toEqual(['s3cret-Word', '']);
      expect(terminal.scrollback()).not.toMatch(/secret|s3cret/);
    });

    test('that is typed before it is asked for is not seen either', async () => {
      open((path) => [{ note: 'busy' }, { until: path('go') }, { ask: password }, { ask: password }]);
      await terminal.shows('busy');
      terminal.type('s3cret-Word\rs3cret-Again\r');
      terminal.goOn('go');
      expect(await answers()).toEqual(['s3cret-Word', 's3cret-Again']);
      expect(terminal.scrollback()).not.toContain('s3cret');
    });
  });

  test('what is typed ahead answers the questions to come', async () => {
    open((path) => [{ note: 'busy' }, { until: path('go') }, { ask: yesNo }, { ask: text }, { ask: three }]);
    await terminal.shows('busy');
    terminal.type('n\rhost.example.org\rv');
    terminal.goOn('go');
    await terminal.shows('[Both]: v');
    terminal.press('BSpace', 'Enter');
    expect(await answers()).toEqual(['No', 'host.example.org', '']);
  });

  describe('who leaves', () => {
    test.each([
      ['C-c', 'Ctrl-C'],
      ['C-d', 'Ctrl-D'],
    ])('with %s cancels, and gets the terminal back as it was', async (key, name) => {
      open([{ ask: password }]);
      await terminal.shows('Engine admin password:');
      terminal.press(key);
      expect(await terminal.result()).toEqual({ answers: [], error: { code: 'cancelled', message: `Cancelled with ${name}` } });
      expect(await terminal.modes()).toMatch(sane);
    });

    test('with Ctrl-C while nothing is asked interrupts the program', async () => {
      open((path) => [{ note: 'busy' }, { until: path('go') }, { ask: text }]);
      await terminal.shows('busy');
      terminal.type('half');
      terminal.press('C-c');
      expect(await terminal.result()).toMatchObject({ answers: [], error: { message: 'interrupted between two questions' } });
      expect(await terminal.modes()).toMatch(sane);
    });

    test('with Ctrl-Z finds the question again', async () => {
      open([{ ask: text }], { shell: true });
      await terminal.shows('Host name');
      terminal.type('abc');
      await terminal.shows('abc');
      terminal.press('C-z');
      expect(await terminal.modes()).toMatch(sane);
      terminal.type('fg\r');
      await terminal.shows(/fg\n[^]*Host name \[engine.example.net\]: abc/);
      terminal.press('d', 'Enter');
      expect(await answers()).toEqual(['abcd']);
    });
  });

  test('the terminal is as it was when all is answered', async () => {
    open([{ ask: yesNo }, { ask: password }]);
    await terminal.shows('[Yes]:');
    terminal.type('y\rgeheim!\r');
    await terminal.result();
    expect(await terminal.modes()).toMatch(sane);
  });

  describe('a terminal of 20 columns', () => {
    test('shows everything, and takes every answer', async () => {
      open(
        [
          { info: 'Stage: Environment customization' },
          { title: 'PRODUCT OPTIONS' },
          { note: 'A note that does not fit into so few columns.' },
          { ask: yesNo },
          { ask: text },
        ],
        { columns: 20, rows: 40 },
      );
      await terminal.shows('[Yes]:');
      terminal.press('n', 'Enter');
      await terminal.shows('et]:');
      terminal.type('a-name-that-is-longer.example.net');
      terminal.press('Enter');
      expect(await answers()).toEqual(['No', 'a-name-that-is-longer.example.net']);
      expect(terminal.screen().split('\n')).toEqual([
        '[ INFO  ] Stage:',
        '  Environment',
        '  customization',
        '',
        '  --== PRODUCT',
        '  OPTIONS ==--',
        '',
        '  A note that does',
        '  not fit into so',
        '  few columns.',
        '  Configure Engine',
        '  on this host',
        '  (Yes, No) [Yes]:',
        'No',
        '  Host name',
        '  [engine.example.n',
        '  et]: a-name-that-',
        'is-longer.example.n',
        'et',
      ]);
    });
  });

  test('a terminal that changes its size shows the question once, what was typed, and all that stood above', async () => {
    const notes = Array.from({ length: 30 }, (_, index) => `note ${index}`);
    const asked = { ...text, text: 'The full name of this host, as others see it' };
    open([...notes.map((note) => ({ note })), { ask: asked }], { columns: 100 });
    await terminal.shows('as others see it');
    terminal.type('abc.example.org');
    await terminal.shows('abc.example.org');
    for (const [columns, last] of [
      [50, '  (Tab edits the default, ? explains)'],
      [25, '  default, ? explains)'],
      [100, '          (Tab edits the default, ? explains)'],
    ] as const) {
      terminal.resize(columns, 24);
      const screen = await terminal.shows(new RegExp(`^${last.replace(/[()?]/g, '\\$&')}$`, 'm'));
      expect(screen.match(/others/g)).toHaveLength(1);
      expect(screen.replaceAll(/\s/g, '')).toContain('abc.example.org');
      expect(terminal.scrollback().match(/note \d+$/gm)).toEqual(notes);
    }
    terminal.press('Enter');
    expect(await answers()).toEqual(['abc.example.org']);
  });

  describe('colours', () => {
    const script = [{ info: 'Stage: Initializing' }, { ask: yesNo }];
    test('mark levels and hints', async () => {
      open(script, { env: { NO_COLOR: '', TERM: 'tmux-256color' } });
      await terminal.shows('[Yes]:');
      expect(terminal.coloured()).toContain('\u001b[92m[ INFO  ]');
    });

    test('are left out where NO_COLOR is set', async () => {
      open(script, { env: { NO_COLOR: '1' } });
      await terminal.shows('[Yes]:');
      expect(terminal.coloured()).not.toContain('\u001b');
    });
  });

  test('a locale without UTF-8 gets nothing but ASCII', async () => {
    open(
      (path) => [
        { ask: yesNo },
        { planned: ['One', 'Two'] },
        { started: 'One' },
        { until: path('go') },
        { ended: 'One', how: 'done' },
        { finished: true },
      ],
      {
        env: { LANG: 'C' },
      },
    );
    await terminal.shows('[Yes]:');
    terminal.press('Enter');
    const screen = await terminal.shows('Step 1 of 2');
    // eslint-disable-next-line no-control-regex -- these are the characters of ASCII
    expect(screen).toMatch(/^[\u0000-\u007f]*$/);
    terminal.goOn('go');
    await answers();
  });

  test('a translation is shown, its words are taken, and the program gets the English ones', async () => {
    open([{ ask: yesNo }], { env: { LANG: 'tlh.UTF-8' }, languages: fileURLToPath(new URL('../fixtures/languages', import.meta.url)) });
    await terminal.shows("QuQ yIcher (HIja', ghobe') [HIja']:");
    terminal.press('g', 'Enter');
    expect(await answers()).toEqual(['No']);
    expect(terminal.screen()).toMatch(/ghobe'$/);
  });

  test('an answer cannot steer the terminal', async () => {
    open([{ note: 'x\u001b[2Jy\u0007' }, { ask: { ...text, initial: '\u001b[31mred' } }]);
    await terminal.shows('x\\x1b[2Jy\\x07');
    await terminal.shows('[\\x1b[31mred]');
    terminal.press('Enter');
    await answers();
  });
});
