import {
  type Dialog,
  EndOfInput,
  type Given,
  type Heading,
  type Host,
  type Level,
  type Question,
  type Sources,
  type Step,
  file,
  nothing,
  textOf,
} from '#kit';
import type { Observer } from '../../src/setup/core/execute.ts';
import { type Journal, openJournal } from '../../src/setup/core/journal.ts';

/** A dialog that notes what it is told. */
export interface NotingDialog extends Dialog {
  readonly titles: readonly string[];
  readonly notes: readonly string[];
  readonly logged: readonly (readonly [Level, string])[];
  readonly asked: readonly Question[];
}

/** Answers from a list, at whose end the input ends; without a list nobody can be asked. */
export function notingDialog(replies?: readonly string[]): NotingDialog {
  const rest = [...(replies ?? [])];
  const titles: string[] = [];
  const notes: string[] = [];
  const logged: [Level, string][] = [];
  const asked: Question[] = [];
  return {
    titles,
    notes,
    logged,
    asked,
    interactive: replies !== undefined,
    title: (text) => void titles.push(text),
    note: (text) => void notes.push(text),
    log: (level, text) => void logged.push([level, text]),
    async ask(question) {
      if (replies === undefined) throw new Error(`nobody can be asked ${question.name}`);
      asked.push(question);
      const reply = rest.shift();
      if (reply === undefined) throw new EndOfInput();
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

/** An observer that notes what it sees, as `id how`. */
export function notingObserver(): Observer & { readonly seen: readonly string[] } {
  const seen: string[] = [];
  return {
    seen,
    started: (step) => void seen.push(`${step.id} started`),
    said: (step, line) => void seen.push(`${step.id} said ${line}`),
    ended: (step, how) => void seen.push(`${step.id} ${how}`),
  };
}

/** The smallest step: a file with a content. */
export function fileStep(
  id: string,
  path: string,
  content: string,
  more: Partial<Heading> & Partial<Pick<Step, 'undo' | 'prepare' | 'starts'>> = {},
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
