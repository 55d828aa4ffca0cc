import { SetupError } from '../kit/errors.ts';
import { type Text, inEnglish, inWords } from '../kit/text.ts';
import { type ExitCode, exitCodeOf } from './exit-codes.ts';
import { print, tell } from './output.ts';

/** What `--json` prints instead of what was asked for. */
interface ErrorDocument {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly problems: readonly { readonly id: string; readonly level: string; readonly message: string; readonly remedy?: string }[];
    readonly remedy?: string;
  };
}

function documentOf({ code, message, problems, remedy }: SetupError): ErrorDocument {
  const remedyOf = (text: Text | undefined): { remedy?: string } => (text === undefined ? {} : { remedy: inEnglish(text) });
  const listed = problems.map((one) => ({ id: one.id, level: one.level, message: inEnglish(one.message), ...remedyOf(one.remedy) }));
  return { error: { code, message, problems: listed, ...remedyOf(remedy) } };
}

/** The message, what is behind it, and what to do, in the language of the user. */
async function linesOf({ text, problems, remedy }: SetupError): Promise<readonly string[]> {
  const { catalogueFor } = await import('../ui/catalogue.ts');
  const { catalogue } = catalogueFor(process.env);
  const words = (one: Text): string => inWords(one, catalogue);
  return [
    `engine-setup: ${words(text)}`,
    ...problems.flatMap((one) => [`  ${words(one.message)}`, ...(one.remedy === undefined ? [] : [`    ${words(one.remedy)}`])]),
    ...(remedy === undefined ? [] : [words(remedy)]),
  ];
}

/**
 * Says why the program ends: an expected failure with its problems and remedies, anything else as the defect that it is, with its trace.
 * @param json whether a program reads standard output
 * @returns the exit code
 */
export async function complain(error: unknown, json: boolean): Promise<ExitCode> {
  if (error instanceof SetupError) {
    if (json) print(`${JSON.stringify(documentOf(error), null, 2)}\n`);
    else tell(`${(await linesOf(error)).join('\n')}\n`);
    return exitCodeOf(error.code);
  }
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (json) print(`${JSON.stringify({ error: { code: 'defect', message: trace, problems: [] } }, null, 2)}\n`);
  else tell(`engine-setup: this is a defect of the program, please report it:\n${trace}\n`);
  return 1;
}
