import type { Problem } from './errors.ts';
import type { HostReader } from './host.ts';
import type { SummaryBlock } from './outline.ts';
import type { Fact, Setting, View } from './setting.ts';
import type { Step } from './step.ts';

/** A service that must answer before the run counts as successful. */
export interface HealthCheck {
  /** Name shown to the user: 'engine'. */
  readonly name: string;
  /** undefined: healthy. A string: what is wrong right now. Asked again until the limit. */
  probe(host: HostReader): Promise<string | undefined>;
  /** How long to wait at most. */
  readonly limitMs: number;
  /** Where to look when it stays unhealthy. */
  readonly remedy: string;
}

/** Lines of the closing summary, with the block they belong to. */
export interface Summary {
  readonly block: SummaryBlock;
  readonly lines: readonly string[];
}

/** One component: everything about it in one place. All members but the name are optional. */
export interface Plugin {
  readonly name: string;
  readonly facts?: readonly Fact<unknown>[];
  // A list of settings of different types: T stands on both sides of functions, so only `any` can hold them all.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly settings?: readonly Setting<any>[];
  /** Named findings about the host, made after the answers are known and before anything is changed. */
  preflight?(view: View, host: HostReader): Promise<readonly Problem[]>;
  /** Pure: the same view gives the same steps. */
  steps?(view: View): readonly Step[];
  health?(view: View): readonly HealthCheck[];
  summary?(view: View, host: HostReader): Promise<readonly Summary[]>;
}

/** Declares a plugin. */
export const plugin = (p: Plugin): Plugin => Object.freeze(p);
