import type { Text } from './text.ts';

/** A setting as the user interface sees it: only text. The dialog never learns types or rules. */
export interface Question {
  /** Stable name, by which answer files and front ends know the question. */
  readonly name: string;
  /** The key that answers it in an answer file, for whoever asks for help; a doubt has none. */
  readonly key?: string;
  /** Prompt, without choices, default and colon. Empty where the notes say all. */
  readonly text: Text;
  /** Lines that stand above the prompt, each time it is asked. */
  readonly notes?: readonly Text[];
  /** What the answer is good for, for whoever asks for help. */
  readonly about?: Text;
  /** Closed set of answers; empty: any text. */
  readonly choices: readonly string[];
  /** What an empty answer means. It is not shown for hidden questions. */
  readonly initial?: string;
  readonly hidden: boolean;
  /** Whether there is an earlier question to go back to. */
  readonly back?: boolean;
}

export type Level = 'info' | 'warning' | 'error';

/** The only way to talk to the user. */
export interface Dialog {
  /** Whether somebody can answer. If not, `ask` is never called. */
  readonly interactive: boolean;
  title(text: Text): void;
  note(text: Text): void;
  log(level: Level, text: Text): void;
  /**
   * The raw answer; empty for "the default".
   * Throws GoBack when the user wants the question before this one again, a SetupError `cancelled` when the user leaves,
   * and EndOfInput when a pipe has nothing more to say.
   */
  ask(question: Question): Promise<string>;
  /** Shows a question with the answer that was given to it beforehand; without an answer, the default is taken. */
  provided(question: Question, answer?: string): void;
  /** Whether an answer that is not accepted may be asked again; a front end that answers wrongly gets an error instead. */
  readonly patient: boolean;
  /** Whether the plan is shown too, before the confirmation. The classic screen has no line for it. */
  readonly detailed?: boolean;
}

/** Thrown by `ask` when the user wants to go back to the question before. Only where the question says that there is one. */
export class GoBack extends Error {
  constructor() {
    super('back to the question before');
    this.name = 'GoBack';
  }
}

/** Thrown by `ask` at the end of piped input: the remaining questions are then listed together. */
export class EndOfInput extends Error {
  constructor() {
    super('the input ended');
    this.name = 'EndOfInput';
  }
}
