import type { Host, HostReader } from './host.ts';
import type { Chapter } from './outline.ts';
import type { Setting } from './setting.ts';
import type { Text } from './text.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What a check found. `touches` lists every path that `apply` may change: those are copied to the stash first. */
export type Change =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'create' | 'update' | 'remove' | 'run';
      /** What differs, for the plan: a path, a version, a reason. */
      readonly note: Text;
      /** Works out the unified diff, for those who want to see it; never of secret content. */
      readonly diff?: () => string;
      readonly touches?: readonly string[];
      /** Directories that come into being. Undo takes them away again only if nobody has put anything into them. */
      readonly makes?: readonly string[];
    };

/** Every author must choose one; "I did not think about it" does not compile. Files of the step are put back in any case. */
export type Undo =
  | 'restore-files'
  | { readonly never: Text }
  | {
      run(host: Host, kept: Json): Promise<void>;
      /** What is left to do once its files are put back. It may be run again, after `run` was. */
      afterFiles?(host: Host, kept: Json): Promise<void>;
    };

/** A unit that must not run while a step is applied. */
export interface Stop {
  readonly unit: string;
  /** The line that says so: 'Stopping engine service'. */
  readonly title: Text;
  /** Asked before a unit that people use is stopped; the setting keeps the answer, and an answer file may give it. */
  readonly consent?: { readonly name: string; readonly text: Text; readonly setting: Setting<boolean> };
}

/** What a step is called and where it stands. */
export interface Heading {
  /** 'pki/ca': stable, seen in the plan, the journal and tests. */
  readonly id: string;
  readonly chapter: Chapter;
  /** Third parties: the step after which this one stands. Its chapter is that of the step. */
  readonly after?: string;
  /** 'Creating CA': the line on screen while it is applied. */
  readonly title: Text;
  /** The classic screen has no line for it: only the plan, the log and events name it. */
  readonly quiet?: boolean;
  /** Quiet, and yet told to whoever is asked to confirm the plan. */
  readonly previewed?: boolean;
  /** Steps that must stand earlier; asserted when the plan is made, never used to sort. */
  readonly needs?: readonly string[];
  /** Units to restart once, at the end, if this step changed something. */
  readonly notify?: readonly string[];
  /** Steps that make the room this one works in: undoing one of them undoes this one, which is then not undone by itself. */
  readonly inside?: readonly string[];
  /** Bytes that must be free on the disk for the way back: a server can be neither asked nor restarted on a full one. */
  readonly room?: number;
  /** Units that must not run while this step is applied. They are stopped before the first change, and only if the step is pending. */
  readonly stops?: readonly Stop[];
}

/** The smallest thing that is checked, applied and undone. */
export interface Step extends Heading {
  readonly undo: Undo;
  /** The unit that it starts or restarts, so that no restart is owed for it any more. */
  readonly starts?: string;
  /** A restart that is owed to that unit waits for this step, which then has something to do whatever its check says. */
  readonly restarts?: boolean;
  /** How the host differs from what is wanted, right now. Must not throw on an empty host. */
  check(host: HostReader): Promise<Change>;
  /** A safety copy, or a note of how things were; its result is journaled and handed to `undo`. Never a secret. */
  prepare?(host: Host): Promise<Json>;
  /** Whether the safety copy that an interrupted attempt has made is still there. If not, `prepare` is called again. */
  holds?(host: HostReader, kept: Json): Promise<boolean>;
  /** Throws the safety copy away once the run has succeeded. */
  discard?(host: Host, kept: Json): Promise<void>;
  apply(host: Host, say: (line: string) => void): Promise<void>;
}

/** Nothing to do. */
export const nothing: Change = Object.freeze({ kind: 'none' });
