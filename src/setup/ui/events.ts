import { type Dialog, type StageId, type Step, stages, textOfError } from '#kit';
import type { Observer } from '../core/execute.ts';
import { type RunEvent, type StepEvent, results } from './event-schema.ts';
import { eventTexts } from './event-texts.ts';
import type { Mask } from './mask.ts';

/** A run as a stream of JSON lines (docs/events.md). */
export interface Events {
  /** Sees the work. */
  readonly observer: Observer;
  /** The same dialog; all that is said and asked through it becomes an event, too. */
  watch<D extends Dialog>(dialog: D): D;
  /** The run is over, with this exit code: the last event. */
  ended(code: number): void;
}

/**
 * Begins the stream with the event that the run has started.
 * @param on.write takes one whole line with its end. It may throw: whoever reads events can go at any time, and the run goes on.
 */
export function newEvents(on: { write: (line: string) => void; mask: Mask; now: () => Date }): Events {
  const { words, question: asData, answer: asAnswer } = eventTexts(on.mask);
  let sequence = 0;
  let stage: StageId | undefined;
  let places = new Map<string, { readonly n: number; readonly of: number }>();

  const emit = ({ type, ...more }: RunEvent): void => {
    sequence += 1;
    const line = JSON.stringify({ time: on.now().toISOString(), sequence, type, stage, ...more });
    try {
      on.write(`${line.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, escaped)}\n`);
    } catch {
      // A gap in the numbers tells a reader that came back what was lost.
    }
  };

  const stepEvent = ({ id, title }: Step, state: StepEvent['state']): StepEvent => ({
    type: 'step',
    step: id,
    state,
    ...places.get(id),
    ...words(title),
  });

  emit({ type: 'run', state: 'started', format: 1 });
  return {
    observer: {
      stage(id) {
        stage = id;
        const at = stages.findIndex((each) => each.id === id);
        emit({ type: 'stage', n: at + 1, of: stages.length, ...words(stages[at]?.title ?? id) });
      },
      planned(steps, expected) {
        places = new Map(steps.map(({ id }, index) => [id, { n: index + 1, of: steps.length }]));
        for (const step of steps) emit({ ...stepEvent(step, 'planned'), expectedMs: expected.get(step.id) });
      },
      started: (step) => emit(stepEvent(step, 'started')),
      said: (step, line) => emit({ ...stepEvent(step, 'said'), line: on.mask.apply(line) }),
      ended: (step, how, ms, error) =>
        emit({ ...stepEvent(step, how), ms, ...(error === undefined ? {} : { error: words(textOfError(error)) }) }),
      finished: () => undefined,
    },
    watch: (dialog) => ({
      ...dialog,
      title(text) {
        emit({ type: 'title', ...words(text) });
        dialog.title(text);
      },
      note(text) {
        emit({ type: 'note', ...words(text) });
        dialog.note(text);
      },
      log(level, text) {
        emit({ type: 'message', level, ...words(text) });
        dialog.log(level, text);
      },
      async ask(question) {
        emit({ type: 'question', state: 'asked', ...asData(question), back: question.back === true });
        const reply = await dialog.ask(question);
        emit({ type: 'question', state: 'answered', name: question.name, ...asAnswer(question, reply) });
        return reply;
      },
      provided(question, answer) {
        emit({ type: 'question', state: 'provided', ...asData(question), ...asAnswer(question, answer ?? '') });
        dialog.provided(question, answer);
      },
    }),
    ended: (code) => emit({ type: 'run', state: 'ended', code, result: results[code] ?? 'failed' }),
  };
}

/** JSON leaves some characters as they are which readers take for the end of a line. */
const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
