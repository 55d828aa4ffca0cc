import { commands, options } from './args.ts';
import { exitCodes } from './exit-codes.ts';

const table = (rows: readonly (readonly [string, string])[]): string => {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n');
};

/** The text of `--help`, made from the same tables that the program runs by. */
export const helpText = (): string => `Usage: engine-setup [COMMAND] [OPTION]...

Commands:
${table(Object.entries(commands))}

Options:
${table(Object.entries(options).map(([name, option]) => [`--${name}${'value' in option ? `=${option.value}` : ''}`, option.about]))}

Exit codes:
${table(exitCodes.map(({ code, meaning }) => [String(code), meaning]))}
`;
