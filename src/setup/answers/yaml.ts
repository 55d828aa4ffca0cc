import { LineCounter, type ParsedNode, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import { type Problem } from '#kit';
import { type Reading, type Statement, problemAt } from './statement.ts';

/**
 * Reads answers written as YAML: `OVESETUP_CONFIG/fqdn: engine.example.net`, or the same nested by name space.
 * Every statement has the strength of `[environment:default]`. Aliases are refused: an answer file needs none, and they can be used to exhaust memory.
 */
export function readYaml(text: string, name: string): Reading {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, uniqueKeys: true });
  const at = (offset: number | undefined): string => `${name}:${offset === undefined ? 1 : counter.linePos(offset).line}`;
  const problems: Problem[] = document.errors.map((error) =>
    problemAt(at(error.pos[0]), error.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? ''),
  );
  const statements: Statement[] = [];
  const seen = new Map<string, string>();
  const add = (key: string, value: unknown, where: string): void => {
    const before = seen.get(key);
    if (before === undefined) statements.push({ key, value, strength: 'default', where });
    else problems.push(problemAt(where, `${key} stands here and in line ${before.split(':').at(-1) ?? ''}`, 'Keep one of the two.'));
    seen.set(key, where);
  };

  const walk = (node: ParsedNode | null, prefix: string): void => {
    if (!isMap(node)) {
      problems.push(problemAt(at(node?.range[0]), `${prefix === '' ? 'the file' : prefix} is not a list of KEY: value`));
      return;
    }
    for (const { key, value } of node.items) {
      const word: unknown = isScalar(key) ? key.value : undefined;
      const where = at((key as ParsedNode | null)?.range[0]);
      if (typeof word !== 'string' || word === '') {
        problems.push(problemAt(where, 'a key is a text'));
        continue;
      }
      const full = prefix === '' ? word : `${prefix}/${word}`;
      const child = value;
      if (isMap(child)) walk(child, full);
      else if (child === null || isScalar(child)) add(full, child?.value ?? undefined, where);
      else if (!isSeq(child)) problems.push(problemAt(where, `${full}: aliases are not read`));
      else if (child.items.every((item) => isScalar(item))) add(full, child.toJSON(), where);
      else problems.push(problemAt(where, `${full}: a list holds only plain values`));
    }
  };

  if (problems.length === 0) walk(document.contents, '');
  return { statements, problems };
}
