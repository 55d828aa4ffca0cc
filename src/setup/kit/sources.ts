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

/** What all sources together say about a key; the first one counts. Keys are those of settings, or `QUESTION/<n>/<name>`. */
export interface Sources {
  find(key: string): Given | undefined;
  keys(): readonly string[];
}
