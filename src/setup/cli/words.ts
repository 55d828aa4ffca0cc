import { parseArgs } from 'node:util';
import { type Text, message } from '../kit/text.ts';
import { type OptionName, options } from './options.ts';

/** A command line taken apart, not yet looked at as a whole. */
export interface Words {
  /** What is no option: the command and its words. */
  readonly plain: readonly string[];
  /** Every value of each option that was said; a switch has empty ones. */
  readonly values: ReadonlyMap<OptionName, readonly string[]>;
  /** Mistakes in single options, collected so that all of them are told together. */
  readonly problems: readonly Text[];
  /** Whether there is an option that nobody knows: the plain word behind it may be its value. */
  readonly strange: boolean;
}

const syntax = Object.fromEntries(
  [...options].map(([name, { type, short }]) => [name, { type, ...(short === undefined ? {} : { short }) }]),
);

/** What is wrong with one option; undefined if nothing is. */
function flawOf(rawName: string, name: string, value: string | undefined, inline: boolean): Text | undefined {
  const option = options.get(name);
  if (option === undefined) return message`${rawName} is not an option`;
  if (option.type === 'boolean') return value === undefined ? undefined : message`${rawName} takes no value`;
  // What looks like the next option most likely is one.
  const missing = value === undefined || (value === '' && option.mayBeEmpty !== true) || (!inline && value.startsWith('-'));
  if (missing) return message`${rawName} wants a value: ${rawName}=${option.value ?? ''}`;
  return option.choices?.includes(value) === false ? message`${rawName} knows ${option.choices.join(', ')}, not ${value}` : undefined;
}

/** Takes a command line apart: `--name=value`, `--name value`, short names and plain words, in any order. */
export function takeApart(argv: readonly string[]): Words {
  const { tokens } = parseArgs({ args: [...argv], options: syntax, allowPositionals: true, strict: false, tokens: true });
  const plain: string[] = [];
  const values = new Map<OptionName, string[]>();
  const problems: Text[] = [];
  let strange = false;
  for (const token of tokens) {
    if (token.kind === 'positional') plain.push(token.value);
    if (token.kind !== 'option') continue;
    const { rawName, value, inlineValue } = token;
    const name = token.name as OptionName;
    const flaw = flawOf(rawName, name, value, inlineValue === true);
    if (flaw !== undefined) problems.push(flaw);
    strange ||= !options.has(name);
    // Also where something is wrong with it: that it was said counts for what goes together.
    values.set(name, [...(values.get(name) ?? []), value ?? '']);
  }
  return { plain, values, problems, strange };
}
