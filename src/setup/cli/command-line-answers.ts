import { type Problem, SetupError, message, term } from '#kit';
import type { CommandLineAnswer } from '../answers/sources.ts';
import type { Arguments } from './args.ts';
import { environmentStatements } from './environment-statements.ts';
import { firstLineOfDescriptor, firstLineOfFile } from './first-line.ts';
import { isFrameworkKey } from './framework-statements.ts';
import { Unreadable } from './unreadable.ts';

/** Secrets on a command line can be read by every user of the host. */
function refuseSecrets(answers: readonly CommandLineAnswer[], isSecret: (key: string) => boolean): void {
  const secret = answers.filter(({ key, value }) => isSecret(key) && value !== undefined);
  const [first] = secret;
  if (first === undefined) return;
  const names = [...new Set(secret.map(({ key, where }) => `${key} (${where})`))].join(', ');
  throw new SetupError('usage', message`${names}: secrets are not taken from the command line, where other users can see them`, {
    remedy: message`Give it with --set-file=${first.key}=FILE, with --set-fd=${first.key}=N, or in an answer file that only you can read.`,
  });
}

/** What the options say that stand for an answer of their own. */
const switches = (args: Arguments): readonly CommandLineAnswer[] => [
  ...(args.offline ? [{ key: 'OVESETUP_CORE/offlinePackager', value: true, where: '--offline' }] : []),
  // No answer, so that the one of an earlier run does not count.
  ...(args.reconfigureDwhScale ? [{ key: 'OVESETUP_DWH_CONFIG/scale', value: undefined, where: '--reconfigure-dwh-scale' }] : []),
];

/** Reads the answers that stand in files and descriptors; those that cannot be read say why. */
async function fromFiles(args: Arguments, isSecret: (key: string) => boolean, signal: AbortSignal): Promise<readonly CommandLineAnswer[]> {
  const wanted = [
    ...args.setFile.map(({ key, value }) => ({
      key,
      name: value,
      where: '--set-file',
      read: () => firstLineOfFile(value, { secret: isSecret(key), signal }),
    })),
    ...args.setFd.map(({ key, value }) => ({
      key,
      name: message`descriptor ${value}`,
      where: '--set-fd',
      read: () => firstLineOfDescriptor(Number(value), signal),
    })),
  ];
  const answers: CommandLineAnswer[] = [];
  for (const { key, name, where, read } of wanted) {
    try {
      answers.push({ key, value: await read(), where });
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      const { why, remedy } = error;
      const text = message`${key} (${where}): ${name} cannot be used: ${term(why)}`;
      const flaw: Problem = { id: key, level: 'error', message: text, ...(remedy === undefined ? {} : { remedy }) };
      answers.push({ key, value: undefined, where, flaw });
    }
  }
  return answers;
}

/**
 * All answers of the command line; of two for one key the later one counts, and the statements of the original come last.
 * Throws SetupError `usage`, or `cancelled` when a signal comes.
 */
export async function commandLineAnswers(
  args: Arguments,
  isSecret: (key: string) => boolean,
  signal: AbortSignal,
): Promise<readonly CommandLineAnswer[]> {
  const set = args.set.map(({ key, value }) => ({ key, value, where: '--set' }));
  const statements = args.otopiEnvironment === undefined ? [] : environmentStatements(args.otopiEnvironment);
  refuseSecrets([...set, ...statements], isSecret);
  const isAnswer = ({ key }: CommandLineAnswer): boolean => !isFrameworkKey(key);
  return [...switches(args), ...set.filter(isAnswer), ...(await fromFiles(args, isSecret, signal)), ...statements.filter(isAnswer)];
}
