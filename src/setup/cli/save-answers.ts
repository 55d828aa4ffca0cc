import { type Host, file } from '#kit';
import { convert } from '../answers/convert.ts';
import { isYaml } from '../answers/sources.ts';
import { writePrivately } from './answer-files.ts';
import type { Arguments } from './args.ts';

const directory = '/var/lib/ovirt-engine/setup/answers';

/** A classic answer file in the format that the name of another file asks for; what it says of secrets it leaves out stays. */
async function inFormatOf(path: string, classic: { readonly path: string; readonly text: string }): Promise<string> {
  if (!isYaml(path)) return classic.text;
  const comments = classic.text.split('\n').filter((line) => line.startsWith('# ') && !line.startsWith('# answers:'));
  const { text } = await convert([{ ...classic, kept: true }], 'yaml');
  return [...comments, text].join('\n');
}

/**
 * What writes the answers of a run: to where they are kept, and to where the command line wants them, with or without secrets, and
 * in YAML if the file is called so. Returns the paths as the user sees them.
 * @param run the name of the run; its beginning, the time, is the name of the file where no other run has taken it
 */
export const answerSaver =
  (args: Pick<Arguments, 'generateAnswer' | 'withSecrets'>, run: string, { files }: Pick<Host, 'files'>) =>
  async (text: string, complete: string, how: { readonly failed?: boolean } = {}): Promise<readonly string[]> => {
    const time = run.slice(0, 14);
    const taken = (await files.list(directory)).includes(`${time}-setup.conf`);
    const kept = `${directory}/${taken ? run : time}-setup.conf`;
    await files.write(kept, file(text, 0o600));
    const path = files.real(kept);
    // A run that failed knows less than the file that may lie there already.
    if (args.generateAnswer === undefined || how.failed === true) return [path];
    writePrivately(args.generateAnswer, await inFormatOf(args.generateAnswer, { path, text: args.withSecrets ? complete : text }));
    return [path, args.generateAnswer];
  };
