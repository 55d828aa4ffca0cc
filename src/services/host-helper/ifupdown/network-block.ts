import { createHash } from 'node:crypto';
import { Refusal } from '../refusal.ts';
import { placeOf, readStatements } from './interfaces-text.ts';

/*
 * A network in a file of interfaces(5) is a block of lines of ours, and the lines it stands for, each behind a mark that makes a comment of it. So
 * one file says everything, replacing it is one step, and what was there comes back byte by byte, whatever else has been edited since.
 */

/** Lines of a file: the first, and the one after the last, from 0. */
export interface Lines {
  readonly from: number;
  readonly to: number;
}

const begin = /^# >>> network ([A-Za-z0-9_-]{1,15}) ([0-9a-f]{16}): /;
/** So many lines say what it is. */
const headLines = 2;
const endOf = (name: string): string => `# <<< network ${name}`;
const markOf = (name: string): string => `#ovirt:${name}: `;
const sumOf = (own: readonly string[], kept: readonly string[]): string =>
  createHash('sha256')
    .update(JSON.stringify([own, kept]))
    .digest('hex')
    .slice(0, 16);

/** Networks that a file has blocks for. */
export const networksIn = (text: string): readonly string[] => text.split('\n').flatMap((line) => begin.exec(line)?.[1] ?? []);

/** The lines of a network's block in a file, as they were given; none where there is no such block. */
export function blockOf(text: string, name: string): readonly string[] {
  const lines = text.split('\n');
  const from = lines.findIndex((line) => begin.exec(line)?.[1] === name);
  return from < 0 ? [] : lines.slice(from + headLines, Math.max(from + headLines, lines.indexOf(endOf(name), from)));
}

/**
 * Puts a block into a file.
 * @param own its lines
 * @param replaced lines of the file that it stands for, in their order; none: it comes at the end
 * @throws Refusal (409) where the file has marks of that network already, or the rest of it would mean something else
 */
export function withBlock(text: string, name: string, own: readonly string[], replaced: readonly Lines[], file: string): string {
  const lines = text.split('\n');
  const mark = markOf(name);
  const taken = lines.findIndex((line) => line.startsWith(mark) || line === endOf(name) || begin.exec(line)?.[1] === name);
  if (taken >= 0) throw new Refusal(409, `${placeOf(file, taken + 1)}: the line stands for a network ${name}, which is not whole`);
  const isReplaced = (at: number): boolean => replaced.some(({ from, to }) => at >= from && at < to);
  const sum = sumOf(
    own,
    lines.filter((_line, at) => isReplaced(at)),
  );
  const block = [
    `# >>> network ${name} ${sum}: the agent of this host has made it for the engine, which changes and removes it. Leave it as it is up to "<<<",`,
    `# as well as lines that begin with "${mark.trim()}": they come back when it goes.`,
    ...own,
    endOf(name),
  ];
  // At the end of a file whose last line is not ended, or continued, it would become a part of that line.
  const isEnded = lines.at(-1) === '' && !(lines.at(-2) ?? '').endsWith('\\');
  const place = replaced[0]?.from ?? (isEnded ? lines.length - 1 : 0);
  const made = lines.flatMap((line, at) => [...(at === place ? block : []), isReplaced(at) ? mark + line : line]).join('\n');
  checkRest({ without: text, made, own, place, isReplaced, file });
  return made;
}

/**
 * Takes a block out of a file, which then is as if it had never been there.
 * @throws Refusal (409) where somebody has edited the block, which would be lost, or written into it from behind
 */
export function withoutBlock(text: string, name: string, file: string): string {
  const lines = text.split('\n');
  const from = lines.findIndex((line) => begin.exec(line)?.[1] === name);
  const to = lines.indexOf(endOf(name), from);
  const mark = markOf(name);
  const kept = lines.filter((line) => line.startsWith(mark)).map((line) => line.slice(mark.length));
  if (from < 0 || to < from || begin.exec(lines[from] ?? '')?.[2] !== sumOf(lines.slice(from + headLines, to), kept))
    throw new Refusal(409, `${placeOf(file, from + 1)}: somebody has edited what the agent wrote for network ${name}. Undo that first`);
  const rest = lines.filter((_line, at) => at < from || at > to);
  const isReplaced = (at: number): boolean => rest[at]?.startsWith(mark) ?? false;
  const without = rest.map((line) => (line.startsWith(mark) ? line.slice(mark.length) : line)).join('\n');
  checkRest({ without, made: text, own: lines.slice(from + headLines, to), place: from, isReplaced, file });
  return without;
}

interface Rest {
  /** The file without the block, and with it. */
  readonly without: string;
  readonly made: string;
  readonly own: readonly string[];
  /** Lines of the file without the block: the one that it stands before, and those that it stands for. */
  readonly place: number;
  readonly isReplaced: (at: number) => boolean;
  readonly file: string;
}

/** Throws Refusal (409) unless a file says with a block what it says without it, but for the lines that the block stands for. */
function checkRest({ without, made, own, place, isReplaced, file }: Rest): void {
  const saying = (text: string) =>
    readStatements(text, file).map(({ keyword, words, options, from }) => ({
      from,
      said: JSON.stringify([keyword, words, options.map(({ name, value }) => [name, value])]),
    }));
  const rest = saying(without).filter(({ from }) => !isReplaced(from));
  const [before, after] = [rest.filter(({ from }) => from < place), rest.filter(({ from }) => from >= place)];
  const expected = [...before, ...saying(own.join('\n')), ...after].map(({ said }) => said);
  const found = saying(made);
  const odd = found.findIndex(({ said }, at) => said !== expected[at]);
  if (odd >= 0 || found.length < expected.length)
    throw new Refusal(
      409,
      `${placeOf(file, (found.at(odd)?.from ?? 0) + 1)}: this would mean something else with a network in the file, or without it`,
    );
}
