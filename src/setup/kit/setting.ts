import type { HostReader } from './host.ts';
import type { Kind } from './kinds.ts';
import type { Level } from './dialog.ts';
import type { Section } from './outline.ts';
import type { Text } from './text.ts';

/** Something read from the host before the first question. */
export interface Fact<T> {
  readonly id: string;
  probe(host: HostReader): Promise<T>;
}

/** All that a declaration may look at: answers given so far, and facts. Read-only. */
export interface View {
  /** The value of a setting; throws if the setting is not relevant or has not been settled yet. */
  get<T>(setting: Setting<T>): T;
  /** Like `get`, but undefined where the setting is not relevant. */
  find<T>(setting: Setting<T>): T | undefined;
  fact<T>(fact: Fact<T>): T;
  /** Whether somebody gave this answer (typed it, or wrote it in a file), rather than it being computed. */
  given<T>(setting: Setting<T>): boolean;
  /** Whether some source has an answer to a setting, which may stand further down in the order. */
  stated<T>(setting: Setting<T>): boolean;
  /** What sources say about a setting that may stand further down; undefined where they say nothing, or nothing of its kind. */
  peek<T>(setting: Setting<T>): T | undefined;
}

/** undefined: fine. A text: refused. `doubt`: allowed once the user says so. `warnings`: shown, then accepted. */
export type Verdict =
  | undefined
  | Text
  | {
      readonly doubt: Text;
      readonly question: Text;
      readonly id: string;
      /** Whoever wrote the answer into a file has decided already: it is accepted with a warning. */
      readonly acceptedWhenGiven?: boolean;
      /** What to do where nobody can be asked; a general advice without it. */
      readonly remedy?: Text;
      /** What is kept once it is accepted: a setting further down that has no question, and its value. */
      readonly settles?: { readonly setting: Setting<string>; readonly value: string };
    }
  | {
      readonly warnings: readonly Text[];
      /** What the judgement has brought to light: the value of a setting further down that has no question. */
      readonly learned?: { readonly setting: Setting<string>; readonly value: string };
    }
  /** The answer means that the run shall end here. */
  | { readonly ends: Text }
  /** Refused together with earlier answers: they are asked again, from the setting of this key on. */
  | { readonly refused: Text; readonly again: string }
  | Wait;

/** The answer is fine, but something has to come to its end first: the value is judged again after a while. */
export interface Wait {
  /** What is waited for; said each time. */
  readonly wait: Text;
  readonly everyMs: number;
  /** After so long without success the answer is refused with `otherwise`. */
  readonly atMostMs: number;
  readonly otherwise: Text;
}

/** A line that the dialog shows at the place of a setting. */
export type Remark = { readonly note: Text } | { readonly level: Level; readonly text: Text };

/** How a setting is asked. */
export interface Ask {
  /** Name of the question in `QUESTION/<n>/<name>` answers and in the machine dialect. */
  readonly name: string;
  /** Prompt, without choices, default and colon. */
  readonly text: Text;
  /** Asked a second time with this prompt; both entries must be equal. */
  readonly confirm?: Text;
  /** Choices to show, where not all of the kind's can be had here. */
  readonly choices?: (view: View) => readonly string[];
  /** False: Enter means the default, but the prompt does not show it. */
  readonly showsInitial?: boolean;
  /** Notes printed before the prompt. */
  readonly notes?: readonly Text[] | ((view: View) => readonly Text[]);
  /** False: relevant, but nobody has to be asked: the default is taken. */
  readonly when?: (view: View) => boolean;
}

/** One declaration: prompt, answer-file key, type, default, validation, preview line, secrecy, documentation. */
export interface Setting<T> {
  /** 'OVESETUP_CONFIG/fqdn': answer files, `--set`, generated reference. */
  readonly key: string;
  /** Keys of earlier releases that mean the same and are still read. */
  readonly formerly?: readonly string[];
  /** Third parties: the key of the setting after which this one is asked and shown. Ours stand in the outline. */
  readonly after?: string;
  readonly section: Section;
  readonly kind: Kind<T>;
  /** What it is good for, in a sentence or two: the generated reference, and the help of the dialog. */
  readonly about: Text;
  /** Absent: never prompted. */
  readonly ask?: Ask;
  /** Label in the preview; absent: not shown. */
  readonly preview?: Text;
  /** Lines shown at its place whether or not it is asked, or relevant at all. */
  readonly remarks?: (view: View) => readonly Remark[];
  /** An optional component: one that was declined is asked for again with `--reconfigure-optional-components`. */
  readonly optional?: boolean;
  /** Hidden at the prompt, masked everywhere, never in the preview. */
  readonly secret?: boolean;
  /** Written to the answer file. Default: true for what was given or asked, false for what was computed. */
  readonly remember?: boolean | ((view: View) => boolean);
  /** Kept in the post-install file, where the next run finds it: as the answer, or as the default of a question that is put each time. */
  readonly keep?: boolean | 'as-default';
  /** False: not relevant, so not asked, not stored, not shown. */
  readonly when?: (view: View) => boolean;
  /** What the host has settled already and setup will not change: not asked, and other answers have no effect. */
  readonly settled?: (view: View) => NoInfer<T> | undefined;
  readonly initial?: NoInfer<T> | ((view: View, host: HostReader) => NoInfer<T> | undefined);
  readonly validate?: (value: NoInfer<T>, view: View, host: HostReader) => Verdict | Promise<Verdict>;
}

/** Declares a setting; the type follows from its kind. */
export const setting = <T>(s: Setting<T>): Setting<T> => Object.freeze(s);

/** Declares a fact. */
export const fact = <T>(id: string, probe: (host: HostReader) => Promise<T>): Fact<T> => Object.freeze({ id, probe });
