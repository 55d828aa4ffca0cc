import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Plugin, file, textOf } from '#kit';
import { plugins as ours } from '../../../../plugins/index.ts';
import { pluginDirectory, thirdPartyPlugins } from '../../../../src/setup/cli/third-party/load.ts';
import { Unsettled, newAnswers } from '../../../../src/setup/core/answers.ts';
import { prepare, settleAnswers } from '../../../../src/setup/core/run.ts';
import { newMachine } from '../../../../src/setup/host/memory/index.ts';
import { programDirectory } from '../../../../src/setup/paths.ts';
import { failureOf, notingDialog } from '../../../support/fakes.ts';
import { conf, install } from '../../../support/installation.ts';
import { testRun } from '../../../support/run.ts';

const example = join(programDirectory, 'test/fixtures/plugins/motd');
const greeting = '/etc/motd.d/ovirt-engine';

let root = '';
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'plugins-'))));
afterEach(() => rmSync(root, { recursive: true }));

const directory = (): string => join(root, ...pluginDirectory);
const put = (name: string, text: string): string => {
  const path = join(directory(), name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
};
const load = (): Promise<readonly Plugin[]> => thirdPartyPlugins(root, ours);
const namesOf = async (): Promise<readonly string[]> => (await load()).map(({ name }) => name);
/** Messages and remedies of a refusal. */
async function refusal(): Promise<{ readonly text: string; readonly problems: readonly string[]; readonly remedies: readonly unknown[] }> {
  const error = (await failureOf(load())) as { code: string; text: string; problems: { message: string; remedy?: string }[] };
  expect(error.code).toBe('refused');
  return { text: error.text, problems: error.problems.map(({ message }) => message), remedies: error.problems.map(({ remedy }) => remedy) };
}
const maker = (body: string): string => `export default (kit, steps, known) => (${body});`;

describe('the example of the documentation', () => {
  test('is the file that is tested', () => {
    const source = readFileSync(join(example, 'index.ts'), 'utf8');
    const shown = source.replaceAll(`'../../../../src/`, `'/usr/lib/ovirt-engine/current/src/`);
    expect(readFileSync(join(programDirectory, 'docs/plugins.md'), 'utf8')).toContain(`\n\`\`\`ts\n${shown}\`\`\`\n`);
  });

  const answers = {
    'OVESETUP_CONFIG/fqdn': 'str:localhost',
    'OVESETUP_CONFIG/adminPassword': 'str:canary-Wort-77',
    'OVESETUP_DIALOG/confirmSettings': 'bool:True',
  };
  const withExample = async (more: Partial<Parameters<typeof install>[0]> = {}) => {
    cpSync(example, join(directory(), 'motd'), { recursive: true });
    return install({ machine: newMachine(), files: [conf(answers)], plugins: [...ours, ...(await load())], ...more });
  };
  /** Where a line stands; -1 if it does not. */
  const place = (text: string, line: string | RegExp): number => text.search(line);

  test('asks its question, and shows its lines of preview, work and summary at their places', async () => {
    const { outcome, host, screen } = await withExample();
    expect(outcome.failure).toBeUndefined();
    expect(textOf(await host.files.read(greeting))).toBe('Welcome to localhost\nThis host is configured by engine-setup.\n');
    const order = [
      /^ +PKI organization +: /m,
      /^ +Message of the day +: Welcome to localhost$/m,
      /^\[ INFO {2}\] Writing the message of the day$/m,
      /^\[ INFO {2}\] Generating post install configuration file/m,
      /--== SUMMARY ==--/,
      /^ +Users who log in read: Welcome to localhost$/m,
      /--== END OF SUMMARY ==--/,
    ].map((line) => place(screen, line));
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order).not.toContain(-1);
  });

  test('asks behind the setting it names, and refuses what it does not like', async () => {
    cpSync(example, join(directory(), 'motd'), { recursive: true });
    const replies = ['x'.repeat(61), 'Hello'];
    const dialog = notingDialog(({ name, hidden }) => (name === 'MOTD_GREETING' ? replies.shift() : hidden ? 'canary-Wort-77' : ''));
    const run = testRun({ plugins: [...ours, ...(await load())], dialog });
    const preparation = await prepare(run);
    await settleAnswers(run, preparation);
    const sections = [...preparation.answers.all.keys()].map(({ section }) => section);
    expect(sections.slice(sections.indexOf('system') - 1)).toEqual(['apache', 'system', ...sections.filter((one) => one === 'misc')]);
    expect(dialog.asked.filter(({ name }) => name === 'MOTD_GREETING')).toMatchObject([
      { text: 'Message of the day' },
      { text: 'Message of the day' },
    ]);
    expect(dialog.logged).toContainEqual(['error', 'A message of the day has at most 60 characters']);
    expect(dialog.titles).toContain('SYSTEM CONFIGURATION');
  });

  test('doubts a file that is there already, which can be accepted', async () => {
    const occupied = () => {
      const machine = newMachine();
      machine.disk.set(greeting, file('Be careful!\n', 0o644));
      return machine;
    };
    const { outcome, host } = await withExample({ machine: occupied() });
    expect(outcome.failure).toMatchObject({ code: 'refused', problems: [{ id: 'motd-present', level: 'doubt' }] });
    expect(textOf(await host.files.read(greeting))).toBe('Be careful!\n');
    const accepted = await withExample({ machine: occupied(), more: { allowed: new Set(['motd-present']) } });
    expect(accepted.outcome.failure).toBeUndefined();
    expect(textOf(await accepted.host.files.read(greeting))).toContain('Welcome');
  });

  test('is idempotent, and keeps its answer', async () => {
    const machine = newMachine();
    await withExample({ machine, files: [conf({ ...answers, 'MOTD_CONFIG/greeting': 'str:Hello' })] });
    const { screen, host } = await withExample({ machine });
    expect(screen).not.toContain('Writing the message of the day');
    expect(textOf(await host.files.read(greeting))).toContain('Hello');
  });
});

