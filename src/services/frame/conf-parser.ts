/** A value together with the place that set it, for messages that lead to the right line. */
export interface Assignment {
  readonly value: string;
  readonly place: string;
}

/** One or more things wrong with the configuration. Never holds a value, since any of them may be a secret. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

// Values may refer to each other, so a few short lines could otherwise double themselves into gigabytes.
const longestValue = 65_536;

/**
 * Reads one file of the `KEY=VALUE` dialect that oVirt's `*.conf` files use: `"` toggles quoting, a backslash makes the
 * next character literal, `${NAME}` inserts what was read so far, a blank or `#` outside quotes ends the value.
 *
 * Adds what it understands to `values` (later assignments win) and returns the problems, each as `file:line: text`.
 */
export function parseConf(text: string, file: string, values: Map<string, Assignment>): string[] {
  const problems: string[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const place = `${file}:${index + 1}`;
    const match = /^\s*(\w+)=(.*)$/su.exec(line);
    if (match === null) {
      problems.push(`${place}: expected KEY=VALUE without blanks around the equals sign`);
      continue;
    }
    const [, key = '', raw = ''] = match;
    try {
      values.set(key, { value: expand(raw, (name) => values.get(name)?.value ?? ''), place });
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      problems.push(`${place}: ${key}: ${error.message}`);
    }
  }
  return problems;
}

function expand(raw: string, lookUp: (name: string) => string): string {
  let value = '';
  let quoted = false;
  for (let at = 0; at < raw.length; at++) {
    const character = raw.charAt(at);
    if (character === '\0') throw new SyntaxError('a NUL character is not allowed');
    if (character === '\\') {
      at++;
      if (at === raw.length) throw new SyntaxError('nothing follows the last backslash');
      value += raw.charAt(at);
    } else if (character === '"') {
      quoted = !quoted;
    } else if (character === '$') {
      const reference = /^\$\{(\w+)\}/.exec(raw.slice(at));
      if (reference === null) throw new SyntaxError('write \\$ for a dollar sign, or ${NAME} for the value of NAME');
      value += lookUp(reference[1] ?? '');
      at += reference[0].length - 1;
    } else if (!quoted && /[ \t\r\f\v#]/.test(character)) {
      break;
    } else {
      value += character;
    }
    if (value.length > longestValue) throw new SyntaxError(`longer than ${longestValue} characters`);
  }
  if (quoted) throw new SyntaxError('a quote is not closed');
  return value;
}
