import type { Problem } from './errors.ts';
import type { HostReader } from './host.ts';
import type { Section, SummaryBlock } from './outline.ts';
import type { Fact, Setting, View } from './setting.ts';
import type { Step } from './step.ts';
import type { Text } from './text.ts';

/** A service that must answer before the run counts as successful. */
export interface HealthCheck {
  /** Name shown to the user: 'engine'. */
  readonly name: string;
  /** undefined: healthy. A string: what is wrong right now. Asked again until the limit. */
  probe(host: HostReader): Promise<Text | undefined>;
  /** How long to wait at most. */
  readonly limitMs: number;
  /** Where to look when it stays unhealthy. */
  readonly remedy: Text;
}

/** Lines of the closing summary, with the block they belong to. */
export interface Summary {
  readonly block: SummaryBlock;
  readonly lines: readonly Text[];
  /** Shown as warnings behind the lines. */
  readonly warnings?: readonly Text[];
}

/** One component: everything about it in one place. All members but the name are optional. */
export interface Plugin {
  readonly name: string;
  /** False: there is no such component on this kind of host, and nothing of it is asked, checked or done. Only facts are known yet. */
  applies?(view: View): boolean;
  readonly facts?: readonly Fact<unknown>[];
  // A list of settings of different types: T stands on both sides of functions, so only `any` can hold them all.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly settings?: readonly Setting<any>[];
  /** Sections that get their title even if nothing is asked in them. */
  readonly sections?: readonly Section[];
  /** Named findings about the host, made after the answers are known and before anything is changed. */
  preflight?(view: View, host: HostReader): Promise<readonly Problem[]>;
  /** Pure: the same view gives the same steps. */
  steps?(view: View): readonly Step[];
  health?(view: View): readonly HealthCheck[];
  summary?(view: View, host: HostReader): Promise<readonly Summary[]>;
}

/** Declares a plugin. */
export const plugin = (p: Plugin): Plugin => Object.freeze(p);
