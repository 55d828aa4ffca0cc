import { describe, expect, test } from 'vitest';
import type { Plugin } from '#kit';
import { Unsettled, newAnswers } from '../../../../src/setup/core/answers.ts';
import { useThirdParty } from '../../../support/third-party.ts';

const tests = useThirdParty();
const { load, put } = tests;
const maker = (body: string): string => `export default (kit, steps, known) => (${body});`;

describe('functions of plugins that fail', () => {
  const nothing = {} as never;
  const functions: readonly (readonly [what: string, call: (plugin: Plugin) => unknown])[] = [
    ['applies', (x) => x.applies?.(nothing)],
    ['preflight', (x) => x.preflight?.(nothing, nothing)],
    ['steps', (x) => x.steps?.(nothing)],
    ['health', (x) => x.health?.(nothing)],
    ['summary', (x) => x.summary?.(nothing, nothing)],
    ['probe of the fact x', (x) => x.facts?.[0]?.probe(nothing)],
    ['when of X/y', (x) => x.settings?.[0]?.when?.(nothing)],
    ['initial of X/y', (x) => (x.settings?.[0]?.initial as () => unknown)()],
    ['validate of X/y', (x) => x.settings?.[0]?.validate?.('', nothing, nothing)],
    ['settled of X/y', (x) => void x.settings?.[0]?.settled?.(nothing)],
    ['remarks of X/y', (x) => x.settings?.[0]?.remarks?.(nothing)],
    ['when of the question of X/y', (x) => x.settings?.[0]?.ask?.when?.(nothing)],
  ];
  /** A plugin all of whose functions do this, in its third line. */
  const failing = (how: string): string =>
    put(
      'x.mjs',
      `export default (kit) => {
        const fail = ${how.includes('await') ? 'async ' : ''}() => {
          ${how}
        };
        return { name: 'x', applies: fail, preflight: fail, steps: fail, health: fail, summary: fail, facts: [kit.fact('x', fail)],
          settings: [kit.setting({ key: 'X/y', after: 'OVESETUP_CONFIG/fqdn', section: 'misc', kind: kit.text, about: 'x', when: fail,
            initial: fail, validate: fail, settled: fail, remarks: fail, ask: { name: 'X', text: 'x', when: fail } })] };
      };`,
    );
  const errorOf = async (call: (plugin: Plugin) => unknown): Promise<unknown> => {
    const [x] = (await load()) as [Plugin];
    return (async () => call(x))().then(
      () => undefined,
      (error: unknown) => error,
    );
  };

  test.each(functions)('are named, and are no defect of the program: %s', async (what, call) => {
    const path = failing('throw new TypeError("boom");');
    expect(await errorOf(call)).toMatchObject({
      code: 'refused',
      message: expect.stringMatching(`^The plugin ${path} cannot be used: its function ${what} fails: boom \\(x\\.mjs:\\d+\\)$`),
      cause: expect.any(TypeError),
    });
  });

  test.each(functions.filter(([what]) => /preflight|summary|probe|validate/.test(what)))(
    'are named, too, when it takes a while: %s',
    async (what, call) => {
      failing('await undefined; throw new Error("boom");');
      expect(await errorOf(call)).toMatchObject({ code: 'refused', message: expect.stringContaining(`its function ${what} fails: boom`) });
    },
  );

  test('may fail in words of their own', async () => {
    failing('throw new kit.SetupError("failed", "The moon is full");');
    for (const [, call] of functions) expect(await errorOf(call)).toMatchObject({ code: 'failed', message: 'The moon is full' });
  });

  test('may read what is not settled, which the core waits for', async () => {
    put(
      'x.mjs',
      maker(
        `{ name: 'x', preflight: async (view) => view.get(known('OVESETUP_CONFIG/fqdn')), steps: (view) => view.get(known('OVESETUP_CONFIG/fqdn')) }`,
      ),
    );
    const view = newAnswers(new Map());
    expect(await errorOf((x) => x.preflight?.(view, nothing))).toBeInstanceOf(Unsettled);
    expect(await errorOf((x) => x.steps?.(view))).toBeInstanceOf(Unsettled);
  });
});
