import { parseArgs } from 'node:util';
import { misuse } from '../tool.ts';

/** Every option of every command. Which of them a command takes stands in its own declaration. */
const options = {
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
  root: { type: 'string' },
  'db-config': { type: 'string' },
  'log-level': { type: 'string' },
  'account-valid-from': { type: 'string' },
  'account-valid-to': { type: 'string' },
  'account-login-time': { type: 'string' },
  attribute: { type: 'string', multiple: true },
  flag: { type: 'string', multiple: true },
  id: { type: 'string' },
  'new-name': { type: 'string' },
  password: { type: 'string' },
  'password-valid-to': { type: 'string' },
  force: { type: 'boolean' },
  user: { type: 'string' },
  group: { type: 'string' },
  what: { type: 'string' },
  pattern: { type: 'string' },
  name: { type: 'string' },
  value: { type: 'string' },
} as const;

export type OptionName = keyof typeof options;

/** Options that every command takes. */
export const common: readonly OptionName[] = ['help', 'version', 'root', 'db-config', 'log-level'];

/** A command line, taken apart. */
export interface Arguments {
  readonly words: readonly string[];
  readonly given: readonly OptionName[];
  /** The value of an option, or undefined. */
  text(name: OptionName): string | undefined;
  /** The values of an option that may be repeated. */
  texts(name: OptionName): readonly string[];
  flag(name: OptionName): boolean;
}

/** Takes a command line apart. Throws a Problem that repeats no value, since any of them may be a secret. */
export function readArguments(argv: readonly string[]): Arguments {
  const { values, positionals } = parse(argv);
  return {
    words: positionals,
    given: Object.keys(values) as OptionName[],
    text(name) {
      const value = values[name];
      return typeof value === 'string' ? value : undefined;
    },
    texts(name) {
      const value = values[name];
      return Array.isArray(value) ? value.map(String) : [];
    },
    flag: (name) => values[name] === true,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    const name = error instanceof Error ? /'(--?[\w-]+)/.exec(error.message)?.[1] : undefined;
    throw misuse(
      code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION'
        ? `There is no option ${name ?? 'of that name'}.`
        : `The option ${name ?? ''} lacks its value, or takes none.`,
    );
  }
}
