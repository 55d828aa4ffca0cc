import { createInterface } from 'node:readline';
import type { SerialConsole } from '../engine-door.ts';

/** A text of somebody else as a terminal may be given it. */
export const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');

/** The consoles with numbers, as `NN NAME[UUID]`. */
export const menuLines = (consoles: readonly SerialConsole[]): readonly string[] => {
  const width = Math.max(2, String(consoles.length).length);
  return consoles.map(({ vmName, vmId }, at) => `${String(at + 1).padStart(width, '0')} ${printable(vmName)}[${vmId}]`);
};

export interface MenuTerminal {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

/** Lets the user choose by number, until one fits; null for `exit`, and for a terminal that has gone. */
export async function choose(consoles: readonly SerialConsole[], { input, output }: MenuTerminal): Promise<SerialConsole | null> {
  const say = (line: string): void => void output.write(line);
  say(`${menuLines(consoles).join('\r\n')}\r\n\r\nTo leave a console, press Enter, ~ and . one after the other.\r\n`);
  // The terminal itself shows and edits the line; what comes behind it is for the console.
  const lines = createInterface({ input, terminal: false });
  try {
    say('SELECT> ');
    for await (const line of lines) {
      const answer = line.trim();
      if (answer === 'exit') return null;
      const chosen = /^\d{1,9}$/.test(answer) ? consoles[Number(answer) - 1] : undefined;
      if (chosen !== undefined) return chosen;
      say(`Choose a number from 1 to ${consoles.length}, or exit.\r\nSELECT> `);
    }
    return null;
  } finally {
    lines.close();
    input.pause();
  }
}
