import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pluginDirectory } from '../../../../src/setup/cli/third-party/load.ts';
import { programDirectory } from '../../../../src/setup/paths.ts';

const answers = join(programDirectory, 'answers/sandbox.yaml');

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'plugins-'));
  mkdirSync(join(root, ...pluginDirectory, 'part'), { recursive: true, mode: 0o755 });
});
afterEach(() => rmSync(root, { recursive: true }));

function put(name: string, text: string): string {
  const path = join(root, ...pluginDirectory, name);
  writeFileSync(path, text);
  return path;
}

/** Runs the program, and ends it by force if it does not end: then there is no exit code. */
function run(...args: readonly string[]) {
  const main = join(programDirectory, 'src/setup/cli/main.ts');
  return spawnSync(process.execPath, [main, ...args, `--root=${root}`], { encoding: 'utf8', input: '', timeout: 60_000 });
}

describe('the program with plugins of third parties', () => {
  test('takes them into the plan of a first installation, and ends although they have left a timer', () => {
    rmSync(join(root, ...pluginDirectory, 'part'), { recursive: true });
    put(
      'late.mjs',
      `setInterval(() => undefined, 1000);
       export default (kit, steps) => ({ name: 'late',
         steps: () => [steps.writeFile({ id: 'late/file', chapter: 'units', title: 'Being late' }, { path: '/etc/late', content: 'x' })] });`,
    );
    const { status, stdout, stderr } = run('plan', `--config-append=${answers}`);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('late/file');
  });

  test.each([
    ['part/index.mjs', 'export default () => {\n  const x = = 1;\n};\n', `Unexpected token '=' (index.mjs:2)`],
    ['part/index.ts', 'export default (): object => {\n  return {};\n}}\n', '(index.ts:3)'],
    ['part/index.ts', 'export default () => {\n  enum X { y }\n};\n', 'TypeScript enum is not supported in strip-only mode (index.ts:2)'],
    ['part/index.mjs', '\nimport { nothing } from "node:fs";\n', '(index.mjs:2)'],
    ['part/index.mjs', '\n\nthrow new Error("boom");\n', 'boom (index.mjs:3)'],
  ])('says in which line of %s the mistake is: %j', (name, text, why) => {
    const path = put(name, text);
    const { status, stderr } = run('plan');
    expect(status).toBe(4);
    expect(stderr).toContain(`The plugin ${path} cannot be used: `);
    expect(stderr).toContain(`${why}\n`);
  });
});
