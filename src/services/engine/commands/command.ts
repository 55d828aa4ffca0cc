import type { Database } from '../../frame/database.ts';
import type { Subjects } from './event-sql.ts';

/* What a command is. How it lives, and what it survives, is told in docs/commands.md. */

export type Fields = Readonly<Record<string, unknown>>;

/** A command that goes on after the request that wants it is answered. */
export interface Begun {
  readonly type: string;
  readonly parameters: Fields;
  /** Ids of the objects that no other command may touch meanwhile. */
  readonly locks: readonly string[];
}

/** A command that is under way, as the database has it. */
export interface Command {
  readonly id: string;
  readonly type: string;
  /** What it was begun with. */
  readonly parameters: Fields;
  /** What its stages have found out. */
  readonly data: Fields;
  /** Who wanted it, and what the events and the job of it go by. */
  readonly userId: string | null;
  readonly userName: string;
  readonly correlationId: string;
  readonly job: string;
  readonly step: string;
}

/** What is written into the list of events. */
export interface Told extends Subjects {
  readonly code: number;
  readonly name: string;
  /** 0 normal, 1 warning, 2 error, 10 alert. */
  readonly severity: 0 | 1 | 2 | 10;
  readonly text: string;
}

/** What a stage may look at and use. */
export interface Occasion {
  readonly command: Command;
  readonly database: Database;
  /** Aborted when the engine ends, or another one has taken over: whatever waits must stop. The stage is done again by the next engine. */
  readonly signal: AbortSignal;
  /** Writes an event at once, while the command goes on. */
  readonly tell: (told: Told) => Promise<void>;
  /** Whether somebody wants the command taken back. A stage that waits asks now and then, and throws CommandFailure if so. */
  readonly isCancelled: () => Promise<boolean>;
  /**
   * Keeps something that the stage has found out, at once and not only when it ends: the name of a task that was begun elsewhere, for instance. If the
   * stage is done again, it is among the data of the command; until then the command that it was given stays as it was.
   */
  readonly keep: (found: Fields) => Promise<void>;
}

/**
 * A part of a command. It may be done more than once, since an engine can be killed after any part of it: what is there already must be found,
 * not made again.
 */
export interface Stage {
  /** What it does, in the list of steps: `Looking at the host`. */
  readonly title: string;
  /**
   * Does it. What it returns is kept for later stages. Throws CommandFailure for what cannot be: everything before is taken back then, this
   * stage first.
   */
  readonly work: (occasion: Occasion) => Promise<Fields | undefined>;
  /** Takes back whatever `work` has done, wholly or in part. Left out where nothing remains. */
  readonly undo?: (occasion: Occasion) => Promise<void>;
}

/** What is written in the same transaction in which a command ends. */
export interface Ending {
  /** Left out where a stage has told of it. */
  readonly told?: Told;
  /**
   * Further changes: a statement that changes rows only while there is one in `gone`, with its values from `$1` on, and others with the same values.
   */
  readonly change?: { readonly sql: string; readonly values: readonly unknown[]; readonly also?: readonly string[] };
}

/** A kind of command. */
export interface CommandType {
  readonly stages: readonly Stage[];
  readonly succeeded: (command: Command) => Ending;
  /** @param why a sentence for people */
  readonly failed: (command: Command, why: string) => Ending;
}

/** Kinds of commands, by the names that rows have. */
export type CommandTypes = Readonly<Record<string, CommandType>>;

/** With what the agents of hosts are asked for a command. */
export interface Asking {
  readonly flowId: string;
  readonly signal: AbortSignal;
}
export const askingOf = ({ command, signal }: Pick<Occasion, 'command' | 'signal'>): Asking => ({ flowId: command.correlationId, signal });

/** A command cannot be carried out. The message is a sentence for people: what, where, and what to do. */
export class CommandFailure extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'CommandFailure';
  }
}
