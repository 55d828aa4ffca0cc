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
  /** A doubt may be accepted by the user; an error may not. */
  readonly level: 'error' | 'doubt';
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string;
}

/** An expected failure: shown as one line and its remedy. Anything else that is thrown is a bug. */
export class SetupError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string | undefined;
  readonly problems: readonly Problem[];
  constructor(code: ErrorCode, message: string, more: { remedy?: string; problems?: readonly Problem[]; cause?: unknown } = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'SetupError';
    this.code = code;
    this.remedy = more.remedy;
    this.problems = more.problems ?? [];
  }
}

/** The database could not be asked. `why` is decided from SQLSTATE and system error codes, never from message texts. */
export class DatabaseUnavailable extends SetupError {
  readonly why: 'down' | 'denied' | 'no-database' | 'no-table';
  constructor(why: DatabaseUnavailable['why'], message: string, cause?: unknown) {
    super('failed', message, { cause });
    this.name = 'DatabaseUnavailable';
    this.why = why;
  }
}

/** The text of anything that was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
