import { type Heading, type Host, type HostReader, SetupError, type Step, type View, message, nothing } from '#kit';
import { editFile, retired, succeed, unitAsBefore } from '#steps';
import type { AddressFamily } from './iptables-layouts.ts';
import { type Ours, type Table, isRight, tableOf, transaction, withRules } from './iptables-rules.ts';
import { savedRules, wantedRules } from './iptables-saved.ts';
import { managers } from './managers.ts';

/** Others may be changing the tables at the moment; iptables waits that long for them. */
const wait = '--wait=10';

/** The filter table in force. */
async function inForce(host: HostReader, { program }: AddressFamily): Promise<Table> {
  const { code, stdout, stderr } = await host.query({ argv: [`${program}-save`, '-t', 'filter'] });
  if (code !== 0) throw new SetupError('failed', message`${program}-save does not say which rules are in force: ${stderr.trim()}`);
  return tableOf(stdout);
}

/** Brings what is in force of ours to what is wanted of a table, and leaves the rest alone. */
async function bring(host: Host, family: AddressFamily, wantedOf: (table: Table) => Ours | null): Promise<void> {
  const table = await inForce(host, family);
  const wanted = wantedOf(table);
  if (wanted === null && table.ours === null) return;
  await succeed(host, { argv: [`${family.program}-restore`, '--noflush', wait], input: transaction(table, wanted) });
}

/** Our rules are in force. Undo brings back what was ours before, and nothing else: rules that others have put there stay. */
const opened = (heading: Heading, family: AddressFamily, rules: readonly string[]): Step => ({
  ...heading,
  // As a note of its own: none of ours is something to go back to as well.
  prepare: async (host) => ({ ours: (await inForce(host, family)).ours as { rules: string[]; at: number | null } | null }),
  undo: { run: (host, kept) => bring(host, family, () => (kept as unknown as { ours: Ours | null }).ours) },
  check: async (host) =>
    isRight(await inForce(host, family), rules) ? nothing : { kind: 'run', note: message`${family.program}: ${rules.length} rules` },
  apply: (host) => bring(host, family, ({ bans }) => (rules.length === 0 ? null : { rules, at: bans + 1 })),
});

/** A unit that puts the saved rules in force when the host starts. It is not started now: that would take away rules in force of others. */
const enabled = (heading: Heading, unit: string): Step => ({
  ...heading,
  ...unitAsBefore(unit),
  check: async (host) => ((await host.services.isEnabled(unit)) ? nothing : { kind: 'run', note: message`${unit} is not enabled` }),
  apply: (host) => host.services.enable(unit, true),
});

const heading = (id: string, title: Heading['title']): Heading => ({ id: `firewall/${id}`, chapter: 'firewall.open', title, quiet: true });

/**
 * Our rules in iptables. What is in force comes before what is saved, so that its undo comes last: after a power cut the host may have
 * started with what was saved.
 */
export function iptablesSteps(view: View): readonly Step[] {
  const [families, rules] = [view.fact(savedRules), wantedRules(view)];
  const units = [...new Set(families.map(({ unit }) => unit))];
  const beside = view.fact(managers).some(({ name, masked }) => name === 'firewalld' && masked !== true);
  return [
    // Both would start with the host, and one of them would not let in what the other does.
    ...(beside ? [retired(heading('firewalld-retired', 'Retiring firewalld'), 'firewalld')] : []),
    ...units.map((unit) => enabled(heading(`iptables-unit-${unit}`, message`Enabling ${unit}`), unit)),
    ...families.map((family) =>
      opened(heading(`iptables-${family.name.toLowerCase()}`, message`Opening ports in iptables (${family.name})`), family, rules),
    ),
    ...families.map(({ name, saved, mode }) =>
      editFile(heading(`iptables-saved-${name.toLowerCase()}`, message`Saving the rules of iptables (${name})`), {
        path: saved,
        edit: (text) => withRules(text, rules),
        mode,
      }),
    ),
  ];
}
