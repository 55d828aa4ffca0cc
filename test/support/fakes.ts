import {
  type Dialog,
  EndOfInput,
  type Given,
  type Heading,
  type Host,
  type Level,
  type Message,
  type Question,
  type Sources,
  type Step,
  file,
  inEnglish,
  nothing,
  textOf,
} from '#kit';
import type { Log } from '../../src/services/frame/log.ts';
import type { Observer } from '../../src/setup/core/execute.ts';
import { type Journal, openJournal } from '../../src/setup/core/journal.ts';

const isMessage = (value: object): value is Message => 'id' in value && 'args' in value;

/** A value in which every text with arguments has become its English sentence, so that tests compare what people read. */
export function english(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Map || value instanceof Uint8Array) return value;
  if (isMessage(value)) return inEnglish(value);
  if (Array.isArray(value)) return value.map(english);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, english(member)]));
}

/** What a promise is rejected with, in English; undefined if it is not. */
export const failureOf = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => undefined, english);

/** A question with its texts in English. */
export interface AskedQuestion extends Omit<Question, 'text' | 'notes' | 'about'> {
  readonly text: string;
  readonly notes?: readonly string[];
  readonly about?: string;
}

/** A dialog that notes what it is told, in English. */
export interface NotingDialog extends Dialog {
  readonly titles: readonly string[];
  readonly notes: readonly string[];
  readonly logged: readonly (readonly [Level, string])[];
  readonly asked: readonly AskedQuestion[];
  /** Questions that were shown with an answer given beforehand; without one, the default was taken. */
  readonly shown: readonly (readonly [name: string, answer: string | undefined])[];
}

/** What is typed, or what typing it throws: GoBack, say. */
export type Reply = string | Error;

/**
 * Answers from a list, at whose end the input ends, or by a function; without either nobody can be asked.
 * @param more.patient false for a front end that cannot be asked again
 */
export function notingDialog(
  replies?: readonly Reply[] | ((question: AskedQuestion) => Reply | undefined),
  more: { readonly patient?: boolean } = {},
): NotingDialog {
  const rest = Array.isArray(replies) ? [...(replies as readonly Reply[])] : [];
  const next = typeof replies === 'function' ? replies : (): Reply | undefined => rest.shift();
  const titles: string[] = [];
  const notes: string[] = [];
  const logged: [Level, string][] = [];
  const asked: AskedQuestion[] = [];
  const shown: [string, string | undefined][] = [];
  return {
    titles,
    notes,
    logged,
    asked,
    shown,
    interactive: replies !== undefined,
    patient: more.patient ?? true,
    title: (text) => void titles.push(inEnglish(text)),
    note: (text) => void notes.push(inEnglish(text)),
    log: (level, text) => void logged.push([level, inEnglish(text)]),
    provided: ({ name }, answer) => void shown.push([name, answer]),
    async ask(question) {
      if (replies === undefined) throw new Error(`nobody can be asked ${question.name}`);
      const readable = english(question) as AskedQuestion;
      asked.push(readable);
      const reply = next(readable);
      if (reply === undefined) throw new EndOfInput();
      if (typeof reply === 'object') throw reply;
      return reply;
    },
  };
}

/** Answers as a file would give them. */
export const sourcesOf = (
  answers: Readonly<Record<string, unknown>>,
  origin: Given['origin'] = { kind: 'given', where: 'a.conf:1' },
): Sources => ({
  find: (key) => (key in answers ? { key, raw: answers[key], origin } : undefined),
  keys: () => Object.keys(answers),
});

/** An observer that nobody listens to. */
export const silentObserver: Observer = {
  stage: () => undefined,
  planned: () => undefined,
  started: () => undefined,
  said: () => undefined,
  ended: () => undefined,
  finished: () => undefined,
};

/** An observer that notes what it sees: `id how` for steps, `stage id`, `planned id id`, `finished`. */
export function notingObserver(): Observer & { readonly seen: readonly string[] } {
  const seen: string[] = [];
  return {
    seen,
    stage: (id) => void seen.push(`stage ${id}`),
    planned: (steps) => void seen.push(['planned', ...steps.map(({ id }) => id)].join(' ')),
    started: (step) => void seen.push(`${step.id} started`),
    said: (step, line) => void seen.push(`${step.id} said ${line}`),
    ended: (step, how) => void seen.push(`${step.id} ${how}`),
    finished: () => void seen.push('finished'),
  };
}

/** The smallest step: a file with a content. */
export function fileStep(
  id: string,
  path: string,
  content: string,
  more: Partial<Heading> & Partial<Pick<Step, 'undo' | 'prepare' | 'starts' | 'restarts'>> = {},
): Step {
  return {
    id,
    chapter: 'units',
    title: `Writing ${path}`,
    undo: 'restore-files',
    check: async (host) => (textOf(await host.files.read(path)) === content ? nothing : { kind: 'update', note: path, touches: [path] }),
    apply: (host) => host.files.write(path, file(content, 0o600)),
    ...more,
  };
}

/** A journal of a new run on a host. */
export const newJournal = (host: Host, run = '20260101000000-aaaaaa'): Promise<Journal> => openJournal(host, undefined, run);

/** A log of a service that nobody reads. */
export const quietLog: Log = { info: () => undefined, warning: () => undefined, error: () => undefined };
