import { type Event, severities, type SeverityName } from './event.ts';

/** Somebody who is told: a mail address, or a profile of SNMP managers. */
export interface Recipient {
  readonly transport: string;
  readonly address: string;
}

/** One rule. Null stands for anything. */
export interface Rule {
  readonly include: boolean;
  readonly event: string | null;
  readonly severity: number | null;
  readonly recipient: Recipient | null;
}

/** A filter that cannot be read; the message tells from where on. */
export class FilterError extends Error {
  constructor(rest: string) {
    super(`cannot be read from here on: ${JSON.stringify(rest.slice(0, 40))}`);
    this.name = 'FilterError';
  }
}

const pattern = new RegExp(
  [
    String.raw`\s*(?<verb>include|exclude)`,
    String.raw`:(?<event>\*|\w+)`,
    String.raw`(?::(?<severity>\*|${Object.keys(severities).join('|')})(?!\w))?`,
    String.raw`(?:\((?:\*|(?<transport>\w+):(?<address>[^)]*))\))?\s*`,
  ].join(''),
  'y',
);

/**
 * Reads a filter in the language of the original's `FILTER`: rules such as `include:VDC_STOP(smtp:a@example.com)` or
 * `exclude:*:WARNING`, one behind the other. Throws FilterError.
 */
export function parseFilter(text: string): readonly Rule[] {
  const rules: Rule[] = [];
  const end = text.trimEnd().length;
  for (let at = 0; at < end;) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match?.groups === undefined) throw new FilterError(text.slice(at));
    const { verb, event = '*', severity = '*', transport, address } = match.groups;
    rules.push({
      include: verb === 'include',
      event: event === '*' ? null : event,
      severity: severity === '*' ? null : severities[severity as SeverityName],
      recipient: transport === undefined ? null : { transport, address: (address ?? '').trim() },
    });
    at = pattern.lastIndex;
  }
  return rules;
}

/** Everybody whom a filter names, each once. */
export function recipientsOf(rules: readonly Rule[]): readonly Recipient[] {
  const found = new Map<string, Recipient>();
  for (const { recipient } of rules) if (recipient !== null) found.set(keyOf(recipient), recipient);
  return [...found.values()];
}

/** Whoever is to be told of an event: for each recipient the first rule that fits decides, and none means no. */
export function audience(rules: readonly Rule[], event: Pick<Event, 'name' | 'severity'>): readonly Recipient[] {
  return recipientsOf(rules).filter((recipient) => rules.find((rule) => fits(rule, event, recipient))?.include === true);
}

function fits(rule: Rule, event: Pick<Event, 'name' | 'severity'>, recipient: Recipient): boolean {
  if (rule.event !== null && rule.event !== event.name) return false;
  if (rule.recipient !== null && keyOf(rule.recipient) !== keyOf(recipient)) return false;
  if (rule.severity === null) return true;
  return rule.include ? event.severity >= rule.severity : event.severity <= rule.severity;
}

/** One text for each recipient. */
export const keyOf = ({ transport, address }: Recipient): string => `${transport}:${address}`;
