import type { Port } from './services.ts';

/*
 * Rules in the language of iptables-save and iptables-restore: what is ours in them, and how it gets there. Ours are in a chain of their own,
 * to which INPUT jumps first; whatever else there is belongs to others. A saved file and the tables in force are written alike.
 */

export const chain = 'OVIRT-ENGINE';
const jump = `-j ${chain}`;

/** Our rules for ports, in the very words of iptables-save: what is read is compared with them. */
export const acceptRules = (ports: readonly Port[]): readonly string[] => [
  ...new Set(ports.map(({ protocol, port }) => `-A ${chain} -p ${protocol} -m ${protocol} --dport ${port} -j ACCEPT`)),
];

/** What is ours of a table. */
export interface Ours {
  /** The rules of our chain, as they are written. */
  readonly rules: readonly string[];
  /** The place of the jump to it among the rules of INPUT, counted from 1; null: there is none. */
  readonly at: number | null;
}

/** A table, as far as it concerns us. */
export interface Table {
  /** null: our chain is not there. */
  readonly ours: Ours | null;
  /** How often INPUT jumps to our chain, whatever comes in. */
  readonly jumps: number;
  /** Rules of INPUT besides. */
  readonly others: number;
  /** Whether rules of others lead to our chain, so that it cannot be taken away. */
  readonly referenced: boolean;
}

interface Rule {
  /** The letter of its command: A appends, I inserts. */
  readonly command: string;
  /** undefined: it is for all chains. */
  readonly chain: string | undefined;
  /** Where it is inserted, from 1. */
  readonly place: number;
  /** Whether it leads to our chain: whatever comes in, or under conditions. */
  readonly leads: 'always' | 'sometimes' | 'never';
}

const longNames: Readonly<Record<string, string>> = {
  ...{ '--append': '-A', '--insert': '-I', '--delete': '-D', '--replace': '-R', '--flush': '-F', '--zero': '-Z', '--policy': '-P' },
  ...{ '--new-chain': '-N', '--delete-chain': '-X', '--rename-chain': '-E' },
};

/** Words of a rule without its counters; what is in quotes is part of one word. */
const wordsOf = (line: string): readonly string[] =>
  (line.replace(/^\[\d+:\d+\]/, '').match(/(?:"(?:\\.|[^"\\])*"|[^\s"])+/g) ?? []).map((word) => word.replaceAll('"', ''));

