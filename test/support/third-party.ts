import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import type { Plugin } from '#kit';
import { plugins as ours } from '../../plugins/index.ts';
import { pluginDirectory, thirdPartyPlugins } from '../../src/setup/cli/third-party/load.ts';
import { failureOf } from './fakes.ts';

/** A root with plugins of third parties, for each test of the file. */
export interface ThirdPartyTests {
  readonly root: string;
  /** Where the plugins lie. */
  readonly directory: string;
  /** Writes a file of one, and returns its path. */
  put(name: string, text: string): string;
  /** All plugins, as the program loads them. */
  load(): Promise<readonly Plugin[]>;
  /** Messages and remedies of a refusal. */
  refusal(): Promise<{ readonly text: string; readonly problems: readonly string[]; readonly remedies: readonly unknown[] }>;
}

export function useThirdParty(): ThirdPartyTests {
  let root = '';
  beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'plugins-'))));
  afterEach(() => rmSync(root, { recursive: true }));

  const tests: ThirdPartyTests = {
    get root() {
      return root;
    },
    get directory() {
      return join(root, ...pluginDirectory);
    },
    put(name, text) {
      const path = join(tests.directory, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      return path;
    },
    load: () => thirdPartyPlugins(root, ours),
    async refusal() {
      const error = (await failureOf(tests.load())) as { code: string; text: string; problems: { message: string; remedy?: string }[] };
      expect(error.code).toBe('refused');
      return {
        text: error.text,
        problems: error.problems.map(({ message }) => message),
        remedies: error.problems.map(({ remedy }) => remedy),
      };
    },
  };
  return tests;
}
