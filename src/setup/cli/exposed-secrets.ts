import { type Text, message } from '#kit';
import { readAnswers } from '../answers/sources.ts';
import type { NamedFile } from './answer-files.ts';

/** Warnings of the files that hold secrets and can be read by others. */
export async function exposedSecrets(files: readonly NamedFile[], isSecret: (key: string) => boolean): Promise<readonly Text[]> {
  const open = files.filter(({ mode = 0 }) => (mode & 0o044) !== 0);
  const warnings: Text[] = [];
  for (const file of open) {
    const { statements } = await readAnswers(file);
    if (statements.some(({ key, value }) => value !== undefined && isSecret(key)))
      warnings.push(message`${file.path} holds secrets, and other users can read it. Change that: chmod 600 ${file.path}`);
  }
  return warnings;
}
