import type { Problem } from './errors.ts';

/** Where an answer comes from: shown with every complaint about it. */
export interface Origin {
  /** 'computed': the default. 'asked': typed. 'given': a file or the command line. 'kept': the post-install file. */
  readonly kind: 'computed' | 'asked' | 'given' | 'kept';
  /** '/root/answers.conf:12', '--set'. */
  readonly where?: string;
}

/** One answer as a source states it, not yet parsed by the setting's kind. */
export interface Given {
  readonly key: string;
  readonly raw: unknown;
  readonly origin: Origin;
}

/** What sources say in a form that cannot be read. */
export interface Flaws {
  /** All that is wrong, each with its place. */
  readonly problems: readonly Problem[];
  /** Told with them in place of missing answers, where nobody is asked: it cannot be known which ones are missing. */
  readonly unjudged?: Problem;
  /** Whether an answer to this key stands in what cannot be read, or may do so: then it is not missing, and no default is meant. */
  hold(key: string): boolean;
}

/** What all sources together say about a key; the first one counts. Keys are those of settings, or `QUESTION/<n>/<name>`. */
export interface Sources {
  find(key: string): Given | undefined;
  keys(): readonly string[];
  /** Set where some of it cannot be read: the run will be refused. */
  readonly flaws?: Flaws;
}
