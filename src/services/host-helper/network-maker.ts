import type { NetworkChange } from './network-request.ts';

/** A program and its arguments; never a shell. */
export type Command = readonly string[];

/** How networks are changed for the time being. */
export interface NetworkPlan {
  /** Lead back to what is committed, whatever became of the rest: systemd runs them, when nobody of us may be there any more. */
  readonly back: readonly Command[];
  /** A file that `write` makes, where there is nothing to go back from without it. */
  readonly mark?: string;
  /** Writes down the change where a start of the host forgets it. */
  write(): Promise<void>;
  /** Have it take effect. */
  readonly forward: readonly Command[];
}

/** What configures network cards on this host, and can put them into bridges. */
export interface NetworkMaker {
  /**
   * Looks at a change, and touches nothing.
   * @returns null where all is as wanted already
   * @throws Refusal for what cannot be had on this host
   */
  plan(change: NetworkChange): Promise<NetworkPlan | null>;
  /** Whether something is changed that is not committed. */
  hasChanged(): Promise<boolean>;
  /**
   * Waits until what has been changed is done with, however long that takes.
   * @throws Refusal (500) where it did not work
   */
  settle(): Promise<void>;
  /** Has what holds now hold for ever; nothing happens where nothing is changed. */
  commit(): Promise<void>;
}
