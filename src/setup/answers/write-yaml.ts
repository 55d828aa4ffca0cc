import { stringify } from 'yaml';

/** What YAML has no form for that a reader would take back, in words that do not repeat it. */
function refuse(value: unknown): void {
  const texts = typeof value === 'string' ? [value] : Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
  if (texts.some((text) => !text.isWellFormed())) throw new Error('a text with damaged characters has no form in an answer file');
}

/**
 * Writes answers as YAML, nested by name space; `readYaml` reads them back to the same answers. Words that older readers of
 * YAML take for yes or no are quoted. Throws for what has no form in such a file.
 */
export function formatYaml(answers: ReadonlyMap<string, unknown>): string {
  const spaces = new Map<string, Map<string, unknown>>();
  const tree = new Map<string, unknown>();
  for (const [key, value] of answers) {
    refuse(value);
    const [, space, name] = /^([^/]+)\/(.+)$/s.exec(key) ?? [];
    // A key that is itself the name of a space stands beside it, so the space is not nested.
    if (space === undefined || name === undefined || answers.has(space)) {
      tree.set(key, value ?? null);
      continue;
    }
    const inside = spaces.get(space) ?? new Map<string, unknown>();
    spaces.set(space, inside.set(name, value ?? null));
    tree.set(space, inside);
  }
  return stringify(tree, { compat: 'yaml-1.1', lineWidth: 0, blockQuote: false });
}
