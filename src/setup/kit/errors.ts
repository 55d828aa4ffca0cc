import { type Text, inEnglish } from './text.ts';

/** What went wrong, in classes that decide the exit code (see `cli/exit-codes.ts`). */
export type ErrorCode =
  | 'usage' // the command line cannot be understood
  | 'refused' // answers, preflight or an unsupported host: nothing was changed
  | 'cancelled' // the user said no, or closed the terminal, before the confirmation
  | 'busy' // another run is active
  | 'failed' // a step failed
  | 'interrupted'; // a signal ended the run

/** One finding among several: reported together with all others of its kind. */
export interface Problem {
  /** Stable identifier, used by `--allow ID`. */
  readonly id: string;
  /** An error ends the run. A doubt does so unless the user accepts it. A warning is only told. */
  readonly level: 'error' | 'doubt' | 'warning';
  readonly message: Text;
  /** What to do about it. */
  readonly remedy?: Text;
  /** How a doubt is asked. */
  readonly consent?: {
    /** Name of the question in `QUESTION/<n>/<name>` answers and in the machine dialect; the id where it is left out. */
    readonly name?: string;
    readonly text: Text;
    /** The setting that keeps this consent for later runs, and what it then says. */
    readonly settles?: { readonly key: string; readonly value: unknown };
  };
}

/** An expected failure: shown as one line and its remedy. Anything else that is thrown is a bug. */
export class SetupError extends Error {
  readonly code: ErrorCode;
  /** The message as a text of the catalogue; `message` is its English. */
  readonly text: Text;
  readonly remedy: Text | undefined;
  readonly problems: readonly Problem[];
  constructor(code: ErrorCode, text: Text, more: { remedy?: Text; problems?: readonly Problem[]; cause?: unknown } = {}) {
    super(inEnglish(text), more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'SetupError';
    this.code = code;
    this.text = text;
    this.remedy = more.remedy;
    this.problems = more.problems ?? [];
  }
}

/** The database could not be asked. `why` is decided from SQLSTATE and system error codes, never from message texts. */
export class DatabaseUnavailable extends SetupError {
  readonly why: 'down' | 'denied' | 'unsafe' | 'no-database' | 'no-table' | 'no-tls' | 'untrusted';
  /** SQLSTATE or the code of the system, where there was one. */
  readonly state: string | undefined;
  constructor(why: DatabaseUnavailable['why'], text: Text, state?: string) {
    super('failed', text);
    this.name = 'DatabaseUnavailable';
    this.why = why;
    this.state = state;
  }
}

/** Anything that was thrown, as a text for people. */
export const textOfError = (error: unknown): Text => (error instanceof SetupError ? error.text : messageOf(error));

/** Anything that was thrown, in English. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
