import type { Level } from '#kit';

/*
 * What `--events=json` writes, one object a line: docs/events.md tells it to those who read it. Fields may be added; a change of
 * meaning raises the format.
 */

/** A sentence of the catalogue as data; arguments that are sentences themselves have the same form. */
export interface MessageData {
  readonly id: string;
  readonly args: readonly (string | number | MessageData)[];
  /** As an argument: filled up with blanks to this width, for tables. */
  readonly width?: number;
}

/** Words for people: for front ends with a catalogue, and filled in, in English. */
export interface Words {
  readonly message: MessageData;
  readonly text: string;
}

/** How a run ended, by its exit code. */
export const results: Readonly<Record<number, string>> = {
  0: 'done',
  1: 'failed',
  2: 'usage',
  3: 'unfinished',
  4: 'refused',
  5: 'cancelled',
  6: 'unhealthy',
  7: 'busy',
};

type LifeEvent =
  | { readonly type: 'run'; readonly state: 'started'; readonly format: 1 }
  | { readonly type: 'run'; readonly state: 'ended'; readonly code: number; readonly result: string };

interface StageEvent extends Words {
  readonly type: 'stage';
  readonly n: number;
  readonly of: number;
}

export interface StepEvent extends Words {
  readonly type: 'step';
  readonly step: string;
  readonly state: 'planned' | 'started' | 'said' | 'done' | 'already' | 'failed' | 'undone';
  readonly n?: number;
  readonly of?: number;
  readonly expectedMs?: number | undefined;
  readonly line?: string;
  readonly ms?: number | undefined;
  readonly error?: Words;
}

export interface QuestionData extends Words {
  readonly name: string;
  readonly notes: readonly Words[];
  readonly about?: Words;
  readonly choices: readonly string[];
  readonly initial?: string | undefined;
  readonly hidden: boolean;
}

type QuestionEvent = { readonly type: 'question' } & (
  | ({ readonly state: 'asked'; readonly back: boolean } & QuestionData)
  | { readonly state: 'answered'; readonly name: string; readonly answer?: string }
  | ({ readonly state: 'provided'; readonly answer?: string } & QuestionData)
);

type ScreenEvent = { readonly type: 'title' | 'note' } & Words;
type LogEvent = { readonly type: 'message'; readonly level: Level } & Words;

/** One event, without the time, number and stage that all have in common. */
export type RunEvent = LifeEvent | StageEvent | StepEvent | QuestionEvent | ScreenEvent | LogEvent;
