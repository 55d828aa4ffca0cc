import { Refusal } from '../../http/refusal.ts';
import type { Asker, Occasion } from './collection.ts';

/** Who asks, and where the answer stands. */
type Asking = Pick<Occasion, 'database'> & { readonly asker: Pick<Asker, 'userId'> };

/** Whether who asks has a permit on an object. */
export async function hasPermitOn({ database, asker }: Asking, permit: number, object: string): Promise<boolean> {
  const [found] = await database.query<{ may: boolean }>('select has_permit($1, $2, $3) as may', [asker.userId, permit, object]);
  return found?.may === true;
}

/**
 * Asks for a permit on a further object than the one that the change itself is about.
 * @param what the object, for the refusal: `the cluster`
 * @throws a refusal (403)
 */
export async function needPermitOn(occasion: Asking, permit: number, object: string, what: string): Promise<void> {
  if (!(await hasPermitOn(occasion, permit, object))) throw new Refusal(403, `The user may not use ${what}.`);
}
