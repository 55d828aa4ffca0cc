import { type Remark, type Setting, type Step, type Text, type View, fact, message, setting, term, yesNo } from '#kit';
import { type Unchecked, type Violation, consistent, unchecked, violations } from '#steps';
import { administration, engineDatabase } from '../database/settings.ts';
import { engineHere, installed, unit } from './settings.ts';
import { stops } from './stops.ts';
import { isOld, isUpgrade, lookInside, schemas } from './upgrade.ts';

/* Migrations rely on rows that fit together. After a restore that bypassed triggers they may not. */

interface Consistency {
  /** False: the database could not be asked. A server that does not run yet, after a power cut, is asked when the step has its turn. */
  readonly known: boolean;
  readonly violations: readonly Violation[];
  readonly unchecked: readonly Unchecked[];
}

const names = Object.keys(schemas);
const sound: Consistency = { known: true, violations: [], unchecked: [] };

/** What does not fit in the database that is to be upgraded. */
export const consistency = fact('engine-consistency', (host) =>
  lookInside(host, { ...sound, known: false }, async (sql) =>
    (await isOld(sql)) ? { ...sound, violations: await violations(sql, names), unchecked: await unchecked(sql, names) } : sound,
  ),
);

const violated = ({ key: { name, schema, table, parentSchema, parentTable }, rows }: Violation): Text =>
  message`${schema}.${table}: rows that refer to nothing in ${parentSchema}.${parentTable}: ${rows} (${name})`;

const neverChecked = ({ name, schema, table }: Unchecked): Text =>
  message`${schema}.${table}: nobody has compared the rows with the constraint ${name} (NOT VALID)`;

const warnings = (view: View): readonly Text[] => {
  const found = view.fact(consistency);
  return [...found.violations.map(violated), ...found.unchecked.map(neverChecked)];
};

const someViolate = (view: View): boolean => isUpgrade(view) && view.fact(consistency).violations.length > 0;

const remedy: Text = 'Mend the rows by hand, or let Setup remove them: give OVESETUP_DB/fixDbViolations=bool:True in an answer file.';

export const fixViolations: Setting<boolean> = setting({
  key: 'OVESETUP_DB/fixDbViolations',
  section: 'misc',
  kind: yesNo,
  about:
    'Removes rows of the Engine database that refer to rows which are not there, before its schema is upgraded. They come from a restore that bypassed the constraints.',
  ask: {
    name: 'OVESETUP_FIX_DB_VALIDATIONS',
    text: 'Fix automatically?',
    choices: () => [],
    when: someViolate,
    notes: [
      'The Engine database cannot be upgraded with rows that refer to nothing.',
      'Setup can remove them, together with what belongs to them. A copy of the database is kept until the upgrade has succeeded.',
    ],
  },
  remarks: (view): readonly Remark[] =>
    isUpgrade(view)
      ? [
          { level: 'info', text: 'Checking the Engine database consistency' },
          ...warnings(view).map((text): Remark => ({ level: 'warning', text })),
        ]
      : [],
  remember: false,
  when: (view) => someViolate(view) || (engineHere(view) && view.fact(installed) && !view.fact(consistency).known),
  initial: false,
  validate: (value, view) =>
    value || !someViolate(view) ? undefined : { ends: message`Rows of the Engine database violate its constraints. ${term(remedy)}` },
});

/** The step that mends the rows. Without consent it stands guard. */
export const mended = (view: View, where: Pick<Step, 'needs' | 'inside'>): Step =>
  consistent(
    {
      id: 'engine/consistency',
      chapter: 'engine.schema',
      title: 'Fixing Engine database inconsistencies',
      ...where,
      // Nobody may be connected while the database is copied.
      stops: stops(view),
      notify: [unit],
    },
    {
      at: engineDatabase(view),
      admin: administration(view),
      schemas: names,
      concerns: isOld,
      agreed: view.find(fixViolations) === true,
      remedy,
    },
  );