const isChain = (line: string): boolean => line.startsWith(':');
const isOurDeclaration = (line: string): boolean => isChain(line) && line.slice(1).split(/\s/)[0] === chain;
const isRule = (line: string): boolean => line !== '' && !/^[#:*]|^COMMIT$/.test(line);

function ruleIn(line: string): Rule {
  const words = wordsOf(line);
  const place = words.findIndex((word) => /^-[AIDRFZPNXE]/.test(longNames[word] ?? word));
  // getopt(3) takes a value that stands right behind its letter.
  const [, command = '', attached = ''] = /^-(.)(.*)$/s.exec(longNames[words[place] ?? ''] ?? words[place] ?? '') ?? [];
  const behind = attached === '' ? words.slice(place + 1) : [attached, ...words.slice(place + 1)];
  const [name, number = ''] = behind;
  const target = name === undefined || name.startsWith('-') ? undefined : name;
  const numbered = /^\d+$/.test(number);
  const rest = [...words.slice(0, place), ...behind.slice(numbered ? 2 : 1)];
  const leads = rest.some((word, index) => /^(-j|--jump|-g|--goto)$/.test(word) && rest[index + 1] === chain);
  const always = leads && rest.length === 2 && /^(-j|--jump)$/.test(rest[0] ?? '');
  return { command, chain: target, place: numbered ? Number(number) : 1, leads: always ? 'always' : leads ? 'sometimes' : 'never' };
}

const ofInput = ({ chain: of }: Rule): boolean => of === 'INPUT' || of === undefined;
const isOurJump = ({ chain: of, leads }: Rule): boolean => of === 'INPUT' && leads === 'always';
const isFirst = (rule: Rule): boolean => isOurJump(rule) && rule.command === 'I' && rule.place === 1;
/** Whether it may move what stands in INPUT already: an insertion, say, or a deletion. */
const moves = (rule: Rule): boolean => ofInput(rule) && rule.command !== 'A' && !isFirst(rule);

/** The lines of the filter table: the last of that name is the one in force. Undefined where there is none. */
function tableIn(lines: readonly string[]): { readonly from: number; readonly to: number } | undefined {
  const from = lines.findLastIndex((line) => /^\*filter(?:\s|$)/.test(line));
  if (from < 0) return undefined;
  const to = lines.findIndex((line, index) => index > from && /^COMMIT$|^\*/.test(line));
  return { from, to: to < 0 ? lines.length : to };
}

/** What a text says of our chain. Whatever is no rule of the filter table does not count. */
export function tableOf(text: string): Table {
  const lines = text.split('\n');
  const { from, to } = tableIn(lines) ?? { from: 0, to: 0 };
  const here = lines.slice(from, to);
  let own: readonly string[] = [];
  let input: readonly Rule[] = [];
  let referenced = false;
  /** Whether the order of INPUT is known. */
  let sure = true;
  for (const line of here.filter(isRule)) {
    const rule = ruleIn(line);
    // What is for all chains empties them, or deserves no better.
    if (rule.chain === undefined) own = [];
    if (rule.chain === chain) own = [...own, line.replace(/^\[\d+:\d+\]\s*/, '')];
    else if (ofInput(rule)) {
      input = isFirst(rule) ? [rule, ...input] : [...input, rule];
      sure = isFirst(rule) || (sure && !moves(rule));
    }
    referenced ||= rule.leads !== 'never' && !isOurJump(rule);
  }
  const jumps = input.filter(isOurJump).length;
  const at = sure ? input.findIndex(isOurJump) + 1 : 0;
  return {
    ours: here.some(isOurDeclaration) ? { rules: own, at: at === 0 ? null : at } : null,
    jumps,
    others: input.length - jumps,
    referenced,
  };
}

/** Whether a table lets in what our rules say, before anything else is asked; without rules, whether it has none of ours. */
export function isRight({ ours, jumps }: Table, rules: readonly string[]): boolean {
  if (rules.length === 0) return jumps === 0 && (ours?.rules ?? []).length === 0;
  return ours?.at === 1 && ours.rules.length === rules.length && rules.every((rule, index) => ours.rules[index] === rule);
}

const isOurs = (line: string): boolean => {
  if (!isRule(line)) return isOurDeclaration(line);
  const rule = ruleIn(line);
  return rule.chain === chain || isOurJump(rule);
};

const emptyTable = ['*filter', ':INPUT ACCEPT [0:0]', ':FORWARD ACCEPT [0:0]', ':OUTPUT ACCEPT [0:0]', 'COMMIT'];
const declaration = `:${chain} - [0:0]`;

/** A text of saved rules with ours in it: lines of others stay as they are, and in their order. Without rules, with nothing of ours. */
export function withRules(text: string, rules: readonly string[]): string {
  const found = tableOf(text);
  if (isRight(found, rules)) return text;
  const before = text === '' ? [] : text.replace(/\n$/, '').split('\n');
  const lines = tableIn(before) === undefined ? [...before, ...emptyTable] : before;
  const { from, to } = tableIn(lines) ?? { from: 0, to: 0 };
  const theirs = lines.slice(from, to).filter((line) => !isOurs(line));
  const wanted = rules.length > 0 || found.referenced ? withOurs(theirs, rules) : theirs;
  return `${[...lines.slice(0, from), ...wanted, ...lines.slice(to)].join('\n')}\n`;
}

/** The filter table of others, up to its COMMIT, with our lines. */
function withOurs(theirs: readonly string[], rules: readonly string[]): readonly string[] {
  const firstRule = theirs.findIndex(isRule);
  const declared = theirs.slice(0, firstRule < 0 ? theirs.length : firstRule).findLastIndex(isChain);
  const head = [...theirs.slice(0, Math.max(declared, 0) + 1), declaration];
  const rest = theirs.slice(head.length - 1);
  if (rules.length === 0) return [...head, ...rest];
  // Behind what may move it, it is inserted.
  if (rest.some((line) => isRule(line) && moves(ruleIn(line)))) return [...head, ...rest, ...rules, `-I INPUT ${jump}`];
  const ofOthers = rest.findIndex((line) => isRule(line) && ofInput(ruleIn(line)));
  // A comment stays with the rule that it stands before.
  const before = rest.slice(0, ofOthers < 0 ? rest.length : ofOthers);
  const place = before.findLastIndex((line) => !line.startsWith('#')) + 1;
  return [...head, ...rest.slice(0, place), `-A INPUT ${jump}`, ...rest.slice(place), ...rules];
}

/**
 * What iptables-restore is told, without flushing anything, to bring the table in force to what is wanted of ours: all of it happens at
 * once, or nothing. Rules of others stay, whoever has put them there.
 * @param wanted null: nothing of ours is to be left
 */
export function transaction({ ours, jumps, others, referenced }: Table, wanted: Ours | null): string {
  const away = Array.from({ length: jumps }, () => `-D INPUT ${jump}`);
  const at = typeof wanted?.at !== 'number' ? [] : [`-I INPUT ${Math.min(wanted.at, others + 1)} ${jump}`];
  const removal = ours === null ? [] : [`-F ${chain}`, ...(referenced ? [] : [`-X ${chain}`])];
  const lines = wanted === null ? [...away, ...removal] : [declaration, ...wanted.rules, ...away, ...at];
  return `${['*filter', ...lines, 'COMMIT'].join('\n')}\n`;
}
