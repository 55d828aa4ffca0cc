import { type Catalogue, type Message, type Problem, type Text, column, inEnglish, inWords, message, term } from '#kit';
import { type Examination, isFit, mendingTitle } from '../postgres/examine.ts';
import type { Target } from './checked-databases.ts';

export type Checked = Target & Examination;

const finding = ({ id, level, message: text, remedy }: Problem) => ({
  id,
  level,
  message: inEnglish(text),
  ...(remedy === undefined ? {} : { remedy: inEnglish(remedy) }),
});

/** What `db check --json` prints. The password is no part of it. */
export const databaseDocument = (all: readonly Checked[]) => ({
  fits: all.every(isFit),
  databases: all.map((one) => ({
    kind: one.product,
    host: one.at.host,
    port: one.at.port,
    database: one.at.name,
    user: one.at.user,
    tls: one.at.tls ?? null,
    fits: isFit(one),
    ...(one.condition === undefined ? {} : { server: { version: one.condition.version } }),
    ...(one.condition === undefined || one.failure !== undefined
      ? {}
      : {
          found: {
            encoding: one.condition.encoding,
            collation: one.condition.collation,
            owner: one.condition.owner,
            encrypted: one.condition.encrypted,
            objects: one.condition.objects,
            schema: one.condition.schema ?? null,
          },
        }),
    findings: one.problems.map(finding),
    snippet: one.snippet,
  })),
});

const row = (label: Text, text: string | Message): Text => message`  ${column(label, 10)} ${text}`;

/** What was seen of a database, whatever is to be thought of it. */
function facts({ condition, failure }: Checked): readonly Text[] {
  if (condition === undefined) return [];
  const server = row('server', message`PostgreSQL ${condition.version}`);
  if (failure !== undefined) return [server];
  const { encoding, collation, owner, encrypted, schema, objects } = condition;
  const held = objects === 0 ? term('empty') : message`${objects} tables, views and functions`;
  return [
    server,
    row('encoding', message`${encoding}, collation ${collation}`),
    row('owner', owner),
    row('TLS', term(encrypted ? 'in use' : 'not in use')),
    row('holds', schema === undefined ? held : message`the schema of version ${schema}`),
  ];
}

const levels: Readonly<Record<Problem['level'], Text>> = { error: 'error', doubt: 'doubt', warning: 'warning' };

const problemLines = ({ level, message: text, remedy }: Problem): readonly Text[] => [
  row(levels[level], term(text)),
  ...(remedy === undefined ? [] : [row('', term(remedy))]),
];

function textsOf(one: Checked): readonly Text[] {
  const { product, at, snippet } = one;
  return [
    message`${product}: ${at.user}@${at.host}:${at.port}/${at.name}`,
    ...facts(one),
    ...one.problems.flatMap(problemLines),
    isFit(one) ? '  It fits.' : '  It does not fit.',
    ...(snippet.length === 0 ? [] : ['', mendingTitle, '', ...snippet.map((line) => message`${line}`)]),
  ];
}

/** What `db check` prints for people. The snippet stands at the left, as it is pasted. */
export const databaseText = (all: readonly Checked[], catalogue: Catalogue): string =>
  all
    .map((one) =>
      textsOf(one)
        .map((text) => `${inWords(text, catalogue).trimEnd()}\n`)
        .join(''),
    )
    .join('\n');
