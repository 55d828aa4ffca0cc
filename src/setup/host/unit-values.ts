import { readWords, splitWords, withoutSpecifiers } from './unit-words.ts';

/* What the values of unit files mean. Each function throws an Error that says what is accepted. */

/** One of a few words. */
export const oneOf = <T extends string>(value: string, accepted: readonly T[]): T => {
  const found = accepted.find((one) => one === value);
  if (found === undefined) throw new Error(`${accepted.join(' or ')} is expected`);
  return found;
};

/** A path; it is not split into words, so it needs no quotes. */
export const absolute = (value: string): string => {
  const path = withoutSpecifiers(value);
  if (!path.startsWith('/')) throw new Error('an absolute path is expected');
  return path;
};

const unitsOfTime: Readonly<Record<string, number>> = { ms: 1, '': 1000, s: 1000, sec: 1000, m: 60_000, min: 60_000, h: 3_600_000 };

/** '5', '500ms', '1min 30s'. */
export function milliseconds(value: string): number {
  const parts = [...value.matchAll(/(\d{1,9}(?:\.\d{1,3})?)\s*([a-z]*)\s*/gy)];
  const total = parts.reduce((sum, [, number, unit = '']) => sum + Number(number) * (unitsOfTime[unit] ?? NaN), 0);
  if (parts.map(([all]) => all).join('') !== value || value === '' || !(total <= 3_600_000))
    throw new Error('a time of at most an hour is expected, for instance 5s or 500ms');
  return Math.round(total);
}

/** With or without SIG. */
export function killSignal(value: string): NodeJS.Signals {
  const name = value.startsWith('SIG') ? value : `SIG${value}`;
  if (!/^SIG(TERM|INT|QUIT|HUP|USR1|USR2|KILL)$/.test(name))
    throw new Error('a signal that ends a service is expected, for instance SIGTERM');
  return name as NodeJS.Signals;
}

/** The words of a command, the program by its absolute path. */
export function commandLine(value: string): readonly [string, ...string[]] {
  const read = readWords(value);
  if (read.some(({ text, quoted }) => text === ';' && !quoted)) throw new Error('a single command is expected');
  const words = read.map(({ text }) => withoutSpecifiers(text));
  if (words.some((word) => word.replaceAll('$$', '').includes('$')))
    throw new Error('variables are not supported; a dollar sign is written $$');
  const [program = '', ...args] = words.map((word) => word.replaceAll('$$', '$'));
  if (!program.startsWith('/')) throw new Error('the absolute path of a program is expected, without a prefix');
  return [program, ...args];
}

/** Variables, each a word. */
export function environment(value: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    splitWords(value).map((word) => {
      const [, name, text] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(withoutSpecifiers(word)) ?? [];
      if (name === undefined || text === undefined) throw new Error('NAME=value is expected');
      return [name, text];
    }),
  );
}

/** The file of `append:/path`. */
export const logFile = (value: string): string => {
  if (!value.startsWith('append:')) throw new Error('append:/path is expected');
  return absolute(value.slice('append:'.length));
};
