import { join } from 'node:path';
import ts from 'typescript';

/*
 * Finds all screen texts of the program: the keys of a translation. A text is either a message`...` or a plain string that
 * stands where a Text is expected, by itself or under a name (the compiler knows which strings do), or the word of a choice.
 */

const root = join(import.meta.dirname, '..');

/** Whether a type is the union that kit/text.ts calls Text, or holds it. An argument of a message may be a number: its strings are data. */
const expectsText = (type: ts.Type | undefined): boolean =>
  type?.isUnion() === true &&
  type.types.some((member) => member.getSymbol()?.name === 'Message') &&
  type.types.some((member) => (member.flags & ts.TypeFlags.String) !== 0) &&
  !type.types.some((member) => (member.flags & ts.TypeFlags.Number) !== 0);

/** Whether a name stands here for a value that is handed on: most names do not, and asking for types takes long. */
function isHandedOn(node: ts.Node): node is ts.Identifier | ts.PropertyAccessExpression {
  if (!ts.isIdentifier(node) && !ts.isPropertyAccessExpression(node)) return false;
  const { parent } = node;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  if (ts.isCallExpression(parent)) return parent.expression !== node;
  return ts.isShorthandPropertyAssignment(parent) || ts.isConditionalExpression(parent) || ts.isReturnStatement(parent);
}

/** What is found in the sources. */
export interface Found {
  /** All texts, sorted: sentences with `{0}` for their first argument. */
  readonly texts: readonly string[];
  /** Where a plain string with data in it stands for a text: no catalogue can know it. */
  readonly untranslatable: readonly string[];
}

/** Reads all sources for texts. */
export function findTexts(): Found {
  const configuration = ts.getParsedCommandLineOfConfigFile(
    join(root, 'tsconfig.json'),
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined },
  );
  const program = ts.createProgram(configuration?.fileNames ?? [], configuration?.options ?? {});
  const checker = program.getTypeChecker();
  const found = new Set<string>();
  const untranslatable: string[] = [];
  const note = (text: string): void => {
    if (text !== '') found.add(text);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isTaggedTemplateExpression(node) && ts.isIdentifier(node.tag) && node.tag.text === 'message') {
      const { template } = node;
      if (ts.isNoSubstitutionTemplateLiteral(template)) found.add(template.text);
      else found.add(template.templateSpans.reduce((text, { literal }, index) => `${text}{${index}}${literal.text}`, template.head.text));
    } else if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) {
      const isName = ts.isPropertyAssignment(node.parent) && node.parent.name === node;
      if (!isName && expectsText(checker.getContextualType(node))) note(node.text);
    } else if (isHandedOn(node) && expectsText(checker.getContextualType(node))) {
      const type = checker.getTypeAtLocation(node);
      if (type.isStringLiteral()) note(type.value);
    } else if (ts.isTemplateExpression(node) && expectsText(checker.getContextualType(node))) {
      const source = node.getSourceFile();
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      untranslatable.push(`${source.fileName.slice(root.length + 1)}:${line + 1}`);
    }
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && ['decision', 'choice'].includes(node.expression.text))
      for (const word of node.arguments) if (ts.isStringLiteral(word)) found.add(word.text);
    ts.forEachChild(node, visit);
  };
  for (const file of program.getSourceFiles()) {
    const path = file.fileName.slice(root.length + 1);
    if (path.startsWith('src/setup/') || path.startsWith('plugins/')) visit(file);
  }
  return { texts: [...found].sort(), untranslatable };
}

// As a program: a translation with nothing in it yet, on standard output.
if (process.argv[1] === import.meta.filename)
  process.stdout.write(`${JSON.stringify(Object.fromEntries(findTexts().texts.map((text) => [text, ''])), null, 2)}\n`);
