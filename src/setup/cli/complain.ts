import { SetupError } from '../kit/errors.ts';
import { type Catalogue, type Text, inEnglish, inWords } from '../kit/text.ts';
import { catalogueFor } from '../ui/catalogue.ts';
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

/** The message, what is behind it, and what to do, in the language of a catalogue. */
export function complaint({ text, problems, remedy }: SetupError, catalogue: Catalogue): readonly string[] {
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
export function complain(error: unknown, json: boolean): ExitCode {
  const { catalogue } = catalogueFor(process.env);
  if (error instanceof SetupError) {
    if (json) print(`${JSON.stringify(documentOf(error), null, 2)}\n`);
    else tell(`${complaint(error, catalogue).join('\n')}\n`);
    return exitCodeOf(error.code);
  }
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (json) print(`${JSON.stringify({ error: { code: 'defect', message: trace, problems: [] } }, null, 2)}\n`);
  else tell(`engine-setup: ${inWords('this is a defect of the program, please report it:', catalogue)}\n${trace}\n`);
  return 1;
}
