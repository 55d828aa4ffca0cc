import { type ErrorCode, LineCounter, type ParsedNode, type YAMLMap, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import { type Text, message } from '../kit/text.ts';
import { type Flaw, type Place, type Reading, type Statement, flawAt } from './statement.ts';

const tooDeep = 'is nested too deeply for an answer file';

/** What the parser finds, in words for whoever wrote the file. Its own ones repeat what stands there, which may be secret. */
const findings: Readonly<Record<ErrorCode, Text>> = {
  ALIAS_PROPS: 'aliases are not read',
  BAD_ALIAS: 'aliases are not read',
  BAD_COLLECTION_TYPE: 'tags are not read',
  BAD_DIRECTIVE: 'directives are not read',
  BAD_DQ_ESCAPE: 'there is no such escape sequence',
  BAD_INDENT: 'is not indented like the lines it belongs to',
  BAD_PROP_ORDER: 'tags and anchors are not read',
  BAD_SCALAR_START: 'a value that begins like this needs quotes',
  BLOCK_AS_IMPLICIT_KEY: 'several KEY: stand on one line; a value with a colon in it needs quotes',
  BLOCK_IN_FLOW: 'inside of brackets, nothing can be indented as a block',
  DUPLICATE_KEY: 'stands twice',
  IMPOSSIBLE: 'cannot be read as YAML',
  KEY_OVER_1024_CHARS: 'the key is too long',
  MISSING_CHAR: 'a quote, bracket, comma, colon or blank is missing',
  MULTILINE_IMPLICIT_KEY: 'a key stands on a single line, followed by a colon',
  MULTIPLE_ANCHORS: 'anchors are not read',
  MULTIPLE_DOCS: 'the file holds several documents; an answer file is a single one, without --- in it',
  MULTIPLE_TAGS: 'tags are not read',
  NON_STRING_KEY: 'a key is a text; one that looks like a number needs quotes',
  RESOURCE_EXHAUSTION: tooDeep,
  TAB_AS_INDENT: 'tabs do not indent in YAML; use blanks',
  TAG_RESOLVE_FAILED: 'tags are not read',
  UNEXPECTED_TOKEN: 'this is not expected here',
};

/** What the parser says. */
const said = ({ code, message: words }: { readonly code: ErrorCode; readonly message: string }): Text =>
  words.includes('call stack') ? tooDeep : findings[code];

/**
 * Reads answers written as YAML: `OVESETUP_CONFIG/fqdn: engine.example.net`, or the same nested by name space.
 * Every statement has the strength of `[environment:default]`. Tags and aliases are refused: an answer file needs none,
 * and aliases can be used to exhaust memory. Behind the first error of form, nothing is read: it may belong to something else.
 */
export function readYaml(text: string, file: string): Reading {
  const lineCounter = new LineCounter();
  const at = (offset = 0): Place => {
    const { line, col } = lineCounter.linePos(offset);
    // Before the first character is read there are no lines yet.
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  // Keys that stand twice are found below, in one pass.
  const document = parseDocument(text, { lineCounter, uniqueKeys: false, prettyErrors: false });
  const found = [...document.errors, ...document.warnings].map((one) => flawAt(at(one.pos[0]), said(one)));
  // Where the parser gave up, all else that it found follows from that.
  const gaveUp = found.find(({ what }) => what === tooDeep);
  const problems: Flaw[] = gaveUp === undefined ? found : [gaveUp];
  const statements: Statement[] = [];
  const lines = new Map<string, number>();
  const add = (key: string, value: unknown, place: Place): void => {
    const before = lines.get(key);
    if (before === undefined) statements.push({ key, value, strength: 'default', place });
    else problems.push(flawAt(place, message`stands here and in line ${before}`, { key, remedy: 'Keep one of the two.' }));
    lines.set(key, place.line);
  };

  const readable = [...document.errors, ...document.warnings].reduce((least, { pos: [start] }) => Math.min(least, start), Infinity);
  let partial = found.length > 0;
  const walk = (map: YAMLMap.Parsed, prefix: string): void => {
    for (const { key, value } of map.items) {
      if (!isMap(value) && ((value ?? (key as ParsedNode | null))?.range[1] ?? 0) >= readable) return;
      const word: unknown = isScalar(key) ? key.value : undefined;
      const place = at((key as ParsedNode | null)?.range[0]);
      if (typeof word !== 'string' || word === '') {
        problems.push(flawAt(place, 'a key is a text; one that looks like a number needs quotes'));
        continue;
      }
      const full = prefix === '' ? word : `${prefix}/${word}`;
      if (isMap(value)) walk(value, full);
      else if (value === null || isScalar(value)) add(full, value?.value ?? undefined, place);
      else if (!isSeq(value)) {
        problems.push(flawAt(place, 'aliases are not read', { key: full }));
        // It may stand for all that belongs below a name space.
        partial = true;
      } else if (value.items.every((item) => isScalar(item))) add(full, value.toJSON(), place);
      else problems.push(flawAt(place, 'a list holds only plain values', { key: full }));
    }
  };

  const { contents } = document;
  if (isMap(contents) && gaveUp === undefined) walk(contents, '');
  else if (found.length === 0) {
    problems.push(flawAt(at(contents?.range[0]), 'the file is not a list of KEY: value'));
    // An empty file holds no answers for certain.
    partial = contents !== null;
  }
  const flawed = problems.flatMap(({ key }) => (key === undefined ? [] : [{ key, strength: 'default' as const }]));
  return { statements, problems, notes: [], ignored: [], flawed, partial };
}
