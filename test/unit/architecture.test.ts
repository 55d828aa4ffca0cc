import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { violations } from '../support/architecture.ts';

const program = new Map(
  globSync('{src,plugins}/**/*.{ts,tsx}')
    .sort()
    .map((path) => [path, readFileSync(path, 'utf8')]),
);

describe('the program', () => {
  // Reading all sources takes a while.
  it('imports only along the lines of the architecture', { timeout: 60_000 }, () => {
    expect(program.size).toBeGreaterThan(0);
    expect(violations(program).join('\n')).toBe('');
  });
});

/** One file that says one line; the rule it breaks, or undefined if it breaks none. */
const cases: readonly (readonly [path: string, line: string, rule: string | undefined])[] = [
  ['src/setup/kit/a.ts', `import { b } from './b.ts';`, undefined],
  ['src/setup/kit/a.ts', `import { b } from '../core/b.ts';`, 'may not import src/setup/core/b.ts; it may import nothing but itself'],
  ['src/setup/kit/a.ts', `import { join } from 'node:path';`, 'may not import builtin modules'],
  ['src/setup/core/a.ts', `import type { Real } from '../host/real.ts';`, 'may not import src/setup/host/real.ts'],
  ['src/setup/core/a.ts', `import { readFile } from 'node:fs/promises';`, 'only the host looks at the machine'],
  ['src/setup/core/a.ts', `const { b } = await import('../ui/b.ts');`, 'may not import src/setup/ui/b.ts'],
  ['src/setup/core/a.ts', `type B = import('../ui/b.ts').B;`, 'may not import src/setup/ui/b.ts'],
  ['src/setup/core/a.ts', `export * from '../answers/b.ts';`, 'may not import src/setup/answers/b.ts'],
  ['src/setup/core/a.ts', `// import { b } from '../ui/b.ts';`, undefined],
  ['src/setup/core/a.ts', `import pg from 'pg';`, 'may not import the package pg; its home is src/setup/host'],
  ['src/setup/core/a.ts', `import chalk from 'chalk';`, 'which has no home yet'],
  ['src/setup/core/a.ts', `export default 1;`, 'default exports are for plugins'],
  ['src/setup/core/a.ts', `export default function a() {}`, 'default exports are for plugins'],
  ['src/setup/core/a.ts', `export { a as default };`, 'default exports are for plugins'],
  ['src/setup/ui/a.ts', `import type { Plan } from '../core/plan.ts';`, undefined],
  ['src/setup/ui/a.ts', `import { type Plan } from '../core/plan.ts';`, undefined],
  ['src/setup/ui/a.ts', `import { arrange } from '../core/plan.ts';`, 'only for its types'],
  ['src/setup/supervisor/a.ts', `import { parse } from '../host/unit-file.ts';`, undefined],
  ['src/setup/supervisor/a.ts', `import { real } from '../host/real.ts';`, 'may not import src/setup/host/real.ts'],
  ['src/setup/render/a.ts', `import Handlebars from 'handlebars';`, undefined],
  ['src/setup/steps/a.ts', `import forge from 'node-forge';`, 'its home is src/setup/pki'],
  ['src/setup/cli/main.ts', `const { run } = await import('./commands/plan.ts');`, undefined],
  ['src/setup/cli/main.ts', `import { run } from './commands/plan.ts';`, 'commands are loaded by import()'],
  ['plugins/dwh/index.ts', `import { fqdn } from '../network/settings.ts';`, undefined],
  ['plugins/dwh/index.ts', `import { scale } from './scale.ts';\nexport default plugin({});`, undefined],
  ['plugins/dwh/index.ts', `import { isIPv4 } from 'node:net';`, undefined],
  ['plugins/dwh/index.ts', `import { connect } from 'node:net';`, 'only the host looks at the machine'],
  ['plugins/dwh/index.ts', `import network from '../network/index.ts';`, 'may not import plugins/network/index.ts'],
  ['plugins/dwh/index.ts', `import { setting } from '../../src/setup/kit/setting.ts';`, 'may not import src/setup/kit/setting.ts'],
  ['plugins/dwh/index.ts', `import { plan } from '../../src/setup/core/plan.ts';`, 'may not import src/setup/core/plan.ts'],
  ['src/services/dwh/a.ts', `import { log } from '../frame/log.ts';`, undefined],
  ['src/services/dwh/a.ts', `import { model } from '../engine/model.ts';`, 'may not import src/services/engine/model.ts'],
  ['src/services/dwh/a.ts', `import { text } from '../../setup/kit/kinds.ts';`, 'may not import src/setup/kit/kinds.ts'],
  ['src/services/dwh/a.ts', `import { text } from '#kit';`, 'may not import #kit'],
  ['src/helpers/a.ts', `export const a = 1;`, 'has no rule yet'],
];

describe('the table of imports', () => {
  it.each(cases)('in %s judges %s', (path, line, rule) => {
    const found = violations(new Map([[path, line]])).join('\n');
    if (rule === undefined) expect(found).toBe('');
    else expect(found).toContain(rule);
  });

  it('names the file and the line', () => {
    const text = `\n\nimport { b } from '../core/b.ts';`;
    expect(violations(new Map([['src/setup/kit/a.ts', text]]))[0]).toMatch(/^src\/setup\/kit\/a\.ts:3 {2}/);
  });

  it('notices imports in a circle', () => {
    const files = new Map([
      ['src/setup/kit/a.ts', `import './b.ts';`],
      ['src/setup/kit/b.ts', `import './c.ts';`],
      ['src/setup/kit/c.ts', `import './index.ts';`],
      ['src/setup/kit/index.ts', `import './b.ts';`],
    ]);
    const circle = ['b.ts', 'c.ts', 'index.ts', 'b.ts'].map((name) => `src/setup/kit/${name}`).join(' -> ');
    expect(violations(files)).toEqual([`src/setup/kit/b.ts:1  imports in a circle: ${circle}`]);
  });
});
