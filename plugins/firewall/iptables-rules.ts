import { type Port, numbers } from './services.ts';

/*
 * Rules in the language of iptables-save and iptables-restore: what is ours in them, and how it gets there. Ours are in a chain of their own,
 * to which INPUT jumps before all others, but for chains that turn single addresses away: who is banned stays banned (fail2ban). Whatever
 * else there is belongs to others. A saved file and the tables in force are written alike.
 */

export const chain = 'OVIRT-ENGINE';
const jump = `-j ${chain}`;

/** Our rules for ports, in the very words of iptables-save: what is read is compared with them. */
export const acceptRules = (ports: readonly Port[]): readonly string[] => [
  ...new Set(ports.map((port) => `-A ${chain} -p ${port.protocol} -m ${port.protocol} --dport ${numbers(port, ':')} -j ACCEPT`)),
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
  /** How many of them, from the first on, only lead to chains that turn single addresses away. */
  readonly bans: number;
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
  /** The chain or the verdict that it jumps to. */
  readonly target: string | undefined;
  /** Whether it concerns nobody but certain sources. */
  readonly ofSource: boolean;
  /** Whether it only gives back what came to its chain. */
  readonly returns: boolean;
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
  const of = name === undefined || name.startsWith('-') ? undefined : name;
  const numbered = /^\d+$/.test(number);
  const rest = [...words.slice(0, place), ...behind.slice(numbered ? 2 : 1)];
  const leads = rest.some((word, index) => /^(-j|--jump|-g|--goto)$/.test(word) && rest[index + 1] === chain);
  const jumps = rest.findIndex((word) => /^(-j|--jump)$/.test(word));
  const alone = jumps === 0 && rest.length === 2;
  const isSource = (word: string, index: number): boolean =>
    /^(-s|--source|--src)$/.test(word) || (word === '--match-set' && rest[index + 2] === 'src');
  return {
    command,
    chain: of,
    place: numbered ? Number(number) : 1,
    leads: leads && alone ? 'always' : leads ? 'sometimes' : 'never',
    target: jumps < 0 ? undefined : rest[jumps + 1],
    ofSource: rest.some(isSource) && !rest.includes('!'),
    returns: alone && rest[1] === 'RETURN',
  };
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

/** Whether the rules of a chain do nothing but turn single addresses away, and let everybody else go on. */
const turnsAway = (rules: readonly Rule[] | undefined): boolean =>
  rules?.every(({ command, ofSource, returns }) => command === 'A' && (ofSource || returns)) === true;

/** What a text says of our chain. Whatever is no rule of the filter table does not count. */
export function tableOf(text: string): Table {
  const lines = text.split('\n');
  const { from, to } = tableIn(lines) ?? { from: 0, to: 0 };
  const here = lines.slice(from, to);
  let own: readonly string[] = [];
  let input: readonly Rule[] = [];
  let referenced = false;
  const chains = new Map<string, Rule[]>();
  /** Whether the order of INPUT is known. */
  let sure = true;
  for (const line of here.filter(isRule)) {
    const rule = ruleIn(line);
    // What is for all chains empties them, or deserves no better.
    if (rule.chain === undefined) own = [];
    else chains.set(rule.chain, [...(chains.get(rule.chain) ?? []), rule]);
    if (rule.chain === chain) own = [...own, line.replace(/^\[\d+:\d+\]\s*/, '')];
    else if (ofInput(rule)) {
      input = isFirst(rule) ? [rule, ...input] : [...input, rule];
      sure = isFirst(rule) || (sure && !moves(rule));
    }
    referenced ||= rule.leads !== 'never' && !isOurJump(rule);
  }
  const others = input.filter((rule) => !isOurJump(rule));
  const firstOther = others.findIndex(({ command, target = '' }) => command !== 'A' || !turnsAway(chains.get(target)));
  const jumps = input.length - others.length;
  const at = sure ? input.findIndex(isOurJump) + 1 : 0;
  return {
    ours: here.some(isOurDeclaration) ? { rules: own, at: at === 0 ? null : at } : null,
    jumps,
    others: others.length,
    bans: firstOther < 0 ? others.length : firstOther,
    referenced,
  };
}

/** Whether a table lets in what our rules say, before anything but bans is asked; without rules, whether it has none of ours. */
export function isRight({ ours, jumps, bans }: Table, rules: readonly string[]): boolean {
  if (rules.length === 0) return jumps === 0 && (ours?.rules ?? []).length === 0;
  if (ours === null || ours.at === null || ours.at > bans + 1) return false;
  return ours.rules.length === rules.length && rules.every((rule, index) => ours.rules[index] === rule);
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
  const wanted = rules.length > 0 || found.referenced ? withOurs(theirs, rules, found.bans) : theirs;
  return `${[...lines.slice(0, from), ...wanted, ...lines.slice(to)].join('\n')}\n`;
}

/** The filter table of others, up to its COMMIT, with our lines. */
function withOurs(theirs: readonly string[], rules: readonly string[], bans: number): readonly string[] {
  const firstRule = theirs.findIndex(isRule);
  const declared = theirs.slice(0, firstRule < 0 ? theirs.length : firstRule).findLastIndex(isChain);
  const head = [...theirs.slice(0, Math.max(declared, 0) + 1), declaration];
  const rest = theirs.slice(head.length - 1);
  if (rules.length === 0) return [...head, ...rest];
  // Behind what may move it, it is inserted.
  if (rest.some((line) => isRule(line) && moves(ruleIn(line)))) return [...head, ...rest, ...rules, `-I INPUT ${jump}`];
  const ofOthers = rest.flatMap((line, index) => (isRule(line) && ofInput(ruleIn(line)) ? [index] : []))[bans] ?? -1;
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
