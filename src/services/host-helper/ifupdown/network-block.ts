import { createHash } from 'node:crypto';
import { Refusal } from '../refusal.ts';
import { placeOf } from './interfaces-text.ts';

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
 * @throws Refusal (409) where the file has marks of that network already
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
  // At the end of a file whose last line is not ended, it would become a part of that line.
  const place = replaced[0]?.from ?? (lines.at(-1) === '' ? lines.length - 1 : 0);
  return lines.flatMap((line, at) => [...(at === place ? block : []), isReplaced(at) ? mark + line : line]).join('\n');
}

/**
 * Takes a block out of a file, which then is as if it had never been there.
 * @throws Refusal (409) where somebody has edited the block: that would be lost
 */
export function withoutBlock(text: string, name: string, file: string): string {
  const lines = text.split('\n');
  const from = lines.findIndex((line) => begin.exec(line)?.[1] === name);
  const to = lines.indexOf(endOf(name), from);
  const mark = markOf(name);
  const kept = lines.filter((line) => line.startsWith(mark)).map((line) => line.slice(mark.length));
  if (from < 0 || to < from || begin.exec(lines[from] ?? '')?.[2] !== sumOf(lines.slice(from + headLines, to), kept))
    throw new Refusal(409, `${placeOf(file, from + 1)}: somebody has edited what the agent wrote for network ${name}. Undo that first`);
  return lines.flatMap((line, at) => (at >= from && at <= to ? [] : line.startsWith(mark) ? line.slice(mark.length) : line)).join('\n');
}
