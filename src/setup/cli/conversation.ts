import type { Catalogue, Dialog } from '#kit';
import type { Observer } from '../core/execute.ts';
import { linesDialog } from '../ui/dialog-lines.ts';
import type { Log } from '../ui/log.ts';
import type { Mask } from '../ui/mask.ts';
import { linesProgress } from '../ui/progress-lines.ts';
import { type Screen, stdoutScreen, writeWhole } from '../ui/screen.ts';
import type { Arguments } from './args.ts';
import { type DialogKind, eventsOnStdout, streamForPeople } from './dialog-kind.ts';
import { print, tell } from './output.ts';

/** Everything that is said to whoever started the run, and that comes back. */
export interface Conversation {
  readonly dialog: Dialog;
  readonly observer: Observer;
  /** Says the last words, and gives the terminal back. */
  end(code: number): void;
}

interface Means {
  readonly mask: Mask;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly catalogue: Catalogue;
}

/** The screen for people, where standard output carries events. */
const stderrScreen = (): Screen => ({
  colour: process.stderr.isTTY && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb',
  write: tell,
});

/** Where nobody reads. */
const silentScreen: Screen = { colour: false, write: () => undefined };

/** Each dialog loads its own modules: nobody waits for one that is not used. */
async function open(kind: DialogKind, stream: NodeJS.WriteStream, on: Means & { readonly screen: Screen }): Promise<Conversation> {
  const { log, signal } = on;
  switch (kind) {
    case 'terminal': {
      const { terminalDialog } = await import('../ui/dialog-terminal.ts');
      const { treeProgress } = await import('../ui/progress-tree.ts');
      const dialog = terminalDialog({ ...on, input: process.stdin, output: stream });
      return { dialog, observer: treeProgress(dialog, log), end: dialog.close };
    }
    case 'machine': {
      const { stdinKeyboard } = await import('../ui/keyboard.ts');
      const { machineDialog, machineProgress } = await import('../ui/dialog-machine.ts');
      // A front end must not read its own replies.
      const keyboard = stdinKeyboard({ signal, screen: stream.isTTY ? on.screen : silentScreen });
      const dialog = machineDialog({ ...on, keyboard });
      return {
        dialog,
        observer: machineProgress(dialog, log),
        end() {
          dialog.terminate();
          keyboard.close();
        },
      };
    }
    case 'lines': {
      const { stdinKeyboard } = await import('../ui/keyboard.ts');
      const keyboard = stdinKeyboard(on);
      const dialog = linesDialog({ ...on, keyboard });
      return { dialog, observer: linesProgress(dialog, log), end: keyboard.close };
    }
    case 'unattended': {
      const dialog = linesDialog(on);
      return { dialog, observer: linesProgress(dialog, log), end: () => undefined };
    }
  }
}

/** What says who is talked to, and where. */
export type Audience = Pick<Arguments, 'dialog' | 'events' | 'eventsFd'>;

/** The same conversation; programs are told of all that happens in it, on standard output or a descriptor of their own. */
async function withEvents({ dialog, observer, end }: Conversation, { eventsFd }: Audience, mask: Mask): Promise<Conversation> {
  const { newEvents } = await import('../ui/events.ts');
  const { allObservers } = await import('../ui/observers.ts');
  const write = eventsFd === undefined ? print : (line: string): void => writeWhole(eventsFd, line);
  const events = newEvents({ write, mask, now: () => new Date() });
  return {
    dialog: events.watch(dialog),
    observer: allObservers(events.observer, observer),
    end(code) {
      end(code);
      events.ended(code);
    },
  };
}

/** Begins the conversation of a run. */
export async function openConversation(kind: DialogKind, args: Audience, on: Means): Promise<Conversation> {
  const screen = eventsOnStdout(args) ? stderrScreen() : stdoutScreen();
  const conversation = await open(kind, streamForPeople(args), { ...on, screen });
  return args.events ? withEvents(conversation, args, on.mask) : conversation;
}

/** The conversation with the programs that a run was started by, if there are any, and nothing for people. */
export async function openProgramConversation(args: Audience, on: Means): Promise<Conversation | undefined> {
  if (args.dialog === 'machine') return openConversation('machine', args, on);
  return args.events ? withEvents(silence(on), args, on.mask) : undefined;
}

/** For commands that only look: nobody is asked, and their own words are all there is to read. */
export function silence(on: Means): Conversation {
  const dialog = linesDialog({ ...on, screen: silentScreen });
  return { dialog, observer: linesProgress(dialog, on.log), end: () => undefined };
}
