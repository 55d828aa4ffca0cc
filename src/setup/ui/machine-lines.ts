/*
 * The lines of the machine dialect. Whatever they are given, each function returns the lines it is asked for and no other:
 * no text can begin a line of its own, or make two lines out of one.
 */

/** A field: what a reader might take for the end of a line becomes a blank, as do all other control characters. */
const field = (text: string): string => text.replace(/\r\n|[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ');

/** A note line for each line of a text. An empty one has no blank. */
export const noteLines = (text: string): readonly string[] =>
  text.split(/\r?\n/).map((line) => (line === '' ? '###' : `### ${field(line)}`));

export const logLine = (level: 'INFO' | 'WARNING' | 'ERROR', text: string): string => `***L:${level} ${field(text)}`;

/** A question whose answer is one line, in words that may be shown. */
export interface StringQuery {
  readonly name: string;
  /** Texts above the prompt, then the prompt itself. */
  readonly notes: readonly string[];
  /** What an empty reply means; nothing is said of an empty one. */
  readonly initial: string;
  /** Empty: any text. */
  readonly choices: readonly string[];
  readonly hidden: boolean;
}

/** Values are separated by bars: a bar inside of one has a backslash before it, and a backslash another one. */
const value = (text: string): string => field(text).replace(/[\\|]/g, '\\$&');

export function queryLines({ name, notes, initial, choices, hidden }: StringQuery): readonly string[] {
  const id = field(name);
  return [
    `**%QStart: ${id}`,
    ...notes.flatMap(noteLines),
    ...(initial === '' ? [] : [`**%QDefault: ${field(initial)}`]),
    ...(choices.length === 0 ? [] : [`**%QValidValues: ${choices.map(value).join('|')}`]),
    `**%QHidden: ${hidden ? 'TRUE' : 'FALSE'}`,
    `***Q:STRING ${id}`,
    `**%QEnd: ${id}`,
  ];
}

/** A part of the run, as this dialect names it. There are no methods here: the stage itself stands in their place. */
export interface StageName {
  readonly id: string;
  readonly title: string;
}
const event = ({ id, title }: StageName): string => `STAGE ${id} METHOD engine-setup.${id} (${title})`;

/** All stages of a run, in their order. */
export const stageListLines = (stages: readonly StageName[]): readonly string[] => [
  '**%EventsListStart',
  ...stages.map((stage) => `**%EventsListEntry ${event(stage)}`),
  '**%EventsListEnd',
];
export const stageLine = (what: 'Start' | 'End', stage: StageName): string => `**%Event${what} ${event(stage)}`;

/** The last line. */
export const terminateLine = '***TERMINATE';
