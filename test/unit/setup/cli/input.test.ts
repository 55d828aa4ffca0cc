import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { file } from '#kit';
import { readArguments } from '../../../../src/setup/cli/args.ts';
import { readInput } from '../../../../src/setup/cli/input.ts';
import { runSources } from '../../../../src/setup/cli/run-sources.ts';
import { pluginDirectory } from '../../../../src/setup/cli/third-party/load.ts';
import { memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { programDirectory } from '../../../../src/setup/paths.ts';
import { english, failureOf } from '../../../support/fakes.ts';

let root = '';
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'input-'))));
afterEach(() => rmSync(root, { recursive: true }));

const { signal } = new AbortController();
const input = (...argv: readonly string[]) => readInput(readArguments(argv), { root, signal });
const conf = (name: string, ...lines: readonly string[]): string => {
  const path = join(root, name);
  writeFileSync(path, ['[environment:default]', ...lines, ''].join('\n'), { mode: 0o600 });
  return path;
};

describe('the input of a run', () => {
  test('warns of options that have no effect, and of files with secrets that others can read', async () => {
    const path = conf('a.conf', 'OVESETUP_CONFIG/adminPassword=str:canary');
    chmodSync(path, 0o644);
    const { warnings } = await input('--jboss-home=/j', `--config-append=${path}`);
    expect(english(warnings)).toEqual([
      `${path} holds secrets, and other users can read it. Change that: chmod 600 ${path}`,
      '--jboss-home has no effect: the engine needs no JBoss',
    ]);
  });

  test('holds files that cannot be read, with the reason, for whoever judges the answers', async () => {
    const { files } = await input(`--config-append=${join(root, 'none')}`);
    expect(english(files)).toMatchObject([{ path: join(root, 'none'), unread: { message: expect.stringContaining('it is not there') } }]);
  });

  test('accepts only doubts that there are; with plugins of third parties it cannot know, and warns', async () => {
    expect((await input('--allow=disk-space,OVESETUP_CONFIG_WEAK_ENGINE_PASSWORD')).warnings).toEqual([]);
    expect(await failureOf(input('--allow=lowmemory,foo'))).toMatchObject({
      code: 'usage',
      problems: [
        { message: '--allow=lowmemory names no doubt that is known; did you mean low-memory?' },
        { message: '--allow=foo names no doubt that is known' },
      ],
      remedy: expect.stringMatching(/^Known are authority-lost, disk-space, shared-memory, low-memory, OVESETUP_/),
    });
    const directory = join(root, ...pluginDirectory);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'x.mjs'), `export default () => ({ name: 'x' });`);
    expect(english((await input('--allow=foo')).warnings)).toEqual(['--allow=foo names no doubt that is known']);
  });

  test('knows every doubt that a setting of ours can raise', async () => {
    const pluginsDirectory = join(programDirectory, 'plugins');
    const sources = readdirSync(pluginsDirectory, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('settings.ts'));
    const ids = sources.flatMap((path) =>
      [...readFileSync(join(pluginsDirectory, path), 'utf8').matchAll(/\bid: '(OVESETUP_\w+)'/g)].flatMap(([, id]) => id ?? []),
    );
    expect(ids.length).toBeGreaterThan(1);
    expect((await input(`--allow=${ids.join(',')}`)).warnings).toEqual([]);
  });

  test('knows the secrets of third parties, too', async () => {
    const directory = join(root, ...pluginDirectory);
    mkdirSync(directory, { recursive: true });
    writeFileSync(
      join(directory, 'x.mjs'),
      `export default ({ setting, text }) => ({ name: 'x', settings: [setting({ key: 'X/word', formerly: ['X/old'], after: 'OVESETUP_CONFIG/fqdn',
        section: 'misc', kind: text, about: 'x', secret: true, ask: { name: 'X_WORD', text: 'x' } })] });`,
    );
    for (const key of ['X/word', 'X/old', 'QUESTION/1/X_WORD', 'QUESTION/2/X_WORD'])
      expect(await failureOf(input(`--set=${key}=canary`))).toMatchObject({ code: 'usage' });
    expect((await input('--set=QUESTION/1/OTHER=x')).answers).toHaveLength(1);
  });
});

describe('the answers of a run', () => {
  const machine = newMachine();
  machine.disk.set(
    '/etc/ovirt-engine-setup.conf.d/20-post.conf',
    file('[environment:default]\nOVESETUP_PKI/organization=str:Kept\nA/b=str:x\n', 0o600),
  );
  const sourcesOf = async (...argv: readonly string[]) =>
    runSources(await input(...argv), { host: memoryHost(machine), withoutKept: argv.some((word) => word.startsWith('--config=')) });

  test('are those of the installation, unless this run is given others', async () => {
    const key = 'OVESETUP_PKI/organization';
    const path = conf('a.conf', `${key}=str:Given`);
    expect((await sourcesOf()).sources.find(key)).toMatchObject({ raw: 'Kept', origin: { kind: 'kept' } });
    expect((await sourcesOf(`--config-append=${path}`)).sources.find(key)).toMatchObject({ raw: 'Given', origin: { kind: 'given' } });
    expect((await sourcesOf(`--config-append=${path}`, `--set=${key}=Said`)).sources.find(key)).toMatchObject({
      raw: 'Said',
      origin: { kind: 'given', where: '--set' },
    });
    expect((await sourcesOf(`--otopi-environment=${key}=none:None`)).sources.find(key)).toBeUndefined();
  });

  test('are named by their files, in the order they count', async () => {
    const path = conf('a.conf', 'OVESETUP_PKI/organization=str:Given');
    expect((await sourcesOf(`--config-append=${path}`)).files).toEqual(['/etc/ovirt-engine-setup.conf.d/20-post.conf', path]);
  });

  test('come from the named configuration alone with --config', async () => {
    const path = conf('a.conf', 'OVESETUP_PKI/country=str:DE');
    const { sources, files } = await sourcesOf(`--config=${path}`);
    expect(files).toEqual([path]);
    expect(sources.find('OVESETUP_PKI/organization')).toBeUndefined();
    expect(sources.find('OVESETUP_PKI/country')).toMatchObject({ raw: 'DE', origin: { kind: 'given' } });
  });

  test('that mean an option of this program are told so, if they are given for this run', async () => {
    const path = conf('a.conf', 'DIALOG/autoAcceptDefault=bool:True', 'OVEHOSTED_CORE/x=str:y');
    const { warnings } = await sourcesOf(`--config-append=${path}`);
    expect(english(warnings)).toEqual([
      `${path}:2: DIALOG/autoAcceptDefault has no effect. Say --accept-defaults on the command line.`,
      expect.stringContaining('20-post.conf:3: A/b is not known and has no effect'),
    ]);
  });

  test('that cannot be read in the installation itself name its file', async () => {
    const broken = newMachine();
    broken.disk.set('/etc/ovirt-engine-setup.conf', file('junk', 0o600));
    const { sources } = await runSources(await input(), { host: memoryHost(broken), withoutKept: false });
    expect(english(sources.flaws?.problems)).toMatchObject([{ message: expect.stringContaining('/etc/ovirt-engine-setup.conf:1') }]);
  });
});
