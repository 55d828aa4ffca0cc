import { VerbFailure } from '../verbs.ts';

/** Application codes of VDSM that tell what went wrong with storage (services of the engine map them to texts of their own). */
export const codes = {
  volume: 200,
  'volume missing': 201,
  'volume not created': 205,
  'volume exists': 212,
  'volume size': 229,
  image: 250,
  'image missing': 268,
  pool: 300,
  'master missing': 304,
  'pool unknown': 309,
  'pool not connected': 313,
  'pool exists': 316,
  'master is of ISO files': 317,
  'master is for backups': 319,
  'wrong master': 324,
  'higher master version': 326,
  domain: 350,
  'domain not created': 351,
  'domain not attached': 354,
  'domain not detached': 356,
  'domain missing': 358,
  'domain not mounted': 360,
  'domain exists': 365,
  'domain type': 372,
  'domain access': 379,
  'domain attached': 380,
  'domain is the master': 383,
  'domain permissions': 385,
  'description too long': 387,
  'domain path': 390,
  'domain version': 394,
  'no space': 397,
  task: 400,
  'task unknown': 401,
  'task unfinished': 403,
  'task aborted': 411,
  'connection invalid': 453,
  'connection not accessible': 469,
  mount: 477,
  'ticket not put': 481,
  'ticket not removed': 482,
  'ticket not extended': 483,
  'ticket unknown': 484,
  'SPM start': 650,
  lease: 651,
  'SPM stop': 653,
  'not SPM': 654,
  'host id': 661,
  parameter: 1000,
} as const;

/** Makes the failure that a client is told. The text says what, where and what to do. */
export const failure = (what: keyof typeof codes, text: string, cause?: unknown): VerbFailure => new VerbFailure(codes[what], text, cause);

/** The name that the operating system has for an error, `ENOENT` for instance; empty where it has none. */
export const errorCode = (error: unknown): string => (error as NodeJS.ErrnoException | null)?.code ?? '';

/** Whether there is no room left for something. */
const isFull = (error: unknown): boolean => ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(errorCode(error));

/** What is told of an error while a domain is worked on: one of ours as it is, a full disk as such, anything else as `what`. */
export function failureOf(error: unknown, what: keyof typeof codes, text: string): VerbFailure {
  if (error instanceof VerbFailure) return error;
  if (isFull(error)) return failure('no space', `${text}: there is no room left on the storage. Free some, or extend it.`, error);
  return failure(what, `${text}: ${error instanceof Error ? error.message : String(error)}`, error);
}
