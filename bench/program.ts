import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const inProgram = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** The program under test. */
export const engineSetup = inProgram('bin/engine-setup');

/** The pinned runtime, started by its own name: the shortest time any program on it can take. */
export const bareNode = [process.execPath, '-e', '0'] as const;

/** Does some work in a new empty directory that is gone afterwards. */
export async function inTemporaryDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'engine-setup-bench-'));
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
