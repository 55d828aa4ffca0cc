import { type Problem, SetupError, choice, list, message, term, text, textOfError, yesNo } from '#kit';
import type { CommandLineAnswer } from '../answers/sources.ts';
import { type Arguments, dialogClashes } from './args.ts';
import { environmentStatements } from './environment-statements.ts';

/*
 * Statements to the framework of the original: front ends say with them what people say with an option. They count on the
 * command line alone, as there: an answer file is read too late for them.
 */

const dialect = choice('machine', 'human');
const dialogs = { machine: 'machine', human: 'lines' } as const;

/** Paths with colons between them. */
const paths = (raw: unknown): readonly string[] =>
  typeof raw === 'string' ? raw.split(':').filter((path) => path !== '') : list.parse(raw);

/** What each key says in place of an option; undefined takes the option back. Throws SetupError for a value that it cannot have. */
const options: Readonly<Record<string, (raw: unknown) => Partial<Arguments>>> = {
  'DIALOG/dialect': (raw) => ({ dialog: raw === undefined ? undefined : dialogs[dialect.parse(raw)] }),
  'DIALOG/autoAcceptDefault': (raw) => ({ acceptDefaults: yesNo.parse(raw ?? false) }),
  'CORE/logFileName': (raw) => ({ log: raw === undefined ? undefined : text.parse(raw) }),
  'CORE/configFileName': (raw) => ({ config: paths(raw ?? []) }),
  'CORE/configFileAppend': (raw) => ({ configAppend: paths(raw ?? []) }),
  'OVESETUP_CORE/answerFile': (raw) => ({ generateAnswer: raw === undefined ? undefined : text.parse(raw) }),
  'OVESETUP_CORE/reconfigureOptionalComponents': (raw) => ({ reconfigureOptional: yesNo.parse(raw ?? false) }),
};

/** Whether a statement of the command line is no answer, but stands for an option. */
export const isFrameworkKey = (key: string): boolean => Object.hasOwn(options, key);

/** What the options have said already of keys that hold several paths, for statements that add to them. */
const saidBefore = ({ config, configAppend }: Arguments): ReadonlyMap<string, unknown> =>
  new Map(
    Object.entries({ 'CORE/configFileName': config, 'CORE/configFileAppend': configAppend }).flatMap(([key, said]) =>
      said.length === 0 ? [] : [[key, said.join(':')] as const],
    ),
  );

/** The statements of one option, each as the option it stands for. Throws SetupError `usage` with everything that is wrong. */
function heed(args: Arguments, statements: readonly CommandLineAnswer[]): Arguments {
  const problems: Problem[] = [];
  const said = statements.map(({ key, value, where }): Partial<Arguments> => {
    try {
      return options[key]?.(value) ?? {};
    } catch (error) {
      problems.push({ id: 'usage', level: 'error', message: message`${where}: ${key}: ${term(textOfError(error))}` });
      return {};
    }
  });
  if (problems.length > 0) throw new SetupError('usage', 'The statements of the command line cannot be understood', { problems });
  return said.reduce<Arguments>((before, more) => ({ ...before, ...more }), args);
}

/**
 * The command line with its statements to the framework taken for the options they stand for. They win over the options, and those
 * of `--otopi-environment` over those of `--set`. Throws SetupError `usage`.
 */
export function heedStatements(args: Arguments): Arguments {
  const set = args.set.map((pair) => ({ ...pair, where: '--set' }));
  const said = heed(args, set);
  const all = args.otopiEnvironment === undefined ? said : heed(said, environmentStatements(args.otopiEnvironment, saidBefore(said)));
  const [clash] = dialogClashes(all);
  if (clash !== undefined) throw new SetupError('usage', clash, { remedy: 'DIALOG/dialect=str:machine means --dialog=machine.' });
  return all;
}
