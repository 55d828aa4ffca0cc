import { type Entry, textOf } from '../../kit/host.ts';

/*
 * The tables of iptables, as far as setup works with them: the filter table, in which rules are appended, inserted, deleted, and flushed.
 * Debian's package iptables-persistent puts those of its files in force when the machine starts.
 */

/** The unit of the package, what makes it load rules of iptables, and what it loads, by the program that does. */
export const persistent = {
  unit: 'netfilter-persistent',
  loader: '/usr/share/netfilter-persistent/plugins.d/15-ip4tables',
  saved: { iptables: '/etc/iptables/rules.v4', ip6tables: '/etc/iptables/rules.v6' },
} as const;

type Chains = Map<string, { readonly policy: string; readonly rules: string[] }>;
/** Why a line is not understood; undefined: it is done. */
type Flaw = string | undefined;

const builtin = (): Chains => new Map(['INPUT', 'FORWARD', 'OUTPUT'].map((name) => [name, { policy: 'ACCEPT', rules: [] }]));

function rule(chains: Chains, line: string): Flaw {
  const [command = '', name = '', ...rest] = line.split(' ');
  const place = /^\d+$/.test(rest[0] ?? '') ? Number(rest.shift()) : 1;
  const text = rest.join(' ');
  const rules = chains.get(name)?.rules;
  if (rules === undefined) return `Chain '${name}' does not exist`;
  if (rest.includes('--broken')) return 'unknown option "--broken"';
  const goesTo = rest[rest.findIndex((word) => word === '-j' || word === '-g') + 1] ?? '';
  switch (command) {
    case '-A':
    case '-I':
      if (!/^(ACCEPT|DROP|REJECT|RETURN|LOG)$/.test(goesTo) && !chains.has(goesTo)) return `Chain '${goesTo}' does not exist`;
      if (place > rules.length + 1) return 'Index of insertion too big';
      rules.splice(command === '-A' ? rules.length : place - 1, 0, text);
      return undefined;
    case '-D': {
      const at = rules.indexOf(text);
      if (at < 0) return 'Bad rule (does a matching rule exist in that chain?)';
      rules.splice(at, 1);
      return undefined;
    }
    case '-F':
      rules.length = 0;
      return undefined;
    case '-X':
      if ([...chains.values()].some((other) => other.rules.some((one) => new RegExp(`-[jg] ${name}$`).test(one))))
        return `CHAIN_DEL failed (Device or resource busy): chain ${name}`;
      chains.delete(name);
      return undefined;
    default:
      return `Bad argument '${command}'`;
  }
}

/** A table that nobody has put anything into. */
export const emptyTable = (): string => textOfTable(builtin());

/**
 * A table with lines put into it; or why they cannot be.
 * @param keeps whether what was there stays
 */
export function restored(input: string, before: string, keeps: boolean): { readonly text: string } | { readonly flaw: string } {
  let chains = builtin();
  if (keeps) restoreLines(before.split('\n'), chains, () => undefined);
  const flaw = restoreLines(input.split('\n'), chains, () => {
    if (!keeps) chains = builtin();
    return chains;
  });
  if (flaw !== undefined) return { flaw };
  return { text: textOfTable(chains) };
}

function restoreLines(lines: readonly string[], first: Chains, begin: () => Chains | undefined): Flaw {
  let chains = first;
  let table: string | undefined;
  for (const [index, whole] of lines.entries()) {
    const line = whole.replace(/^\[\d+:\d+\] /, '');
    let flaw: Flaw;
    if (line === '' || line.startsWith('#')) continue;
    if (line.startsWith('*')) {
      table = line.slice(1);
      if (!['filter', 'nat', 'mangle', 'raw'].includes(table)) flaw = `table name '${table}' invalid`;
      else if (table === 'filter') chains = begin() ?? chains;
    } else if (table === undefined) flaw = `line ${index + 1} failed`;
    else if (line === 'COMMIT') table = undefined;
    else if (table !== 'filter') continue;
    else if (line.startsWith(':')) {
      const [name = '', policy = ''] = line.slice(1).split(' ');
      chains.set(name, { policy, rules: policy === '-' ? [] : (chains.get(name)?.rules ?? []) });
    } else flaw = rule(chains, line);
    if (flaw !== undefined) return `${flaw}\nError occurred at line: ${index + 1}`;
  }
  return table === undefined ? undefined : `COMMIT expected at line ${lines.length}`;
}

function textOfTable(chains: Chains): string {
  const own = [...chains.keys()].filter((name) => !builtin().has(name)).sort();
  const names = [...builtin().keys(), ...own];
  const declarations = names.map((name) => `:${name} ${chains.get(name)?.policy ?? '-'} [0:0]`);
  const rules = names.flatMap((name) => (chains.get(name)?.rules ?? []).map((text) => `-A ${name} ${text}`));
  return `${['*filter', ...declarations, ...rules, 'COMMIT'].join('\n')}\n`;
}

/** The tables of a machine that starts with this disk. */
export function tablesAtStart(disk: ReadonlyMap<string, Entry>): Map<string, string> {
  if (!disk.has(`/etc/systemd/system/multi-user.target.wants/${persistent.unit}.service`)) return new Map();
  return new Map(
    Object.entries(persistent.saved).flatMap(([program, path]) => {
      const table = restored(textOf(disk.get(path)), '', false);
      return 'text' in table ? [[program, table.text]] : [];
    }),
  );
}