describe('plugins of third parties', () => {
  test('need not be there', async () => {
    expect(await load()).toEqual([]);
    mkdirSync(directory(), { recursive: true });
    expect(await load()).toEqual([]);
  });

  test('are files and folders with an index, in the order of their names', async () => {
    put('c.mjs', maker(`{ name: 'c' }`));
    put('b/index.js', `export { default } from './part.js';`);
    put('b/part.js', maker(`{ name: 'b' }`));
    put('a.ts', `const name: string = 'a';\nexport default (): object => ({ name });`);
    for (const passedOver of ['README.md', '_draft.mjs', '.hidden.mjs', 'a.ts.rpmsave']) put(passedOver, 'throw new Error()');
    expect(await namesOf()).toEqual(['a', 'b', 'c']);
  });

  test('receive the kit, the builders of steps, and every setting that there is', async () => {
    put(
      'a.mjs',
      maker(
        `{ name: 'a', settings: [kit.setting({ key: 'A/b', after: 'OVESETUP_CONFIG/fqdn', section: 'misc', kind: kit.text, about: 'x' })] }`,
      ),
    );
    put(
      'b.mjs',
      maker(
        `{ name: 'b', steps: () => [typeof steps.writeFile, known('OVESETUP_CONFIG/fqdn').key, known('A/b').key].map((id) => ({ id: 'b/' + id, chapter: 'units' })) }`,
      ),
    );
    const [, b] = await load();
    expect(b?.steps?.({} as never).map(({ id }) => id)).toEqual(['b/function', 'b/OVESETUP_CONFIG/fqdn', 'b/A/b']);
  });

  test.each([
    ['export const x = 1;', 'it does not export a function by default'],
    ['export default { name: "x" };', 'it does not export a function by default'],
    ['syntax error', 'cannot be used: '],
    ['import "./none.js";', 'Cannot find'],
    ['throw new Error("boom");', 'boom'],
    ['export default () => { throw new Error("boom"); };', 'boom'],
    [maker('undefined'), 'its function returns no plugin'],
    [maker('Promise.resolve({ name: "x" })'), 'its function returns a promise: it may not be async'],
    [maker('Promise.reject(new Error("boom"))'), 'its function returns a promise: it may not be async'],
    [maker('{}'), 'its name is none'],
    [maker('{ name: "X y" }'), 'its name is none'],
    [maker('{ name: "engine" }'), 'there is another plugin engine'],
    [maker('{ name: "x", setings: [] }'), 'setings is no part of a plugin'],
    [maker('{ name: "x", settings: {} }'), 'settings is no list'],
    [maker('{ name: "x", steps: [] }'), 'steps is no function'],
    [maker('{ name: "x", sections: ["none"] }'), 'there is no section none'],
    [maker('{ name: "x", facts: [{}] }'), 'one of its facts is none'],
    [maker('{ name: "x", facts: [{ id: "sandbox", probe() {} }] }'), 'there is another fact sandbox'],
    [maker('{ name: "x", settings: [{}] }'), 'one of its settings is none: it has no key like NAME_SPACE/name'],
    [maker('{ name: "x", steps: () => [known("A/none")] , settings: [known("A/none")] }'), 'there is no setting A/none'],
  ])('are refused where the file is %s', async (text, why) => {
    const path = put('x.mjs', text);
    const { problems } = await refusal();
    expect(problems).toEqual([expect.stringContaining(`The plugin ${path} cannot be used: `)]);
    expect(problems[0]).toContain(why);
  });

  const good = { key: 'X/y', after: 'OVESETUP_CONFIG/fqdn', section: 'misc', about: 'x' };
  test.each([
    [{ key: 'OVESETUP_CONFIG/fqdn' }, 'there is another setting OVESETUP_CONFIG/fqdn'],
    [{ formerly: ['OVESETUP_CONFIG/fqdn'] }, 'there is another setting OVESETUP_CONFIG/fqdn'],
    [{ ask: { name: 'OVESETUP_NETWORK_FQDN_this', text: 'x' } }, 'X/y: there is another question OVESETUP_NETWORK_FQDN_this'],
    [{ section: 'none' }, 'X/y: there is no section none'],
    [{ after: undefined }, 'X/y does not say after which setting it stands'],
    [{ after: 'A/none' }, 'X/y stands after A/none, which is no setting'],
    [{ about: undefined }, 'X/y does not say what it is about'],
    [{ kind: {} }, 'X/y has no kind'],
  ])('are refused where a setting has %j', async (more, why) => {
    put('x.mjs', maker(`{ name: 'x', settings: [{ kind: kit.text, ...${JSON.stringify({ ...good, ...more })} }] }`));
    const { problems } = await refusal();
    expect(problems).toEqual([expect.stringContaining(why)]);
  });

  test('are refused where two of their settings have one key', async () => {
    const one = `kit.setting({ kind: kit.text, ...${JSON.stringify(good)} })`;
    put('x.mjs', maker(`{ name: 'x', settings: [${one}, ${one}] }`));
    expect((await refusal()).problems).toEqual([expect.stringContaining('there is another setting X/y')]);
  });

  test('are refused where a setting is frozen, so that it cannot be guarded', async () => {
    put('x.mjs', maker(`{ name: 'x', settings: [Object.freeze({ kind: kit.text, ...${JSON.stringify(good)} })] }`));
    expect((await refusal()).problems).toEqual([expect.stringContaining('X/y is frozen')]);
  });

  test('are refused where they wait for what never comes while they are loaded', async () => {
    vi.useFakeTimers();
    const path = put('x.mjs', 'await new Promise(() => {});');
    const refused = refusal();
    await vi.advanceTimersByTimeAsync(10_000);
    vi.useRealTimers();
    expect((await refused).problems).toEqual([
      `The plugin ${path} cannot be used: it was not loaded within 10 seconds: what does it wait for?`,
    ]);
  });

  test('are refused all together, and none is loaded', async () => {
    put('a.mjs', maker(`{ name: 'engine' }`));
    put('b.mjs', maker(`{ name: 'good' }`));
    put('c.mjs', maker(`{ name: 'good' }`));
    const { text, problems } = await refusal();
    expect(text).toBe('Plugins of third parties cannot be used');
    expect(problems.map((message) => message.replace(/^.*cannot be used: /, ''))).toEqual([
      'there is another plugin engine',
      'there is another plugin good',
    ]);
  });

  test('without an index are refused', async () => {
    const path = dirname(put('x/other.mjs', ''));
    expect((await refusal()).text).toBe(`The plugin ${path} has no index: index.ts, index.js, index.mjs`);
  });

  test.each([
    [`{ name: 'x', steps: () => [{ id: 'x/a', chapter: 'none' }] }`, 'its step x/a names the chapter none, which there is not'],
    [`{ name: 'x', steps: () => [undefined] }`, 'one of its steps is none: it has no id'],
    [`{ name: 'x', steps: () => undefined }`, 'its function steps returns no list'],
    [`{ name: 'x', steps: async () => { throw new Error('boom'); } }`, 'its function steps returns no list'],
    [`{ name: 'x', steps: () => [{ id: 'engine/a', chapter: 'units' }] }`, 'the id of its step engine/a does not begin with x/'],
  ])('whose steps do not fit are refused when these are known: %s', async (text, why) => {
    const path = put('x.mjs', maker(text));
    const [x] = await load();
    expect(() => x?.steps?.({} as never)).toThrow(`The plugin ${path} cannot be used: ${why}`);
  });

  test.each([
    [`[{ block: 'none', lines: [] }]`, 'its summary names the block none, which there is not'],
    [`[{ block: 'more' }]`, 'one part of its summary is none: it has no lines'],
    [`[undefined]`, 'one part of its summary is none: it has no lines'],
    [`'more'`, 'its function summary returns no list'],
  ])('whose summary does not fit are refused when it is known: %s', async (summary, why) => {
    put('x.mjs', maker(`{ name: 'x', summary: async () => ${summary} }`));
    const [x] = await load();
    expect(await failureOf(x?.summary?.({} as never, {} as never) ?? Promise.resolve())).toMatchObject({
      code: 'refused',
      text: expect.stringContaining(why),
    });
  });
});

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

