import { type Problem, type Text, inWords, message, term } from '#kit';
import { type Outlook, planOnly } from '../../core/plan-only.ts';
import { planText } from '../../core/preview.ts';
import { catalogueFor } from '../../ui/catalogue.ts';
import { visible } from '../../ui/visible.ts';
import type { Arguments } from '../args.ts';
import { compose } from '../compose.ts';
import type { ExitCode } from '../exit-codes.ts';
import { readInput } from '../input.ts';
import { print, tell } from '../output.ts';
import { placeOf } from '../place.ts';
import { planDocument } from '../plan-document.ts';
import { listenToSignals } from '../signals.ts';

const levels: Readonly<Record<Problem['level'], Text>> = { error: 'error', doubt: 'doubt', warning: 'warning' };

/** What a run would be refused for, or would ask about, below the plan itself. */
const findingsText = ({ findings }: Outlook): readonly Text[] =>
  findings.length === 0
    ? []
    : [
        'The checks of this host found:',
        ...findings.flatMap(({ id, level, message: found, remedy }) => [
          message`  ${term(levels[level])} ${id}: ${term(found)}`,
          ...(remedy === undefined ? [] : [message`    ${term(remedy)}`]),
        ]),
      ];

/** What `engine-setup plan` shows to people: the plan, and what the checks found. */
export const outlookText = (outlook: Outlook): readonly Text[] => [...planText(outlook.plan, outlook.owed), ...findingsText(outlook)];

/** `engine-setup plan`: what a run would do. Asks nothing, writes nothing. */
export async function plan(args: Arguments, version: string): Promise<ExitCode> {
  const { root, host } = placeOf(args.root);
  const signals = listenToSignals(() => process.exit(5));
  const input = await readInput(args, { root, signal: signals.signal });
  // What is not done needs no confirmation.
  const { run } = await compose({ ...args, yes: true }, input, { version, host, root, signals, dialog: undefined });
  const { catalogue } = catalogueFor(process.env);
  // Files and databases of others are quoted; their tabs may stay.
  const shown = (text: Text): string => run.masked(inWords(text, catalogue)).split('\t').map(visible).join('\t');
  // Standard output holds the plan alone.
  const warn = (warnings: readonly Text[]): void => warnings.forEach((warning) => tell(`engine-setup: ${shown(warning)}\n`));
  warn(run.warnings);
  const outlook = await planOnly(run);
  warn(outlook.warnings);
  if (args.json) {
    // Value by value: a password could look like a part of the document.
    const masked = (_key: string, value: unknown): unknown => (typeof value === 'string' ? run.masked(value) : value);
    print(`${JSON.stringify(planDocument(outlook), masked, 2)}\n`);
  } else print(`${outlookText(outlook).map(shown).join('\n')}\n`);
  return 0;
}
