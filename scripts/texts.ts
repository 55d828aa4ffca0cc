import { join } from 'node:path';
import ts from 'typescript';

/*
 * Finds all screen texts of the program: the keys of a translation. A text is either a message`...` or a plain string that
 * stands where a Text is expected (the compiler knows which strings do), or the word of a choice.
 */

const root = join(import.meta.dirname, '..');

/** Whether a type is the union that kit/text.ts calls Text, or holds it. */
const expectsText = (type: ts.Type | undefined): boolean =>
  type?.isUnion() === true && type.types.some((member) => member.getSymbol()?.name === 'Message');

/** All texts, sorted: sentences with `{0}` for their first argument. */
export function screenTexts(): readonly string[] {
  const configuration = ts.getParsedCommandLineOfConfigFile(
    join(root, 'tsconfig.json'),
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined },
  );
  const program = ts.createProgram(configuration?.fileNames ?? [], configuration?.options ?? {});
  const checker = program.getTypeChecker();
  const found = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isTaggedTemplateExpression(node) && ts.isIdentifier(node.tag) && node.tag.text === 'message') {
      const { template } = node;
      if (ts.isNoSubstitutionTemplateLiteral(template)) found.add(template.text);
      else found.add(template.templateSpans.reduce((text, { literal }, index) => `${text}{${index}}${literal.text}`, template.head.text));
    } else if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) {
      if (node.text !== '' && expectsText(checker.getContextualType(node))) found.add(node.text);
    }
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && ['decision', 'choice'].includes(node.expression.text))
      for (const word of node.arguments) if (ts.isStringLiteral(word)) found.add(word.text);
    ts.forEachChild(node, visit);
  };
  for (const file of program.getSourceFiles()) {
    const path = file.fileName.slice(root.length + 1);
    if (path.startsWith('src/setup/') || path.startsWith('plugins/')) visit(file);
  }
  return [...found].sort();
}

// As a program: a translation with nothing in it yet, on standard output.
if (process.argv[1] === import.meta.filename)
  process.stdout.write(`${JSON.stringify(Object.fromEntries(screenTexts().map((text) => [text, ''])), null, 2)}\n`);
