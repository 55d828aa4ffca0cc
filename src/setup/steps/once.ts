import { type Heading, type Host, type Step, type Text, nothing } from '#kit';

/** Work that is done because somebody asked for it in this very run: the host never shows whether it is needed. */
export interface WantedWork {
  readonly note: Text;
  run(host: Host, say: (line: string) => void): Promise<void>;
}

/**
 * Work without a state to compare with, such as a vacuum of a database. A run that is taken up does it again if its answers still
 * ask for it, so it has to be harmless to repeat; and since it leaves things as they are, there is nothing to take back.
 */
export function once(heading: Heading, { note, run }: WantedWork): Step {
  let done = false;
  return {
    ...heading,
    undo: 'restore-files',
    check: () => Promise.resolve(done ? nothing : { kind: 'run', note }),
    async apply(host, say) {
      await run(host, say);
      done = true;
    },
  };
}
