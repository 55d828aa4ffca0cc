import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { TestEngine } from './engine.ts';

const program = fileURLToPath(new URL('../../src/services/engine/directory-tool/main.ts', import.meta.url));
/** As the program itself is started: it is read and stripped of its types only once. */
const cache = fileURLToPath(new URL('../../node_modules/.cache/compile', import.meta.url));

export interface ToolRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ToolInput {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the tool for the directory of an engine. */
export async function runTool(engine: TestEngine, args: readonly string[], { input = '', env = {} }: ToolInput = {}): Promise<ToolRun> {
  const config = join(engine.folder, 'engine.conf');
  const {
    exitCode = -1,
    stdout,
    stderr,
  } = await execa(process.execPath, [program, `--db-config=${config}`, ...args], {
    input,
    env: { NODE_COMPILE_CACHE: cache, ...env },
    reject: false,
  });
  return { code: exitCode, stdout, stderr };
}
