import { inWords, message, term } from '#kit';
import { takeBackUnfinished } from '../../core/take-back.ts';
import { catalogueFor } from '../../ui/catalogue.ts';
import type { Arguments } from '../args.ts';
import type { ExitCode } from '../exit-codes.ts';
import { print } from '../output.ts';
import { placeToChange } from '../place.ts';
import { changing } from './setup.ts';

/** `engine-setup rollback`: takes back what a run that was cut off has done. */
export async function rollback(args: Arguments, version: string): Promise<ExitCode> {
  if (!placeToChange(args.root).isOurs()) {
    const { catalogue } = catalogueFor(process.env);
    print(`${inWords('There is nothing to take back: nothing is installed there.', catalogue)}\n`);
    return 0;
  }
  return changing(args, version, async (run) => {
    const leftOver = await takeBackUnfinished(run);
    if (leftOver === undefined) run.dialog.log('info', 'There is nothing to take back: every run came to its end');
    else if (leftOver.length === 0) run.dialog.log('info', 'That run is taken back: the host is as it was before');
    else for (const what of leftOver) run.dialog.log('error', message`Could not be undone: ${term(what)}`);
    return leftOver === undefined || leftOver.length === 0 ? 0 : 3;
  });
}
