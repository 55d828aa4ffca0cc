import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** The tests must run on the very runtime the product ships. */
const { optionalDependencies } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as {
  optionalDependencies: Record<string, string>;
};
const pinned = optionalDependencies[`node-linux-${process.arch}`];
if (process.versions.node !== pinned) {
  throw new Error(`tests need the pinned Node ${pinned ?? `(none for ${process.arch})`}, not ${process.versions.node}: use npm test`);
}

/** A project has the name of its folder below test. */
const project = (name: string, test: object = {}) => ({ test: { name, include: [`test/${name}/**/*.test.ts`], ...test } });

export default defineConfig({
  test: {
    // What a test prints is evidence only when it fails.
    silent: 'passed-only',
    projects: [
      project('unit'),
      // Nothing but computing: on every core, which are often two. What a file has loaded, the next one on its core finds warm.
      project('contract', { testTimeout: 120_000, isolate: false, maxWorkers: '100%', sequence: { groupOrder: 3 } }),
      project('golden', { isolate: false, maxWorkers: '100%', sequence: { groupOrder: 3 } }),
      // Programs on terminals of their own, which take a moment to appear.
      project('terminal', { testTimeout: 120_000, sequence: { groupOrder: 2 } }),
      // Real databases and services, which mostly wait for one another: two files at a time, after the quick projects, and with time to start things.
      project('sandbox', { maxWorkers: 2, testTimeout: 120_000, hookTimeout: 180_000, sequence: { groupOrder: 1 } }),
      // Whole machines, booted from an image that is made the first time: two at a time, since installing waits more than it works.
      project('host', { maxWorkers: 2, testTimeout: 300_000, hookTimeout: 900_000, sequence: { groupOrder: 4 } }),
    ],
  },
});
