/** A setting as the user interface sees it: only text. The dialog never learns keys, types or rules. */
export interface Question {
  readonly name: string;
  readonly text: string;
  readonly choices: readonly string[];
  readonly initial?: string;
  readonly hidden: boolean;
}

export type Level = 'info' | 'warning' | 'error';

/** The only way to talk to the user. */
export interface Dialog {
  /** Whether somebody can answer. If not, `ask` is never called. */
  readonly interactive: boolean;
  title(text: string): void;
  note(text: string): void;
  log(level: Level, text: string): void;
  /**
   * The raw answer; empty for "the default".
   * Throws a SetupError `cancelled` when the user leaves, and EndOfInput when a pipe has nothing more to say.
   */
  ask(question: Question): Promise<string>;
}

/** Thrown by `ask` at the end of piped input: the remaining questions are then listed together. */
export class EndOfInput extends Error {
  constructor() {
    super('the input ended');
    this.name = 'EndOfInput';
  }
}
