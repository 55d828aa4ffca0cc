import { SetupError, messageOf } from '#kit';
import { catalogueFor } from '../ui/catalogue.ts';
import { silentLog } from '../ui/log.ts';
import { newMask } from '../ui/mask.ts';
import { type Audience, openProgramConversation } from './conversation.ts';
import { exitCodeOf } from './exit-codes.ts';

/**
 * Tells a program that reads standard output, in its own language, that a run ends which could not even begin, and why.
 * Where people read standard output it says nothing.
 */
export async function endUnbegun(args: Audience, error: unknown): Promise<void> {
  const means = {
    mask: newMask({ words: false }),
    log: silentLog(''),
    signal: new AbortController().signal,
    catalogue: catalogueFor(process.env).catalogue,
  };
  const conversation = await openProgramConversation(args, means);
  if (conversation === undefined) return;
  const { dialog, end } = conversation;
  if (error instanceof SetupError) {
    dialog.log('error', error.text);
    for (const { message, remedy } of error.problems) {
      dialog.log('error', message);
      if (remedy !== undefined) dialog.note(remedy);
    }
    if (error.remedy !== undefined) dialog.note(error.remedy);
  } else dialog.log('error', messageOf(error));
  end(error instanceof SetupError ? exitCodeOf(error.code) : 1);
}
