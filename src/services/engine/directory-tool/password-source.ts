import { readFile } from 'node:fs/promises';
import { misuse, Problem } from '../tool.ts';

export interface Sources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Asks at the keyboard, without showing what is typed. */
  readonly ask: (prompt: string) => Promise<string>;
  /** Whether somebody sits there who may mistype. */
  readonly atTerminal: boolean;
}

/** Throws a Problem for `pass:`, because everybody on a host can read the arguments of programs. */
export function refuseExposed(from: string | undefined): void {
  if (from?.startsWith('pass:') !== true) return;
  throw misuse(
    'A password does not belong on the command line, where everybody on this host can read it. Use interactive:, env:NAME or file:PATH.',
  );
}

/**
 * Gets a password from where `--password` says: `interactive:`, `env:NAME`, `file:PATH` (its first line), or `none:`, for which
 * it returns null. Throws a Problem for anything else.
 */
export async function readPassword(from: string, sources: Sources): Promise<string | null> {
  const [, type, rest = ''] = /^(\w+):([^]*)$/.exec(from) ?? [];
  refuseExposed(from);
  if (type === 'none' && rest === '') return null;
  if (type === 'interactive' && rest === '') return ask(sources);
  if (type === 'env' && /^\w+$/.test(rest)) {
    const value = sources.environment[rest];
    if (value === undefined) throw new Problem(`The environment has no ${rest}.`);
    return value;
  }
  if (type === 'file' && rest !== '') return firstLine(await readText(rest));
  throw misuse('--password is one of interactive:, env:NAME, file:PATH and none:.');
}

async function ask({ ask, atTerminal }: Sources): Promise<string> {
  const first = await ask('Password: ');
  if (atTerminal && (await ask('Reenter password: ')) !== first) throw new Problem('The passwords are not the same.');
  return first;
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new Problem(`${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'}).`);
  }
}

const firstLine = (text: string): string => text.split(/\r?\n/, 1)[0] ?? '';
