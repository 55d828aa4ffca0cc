import type { Mask } from './mask.ts';

export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** One line of JSON per event. Fields are data: they are escaped, masked, and cannot replace time, level or message. */
export interface Log {
  info(message: string, fields?: LogFields): void;
  warning(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export interface LogOptions {
  /** Takes one complete line, newline included. */
  readonly write: (line: string) => void;
  readonly now: () => Date;
  readonly mask: Mask;
}

/** Makes the log of a service. */
export function createLog({ write, now, mask }: LogOptions): Log {
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}): void => {
      const event: Record<string, unknown> = { time: now().toISOString(), level, message: mask.apply(message) };
      for (const [name, value] of Object.entries(fields)) {
        if (!Object.hasOwn(event, name)) event[name] = typeof value === 'string' ? mask.apply(value) : value;
      }
      write(`${escapeInvisible(JSON.stringify(event))}\n`);
    };
  return { info: at('info'), warning: at('warning'), error: at('error') };
}

/** What is worth logging about anything that was thrown. */
export function errorFields(error: unknown): { error: string; stack?: string } {
  if (!(error instanceof Error)) return { error: String(error) };
  // Connecting to a name with several addresses fails with one error for each, and no text of its own.
  const parts: unknown[] = error instanceof AggregateError ? error.errors : [];
  const message = [error.message, ...parts.map((part) => errorFields(part).error)].filter((text) => text !== '').join(', ');
  return { error: message, ...(error.stack === undefined ? {} : { stack: error.stack }) };
}

/**
 * JSON leaves some characters as they are that terminals and viewers take for a new line, a command or a change of
 * direction: C1 controls, DEL, line separators and bidirectional marks.
 */
function escapeInvisible(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
