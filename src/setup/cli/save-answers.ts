import { type Host, file } from '#kit';
import { writePrivately } from './answer-files.ts';
import type { Arguments } from './args.ts';

const directory = '/var/lib/ovirt-engine/setup/answers';

/**
 * What writes the answers of a run: to where they are kept, and to where the command line wants them, with or without secrets.
 * Returns the paths as the user sees them.
 * @param run the name of the run; its beginning, the time, is the name of the file where no other run has taken it
 */
export const answerSaver =
  (args: Pick<Arguments, 'generateAnswer' | 'withSecrets'>, run: string, { files }: Pick<Host, 'files'>) =>
  async (text: string, complete: string): Promise<readonly string[]> => {
    const time = run.slice(0, 14);
    const taken = (await files.list(directory)).includes(`${time}-setup.conf`);
    const kept = `${directory}/${taken ? run : time}-setup.conf`;
    await files.write(kept, file(text, 0o600));
    if (args.generateAnswer === undefined) return [files.real(kept)];
    writePrivately(args.generateAnswer, args.withSecrets ? complete : text);
    return [files.real(kept), args.generateAnswer];
  };
