import { chmodSync, chownSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { failureOf } from '../../../support/fakes.ts';
import { useThirdParty } from '../../../support/third-party.ts';

const tests = useThirdParty();
const { load, put, refusal } = tests;
const namesOf = async (): Promise<readonly string[]> => (await load()).map(({ name }) => name);
const maker = (body: string): string => `export default (kit, steps, known) => (${body});`;

describe('plugins of third parties', () => {
  test('need not be there', async () => {
    expect(await load()).toEqual([]);
    mkdirSync(tests.directory, { recursive: true });
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
    const path = join(tests.directory, name);
    for (const more of [0o020, 0o002]) {
      chmodSync(path, 0o700 | more);
      expect(await refusal()).toEqual({
        text: `The plugins in ${tests.directory} cannot be trusted, so none was loaded`,
        problems: [`${path} can be written by other users`],
        remedies: [`Look at what is in it, then: chmod go-w ${path}`],
      });
    }
  });

  test('are not loaded through links', async () => {
    const path = put('a.mjs', trap);
    const link = join(tests.directory, 'b.mjs');
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
