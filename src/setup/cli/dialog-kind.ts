import { SetupError } from '#kit';
import type { Arguments } from './args.ts';

/** How a run talks: to a person at a capable terminal, line by line, to a front end, or to nobody who could answer. */
export type DialogKind = 'terminal' | 'lines' | 'machine' | 'unattended';

/** What a process is connected to. */
interface Surroundings {
  /** Whether standard input is a terminal. */
  readonly keyboard: boolean;
  /** Whether the texts for people go to a terminal. */
  readonly screen: boolean;
  /** Name of the kind of terminal: TERM. */
  readonly term: string | undefined;
}

/** What says where events go. */
type ToldOfEvents = Pick<Arguments, 'events' | 'eventsFd'>;

/** Whether standard output carries events, and is no place for texts. */
export const eventsOnStdout = ({ events, eventsFd }: ToldOfEvents): boolean => events && eventsFd === undefined;

/** Where people read: standard output, unless that one carries events. */
export const streamForPeople = (args: ToldOfEvents): NodeJS.WriteStream => (eventsOnStdout(args) ? process.stderr : process.stdout);

/** What this process is connected to. */
export const surroundings = (args: ToldOfEvents): Surroundings => ({
  keyboard: process.stdin.isTTY,
  screen: streamForPeople(args).isTTY,
  term: process.env['TERM'],
});

/**
 * Chooses the dialog: the one that is asked for, or the one that fits.
 * Throws SetupError `usage` where there is no terminal for the one that needs it.
 */
export function dialogKind({ dialog, noInput }: Pick<Arguments, 'dialog' | 'noInput'>, around: Surroundings): DialogKind {
  if (noInput) return 'unattended';
  const terminal = around.keyboard && around.screen;
  if (dialog === 'terminal' && !terminal)
    throw new SetupError('usage', '--dialog=terminal needs a terminal, for input and output', { remedy: 'Say --dialog=lines for a pipe.' });
  if (dialog !== undefined) return dialog;
  if (!terminal) return 'unattended';
  return ['dumb', '', undefined].includes(around.term) ? 'lines' : 'terminal';
}
