import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, vi } from 'vitest';
import type { Action, Result } from './terminal-program.ts';

const program = fileURLToPath(new URL('terminal-program.ts', import.meta.url));

/** Why terminals cannot be tried on this machine; undefined: they can. */
export const noTerminals = ((): string | undefined => {
  try {
    execFileSync('tmux', ['-V']);
    return undefined;
  } catch {
    return 'tmux is not installed';
  }
})();

/** A real terminal with a program that runs the script of a dialog. */
export interface Terminal {
  /** Presses keys: characters, or names that tmux knows (`Enter`, `Up`, `C-c`). */
  press(...keys: readonly string[]): void;
  /** Types characters, whatever they are. */
  type(text: string): void;
  resize(columns: number, rows: number): void;
  /** What is on the screen, without blanks at the ends of lines. */
  screen(): string;
  /** The same with all that has left it at the top. */
  scrollback(): string;
  /** The same with colours as escape sequences. */
  coloured(): string;
  /** Waits until the screen shows something, and returns it. */
  shows(wanted: string | RegExp): Promise<string>;
  /** Lets the program go on that is busy until there is a file of this name. */
  goOn(name: string): void;
  /** Waits until the dialog is over. */
  result(): Promise<Result>;
  /** Waits until the terminal has been given back. How it is then, as stty says. */
  modes(): Promise<string>;
  /** The terminal is gone, as when a connection breaks. */
  hangUp(): void;
  close(): void;
}

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
const patience = { timeout: 30_000, interval: 30 };

/**
 * Starts a script on a terminal of its own.
 * @param script gets the paths of files that `goOn` makes
 * @param on.shell whether the program runs below a shell with job control, as people have it
 */
export function openTerminal(
  script: readonly Action[] | ((path: (name: string) => string) => readonly Action[]),
  on: {
    columns?: number;
    rows?: number;
    env?: Readonly<Record<string, string>>;
    languages?: string;
    shell?: boolean;
    dialog?: 'lines';
  } = {},
): Terminal {
  const directory = mkdtempSync(join(tmpdir(), 'terminal-'));
  const path = (name: string): string => join(directory, name);
  const tmux = (...args: readonly string[]): string =>
    execFileSync('tmux', ['-S', path('socket'), '-f', '/dev/null', '-u', ...args], { encoding: 'utf8', stdio: 'pipe' });
  const actions = typeof script === 'function' ? script(path) : script;
  const command = [process.execPath, program, JSON.stringify(actions), path('result'), on.languages ?? directory, on.dialog ?? 'terminal']
    .map(quoted)
    .join(' ');
  writeFileSync(path('run'), `${command}\nstty -a > ${quoted(path('modes'))}\n: > ${quoted(path('over'))}\n`);
  const env = Object.entries({ LANG: 'C.UTF-8', LC_ALL: '', NO_COLOR: '1', ...on.env }).flatMap(([name, value]) => [
    '-e',
    `${name}=${value}`,
  ]);
  const size = ['-x', String(on.columns ?? 80), '-y', String(on.rows ?? 24)];
  const shell = on.shell === true ? ['bash', '--norc', '--noprofile', '-i'] : ['sh', '-c', `. ${quoted(path('run'))}; exec sleep 600`];
  tmux('new-session', '-d', ...size, ...env, ...shell);
  if (on.shell === true) tmux('send-keys', `. ${path('run')}`, 'Enter');
  const capture = (...args: readonly string[]): string => tmux('capture-pane', '-p', ...args).trimEnd();
  const close = (): void => {
    try {
      tmux('kill-server');
    } catch {
      // It has been hung up already.
    }
  };
  return {
    press: (...keys) => void tmux('send-keys', ...keys),
    type: (text) => void tmux('send-keys', '-l', text),
    resize: (columns, rows) => void tmux('resize-window', '-x', String(columns), '-y', String(rows)),
    screen: () => capture(),
    scrollback: () => capture('-S', '-'),
    coloured: () => capture('-e'),
    shows: (wanted) =>
      vi.waitFor(() => {
        const screen = capture();
        if (typeof wanted === 'string') expect(screen).toContain(wanted);
        else expect(screen).toMatch(wanted);
        return screen;
      }, patience),
    goOn: (name) => writeFileSync(path(name), ''),
    result: () => vi.waitFor(() => JSON.parse(readFileSync(path('result'), 'utf8')) as Result, patience),
    modes: () =>
      vi.waitFor(() => {
        readFileSync(path('over'));
        return readFileSync(path('modes'), 'utf8');
      }, patience),
    hangUp: close,
    close() {
      close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
