import { type Kind, type Plugin, inEnglish, sections } from '#kit';
import { type Inert, inertKeys, inertQuestions, waivable } from '../src/setup/answers/known.ts';
import { questionsWithoutSetting } from '../src/setup/answers/meaning.ts';
import type { AnySetting } from '../src/setup/core/answers.ts';

const introduction = `# Answers

<!-- Generated from the declarations by npm run docs. Do not edit. -->

Every question of setup can be answered beforehand: in files named with \`--config-append=FILE\` (the last one wins), or one by one
with \`--set=KEY=VALUE\`. What a file comes to is told by \`engine-setup answers explain FILE\`; nothing is changed by asking.

## Forms

A classic file holds sections with typed values. \`bool\` takes True, False, yes, no, 1 or 0 in any case; the texts of a \`multi-str\`
stand on lines of their own, indented by a blank. \`#\` and \`;\` begin comments, \`%\` stands for itself.

\`\`\`ini
[environment:default]
OVESETUP_CONFIG/fqdn=str:engine.example.net
OVESETUP_CONFIG/updateFirewall=bool:True
OVESETUP_DB/port=int:5432
\`\`\`

A file whose name ends in \`.yaml\` or \`.yml\` holds the same with plain values, under whole keys or nested by name space. Editors that
know JSON Schema find its form in [answers.schema.json](answers.schema.json).

\`\`\`yaml
OVESETUP_CONFIG:
  fqdn: engine.example.net
  updateFirewall: true
OVESETUP_DB/port: 5432
\`\`\`

A file that setup writes says at its top how many answers it holds: \`# answers: 13\`. It may be edited all the same: where fewer are there,
setup warns, and refuses the file only if its last line is unfinished, too, since it was cut off then.

Sections with other titles are not read; setup warns of them, since a title may be misspelt.

One form is turned into the other with \`engine-setup answers convert FILE --output=FILE\`. Passwords stay in it, comments do not.

## Who wins

From the strongest to the weakest: \`[environment:enforce]\`, \`[environment:override]\`, \`[environment:init]\`, the command line,
\`[environment:default]\` and YAML, and what earlier runs kept on the host. Among equals the last one wins. \`none:None\`, or nothing behind a
key in YAML, counts as not given, and takes back what weaker places and earlier files say. A key that stands twice in one section with different values is refused; a key that nobody knows is told and has no effect.

## Replies to questions

\`QUESTION/<n>/<name>\` replies to the n-th asking of a question, and is read like a typed reply: choices in any case, and empty for the
default. A key that answers the same setting comes first. A password that is asked twice takes the replies 1 and 2; a secret
stands in quotes in YAML, since a number would change on its way. These questions belong
to no setting below:
`;

/** A list of items as Markdown. */
const bullets = (items: readonly (string | undefined)[]): string =>
  items
    .filter((item) => item !== undefined)
    .map((item) => `- ${item}\n`)
    .join('');

const code = (text: string): string => `\`${text}\``;

/** The type that a value has in a classic file, and the words that are asked for. */
function typeOf({ name, choices = [], parse }: Kind<unknown>): string {
  const words = choices
    .map(code)
    .join(', ')
    .replace(/, ([^,]+)$/, ' or $1');
  if (choices.length > 0 && parse(choices[0]) === true) return `${code('bool')} (${words})`;
  const stored = choices.map((choice) => String(parse(choice))).filter((name, at) => name !== choices[at]?.toLowerCase());
  if (choices.length > 0) return `${code('str')}: ${words}${stored.length === 0 ? '' : `, also by name: ${stored.map(code).join(', ')}`}`;
  if (name.startsWith('integer ')) return `${code('int')} from ${name.slice('integer '.length).replace('..', ' to ')}`;
  return code(name.startsWith('list') ? 'multi-str' : 'str');
}

function defaultOf({ initial, kind, secret }: AnySetting): string {
  if (initial === undefined) return 'none: it has to be given where it matters';
  if (typeof initial === 'function') return secret === true ? 'made up, or taken over' : 'found out from the host and the answers above';
  const shown = kind.format(initial);
  return shown === '' ? 'empty' : code(shown);
}

/** One setting with all that its declaration says. */
const entry = ({ setting, plugin }: { readonly setting: AnySetting; readonly plugin: string }): string => {
  const { key, about, ask, kind, when, settled, secret, formerly = [] } = setting;
  const asked = ask === undefined ? 'never' : `${code(ask.name)}, “${inEnglish(ask.text)}”${ask.confirm === undefined ? '' : ', twice'}`;
  return `### ${key}

${inEnglish(about)}

${bullets([
  `Value: ${typeOf(kind)}`,
  `Default: ${defaultOf(setting)}`,
  `Asked: ${asked}`,
  when === undefined ? undefined : 'Has an effect only where it matters, with the answers above and on this host',
  settled === undefined ? undefined : 'What is on the host already stays, whatever the answer',
  secret === true ? 'Secret: never shown, and not taken from the command line itself; use `--set-file`' : undefined,
  formerly.length === 0 ? undefined : `Former keys: ${formerly.map(code).join(', ')}`,
  `Component: ${plugin}`,
])}`;
};

const inertTable = (rows: readonly Inert[]): string =>
  bullets(rows.map(({ keys, reason }) => `${keys.map(code).join(', ')}: ${inEnglish(reason)}`));

/**
 * The reference of all settings as a page in Markdown.
 * @param settings in the order of the outline
 */
export function answersPage(settings: readonly AnySetting[], plugins: readonly Plugin[]): string {
  const pluginOf = (setting: AnySetting): string => plugins.find((plugin) => plugin.settings?.includes(setting) === true)?.name ?? 'core';
  const chapters = sections.flatMap(({ id, title }) => {
    const here = settings.filter(({ section }) => section === id);
    return here.length === 0 ? [] : [`## ${title}`, ...here.map((setting) => entry({ setting, plugin: pluginOf(setting) }))];
  });
  const named = [...questionsWithoutSetting].filter(([name]) => !waivable.includes(name));
  const questions = [
    ...named.map(([name, { choices = [] }]) => `${code(name)}: ${choices.map(code).join(' or ')}`),
    `a doubt about the host, by the name of its check, with ${code('Yes')} or ${code('No')}: ${waivable.map(code).join(', ')} (also ${code('OVESETUP_MEMCHECK_ENABLED')})`,
  ];
  return [
    `${introduction}\n${bullets(questions)}`,
    ...chapters,
    '## KEYS WITHOUT EFFECT',
    'Answer files of earlier products hold these. They are known, have no effect here, and do no harm.',
    inertTable(inertKeys),
    'The same goes for the replies to these questions:',
    inertTable(inertQuestions),
  ].join('\n\n');
}