describe('plugins that others could have put there', () => {
  const guilty = join(tmpdir(), 'loaded-although-it-may-not');
  const trap = `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(guilty)}, '');`;
  afterEach(() => {
    // Nothing of them may have been run.
    expect(() => readFileSync(guilty)).toThrow('ENOENT');
  });

  test.each([
    ['the file', 'a/index.mjs'],
    ['another file of the folder', 'a/part.mjs'],
    ['the folder', 'a'],
    ['the directory of plugins', '.'],
    ['a directory above it', '../..'],
    ['the root', '../../../..'],
  ])('are not loaded where other users can write to %s', async (_, name) => {
    put('a/index.mjs', trap);
    put('a/part.mjs', '');
    const path = join(directory(), name);
    for (const more of [0o020, 0o002]) {
      chmodSync(path, 0o700 | more);
      expect(await refusal()).toEqual({
        text: `The plugins in ${directory()} cannot be trusted, so none was loaded`,
        problems: [`${path} can be written by other users`],
        remedies: [`Look at what is in it, then: chmod go-w ${path}`],
      });
    }
  });

  test('are not loaded through links', async () => {
    const path = put('a.mjs', trap);
    const link = join(directory(), 'b.mjs');
    symlinkSync(path, link);
    expect((await refusal()).problems).toEqual([`${link} is a link, so it cannot be told who may change what it leads to`]);
  });

  test.runIf(process.getuid?.() === 0)('are not loaded where they belong to other users, all of which are named', async () => {
    const [path, folder] = [put('a.mjs', trap), dirname(put('b/index.mjs', trap))];
    chownSync(path, 1234, 0);
    chownSync(folder, 1234, 0);
    expect((await refusal()).problems).toEqual([`${path} belongs to another user (1234)`, `${folder} belongs to another user (1234)`]);
  });
});
