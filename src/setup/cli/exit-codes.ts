import type { ErrorCode } from '../kit/errors.ts';
import type { Text } from '../kit/text.ts';

/** Exit codes are part of the interface: scripts depend on them. Printed by `--help`, and kept by a test. */
export const exitCodes = [
  { code: 0, meaning: 'done' },
  { code: 1, meaning: 'failed, and everything was rolled back' },
  { code: 2, meaning: 'the command line cannot be understood' },
  { code: 3, meaning: 'stopped by a second signal, or the rollback is incomplete: run again' },
  { code: 4, meaning: 'refused before any change: answers, preflight, unsupported host; db check: the database does not fit' },
  { code: 5, meaning: 'cancelled by the user before the confirmation' },
  { code: 6, meaning: 'installed, but a health check failed' },
  { code: 7, meaning: 'another run is active' },
] as const satisfies readonly { readonly code: number; readonly meaning: Text }[];
export type ExitCode = (typeof exitCodes)[number]['code'];

const byError: Readonly<Record<ErrorCode, ExitCode>> = {
  usage: 2,
  refused: 4,
  cancelled: 5,
  busy: 7,
  failed: 1,
  interrupted: 1,
};

/** The exit code for an expected error. */
export const exitCodeOf = (code: ErrorCode): ExitCode => byError[code];
