import { type Verdict, type Wait } from '#kit';
import type { Asker } from './asker.ts';

/** Who waits: `pause` takes its time, and throws `cancelled` when somebody has had enough. Without it nobody waits. */
export interface Patience {
  readonly asker: Pick<Asker, 'dialog'>;
  readonly pause?: ((ms: number) => Promise<void>) | undefined;
}

/** Judges again and again while a verdict says that it is too early, and says so each time. Where nobody waits, that is a warning. */
export async function outlast(
  judge: () => Verdict | Promise<Verdict>,
  { asker: { dialog }, pause }: Patience,
): Promise<Exclude<Verdict, Wait>> {
  for (let waited = 0; ;) {
    const verdict = await judge();
    if (typeof verdict !== 'object' || !('wait' in verdict)) return verdict;
    const { wait, everyMs, atMostMs, otherwise } = verdict;
    if (pause === undefined) return { warnings: [wait] };
    if (waited >= atMostMs) return otherwise;
    dialog.note(wait);
    await pause(everyMs);
    waited += everyMs;
  }
}
