import { Refusal } from '../refusal.ts';

/*
 * What interfaces(5) of Debian's ifupdown 0.8 says, as statements with their lines. What is not understood is refused: a guess would take a host off
 * its network.
 */

/** A line of a stanza, `address 192.0.2.10/24`. */
export interface StanzaOption {
  readonly name: string;
  readonly value: string;
  /** From 1. */
  readonly line: number;
}

/** A stanza, or a line that stands for itself. */
export interface Statement {
  readonly file: string;
  /** `iface`, `auto`, `allow-hotplug`, `mapping`, `source`, ... */
  readonly keyword: string;
  /** What follows the keyword in its line. */
  readonly words: readonly string[];
  readonly options: readonly StanzaOption[];
  /** Its first line, and the one after its last, both from 0. */
  readonly from: number;
  readonly to: number;
}

const plain = /^(?:source|source-dir|source-directory|auto|allow-\S+|no-auto-down|no-scripts|rename)$/;
const withOptions: readonly string[] = ['iface', 'mapping'];

/** Where a statement or an option stands, for people: `/etc/network/interfaces:7`. */
export const placeOf = (file: string, line: number): string => `${file}:${line}`;

/**
 * Reads a file.
 * @param text one character for each byte, so that it can be written again as it was
 * @throws Refusal (501) with file and line
 */
export function readStatements(text: string, file: string): readonly Statement[] {
  const lines = text.split('\n');
  const found: { statement: Statement; options: StanzaOption[] }[] = [];
  for (let at = 0; at < lines.length;) {
    const from = at;
    const refuse = (what: string): Refusal => new Refusal(501, `${placeOf(file, from + 1)}: ${what}`);
    let line = lines[at++] ?? '';
    // eslint-disable-next-line no-control-regex -- that is what is looked for
    if (/[\0-\x08\x0b-\x1f\x7f]/.test(line)) throw refuse('there is a control character in the line');
    if (/^\s*(?:#|$)/.test(line)) continue;
    // ifupdown takes such a line for an option without a name.
    if (/^\s*\\$/.test(line)) throw refuse('the line is nothing but continued');
    while (line.endsWith('\\')) {
      if (at === lines.length) throw refuse('the line is continued, and there is no further one');
      line = line.slice(0, -1) + (lines[at++] ?? '');
    }
    const [keyword = '', ...words] = line.trim().split(/\s+/);
    const last = found.at(-1);
    if (plain.test(keyword) || withOptions.includes(keyword)) {
      if (words.length === 0) throw refuse(`${keyword} of what is not said`);
      const options: StanzaOption[] = [];
      found.push({ statement: { file, keyword, words, options, from, to: at }, options });
    } else if (last === undefined || plain.test(last.statement.keyword)) throw refuse(`${keyword} is not understood here`);
    else {
      last.options.push({ name: keyword, value: line.trim().slice(keyword.length).trim(), line: from + 1 });
      last.statement = { ...last.statement, to: at };
    }
  }
  return found.map(({ statement }) => statement);
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

/** Whether a text speaks of a device: `eth0`, also as `eth0:1`, `eth0.7` or `/dev/eth0`, but not `eth01`. */
export const speaksOf = (text: string, device: string): boolean =>
  new RegExp(String.raw`(?<![A-Za-z0-9_.-])${escaped(device)}(?![A-Za-z0-9_-])`).test(text);

/** Where a statement speaks of a device, as a place for people; undefined where it does not. */
export function mentionOf({ file, keyword, words, options, from }: Statement, device: string): string | undefined {
  if (speaksOf(words.join(' '), device)) return placeOf(file, from + 1);
  if (keyword === 'mapping' && words.some((pattern) => fits(pattern, device))) return placeOf(file, from + 1);
  // Ports of a bridge need not be named one by one.
  const option = options.find(
    ({ name, value }) => speaksOf(value, device) || (/^(?:bridge|bond)[-_](?:ports|slaves)$/.test(name) && /\b(?:all|regex)\b/.test(value)),
  );
  return option === undefined ? undefined : placeOf(file, option.line);
}

/** Whether a pattern may mean a device. Brackets are not looked into. */
function fits(pattern: string, device: string): boolean {
  const [start = '', ...rest] = pattern.split('[');
  const open = rest.length > 0 ? `${start}*` : start;
  const expression = escaped(open)
    .replaceAll(String.raw`\*`, '.*')
    .replaceAll(String.raw`\?`, '.');
  return new RegExp(`^${expression}$`).test(device);
}
