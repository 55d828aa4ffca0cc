import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { file } from '#kit';
import { formatConf } from '../../../../src/setup/answers/conf.ts';
import { readAnswers } from '../../../../src/setup/answers/sources.ts';
import { keepInput, namedFiles, writePrivately } from '../../../../src/setup/cli/answer-files.ts';
import { readArguments } from '../../../../src/setup/cli/args.ts';
import { exposedSecrets } from '../../../../src/setup/cli/exposed-secrets.ts';
import { keptFiles } from '../../../../src/setup/cli/kept-files.ts';
import { answerSaver } from '../../../../src/setup/cli/save-answers.ts';
import { memoryHost, newMachine } from '../../../../src/setup/host/memory/index.ts';
import { english, failureOf } from '../../../support/fakes.ts';

let directory = '';
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'files-'))));
afterEach(() => rmSync(directory, { recursive: true }));
const at = (name: string): string => join(directory, name);
const put = (...names: readonly string[]): void => names.forEach((name) => writeFileSync(at(name), name));

const { signal } = new AbortController();
const named = (...argv: readonly string[]) => namedFiles(readArguments(argv), signal);
const pathsOf = async (...argv: readonly string[]): Promise<readonly string[]> =>
  (await named(...argv)).map(({ path }) => path.slice(directory.length + 1));

describe('answer files that the command line names', () => {
  test('count in the order of the command line, and are given for this run', async () => {
    put('z.conf', 'a.yaml');
    chmodSync(at('z.conf'), 0o604);
    expect(await named(`--config-append=${at('z.conf')}`, `--config-append=${at('a.yaml')}`)).toMatchObject([
      { path: at('z.conf'), text: 'z.conf', kept: false, mode: 0o604 },
      { path: at('a.yaml'), text: 'a.yaml', kept: false },
    ]);
  });

  test('with --config bring their directory, and stand before those that are appended', async () => {
    mkdirSync(at('main.conf.d'));
    put('x.conf', 'main.conf', 'main.conf.d/20-b.conf', 'main.conf.d/10-a.conf', 'main.conf.d/15.conf.rpmsave');
    expect(await pathsOf(`--config-append=${at('x.conf')}`, `--config=${at('main.conf')}`)).toEqual([
      'main.conf',
      'main.conf.d/10-a.conf',
      'main.conf.d/20-b.conf',
      'x.conf',
    ]);
  });

  test('may be missing with --config as long as their directory is there', async () => {
    mkdirSync(at('main.conf.d'));
    put('main.conf.d/10-a.conf');
    expect(await pathsOf(`--config=${at('main.conf')}`)).toEqual(['main.conf.d/10-a.conf']);
    expect(await failureOf(named(`--config=${at('other.conf')}`))).toMatchObject({
      code: 'refused',
      text: `The answer file ${at('other.conf')} cannot be read: it is not there`,
    });
  });

  test('with --config are refused by name where their directory cannot be listed', async () => {
    // A link in a circle can be listed by nobody, not even by root.
    symlinkSync('circle.conf.d', at('circle.conf.d'));
    expect(await failureOf(named(`--config=${at('circle.conf')}`))).toMatchObject({
      code: 'refused',
      text: `The answer file ${at('circle.conf')} cannot be read: its links lead in a circle`,
    });
  });

  test('can be pipes, as the shell makes them for the output of a command', async () => {
    const program = `
      import { namedFiles } from ${JSON.stringify(new URL('../../../../src/setup/cli/answer-files.ts', import.meta.url).href)};
      const files = await namedFiles({ config: [], configAppend: process.argv.slice(1) }, new AbortController().signal);
      process.stdout.write(JSON.stringify(files.map(({ text, mode }) => [text, mode ?? null])));`;
    const shell = `exec "$0" --disable-warning=ExperimentalWarning --input-type=module --eval "$1" -- <(echo one; sleep 0.1; echo two) <(true)`;
    expect(JSON.parse(execFileSync('bash', ['-c', shell, process.execPath, program], { encoding: 'utf8' }))).toEqual([
      ['one\ntwo\n', null],
      ['', null],
    ]);
  });

  test('that cannot be read are refused together', async () => {
    writeFileSync(at('big'), Buffer.alloc(16 * 1024 * 1024 + 1));
    const argv = [at('none'), directory, '/dev/zero', at('big')].map((path) => `--config-append=${path}`);
    const { problems } = (await failureOf(named(...argv))) as { problems: { message: string }[] };
    expect(problems.map(({ message }) => message)).toEqual([
      `The answer file ${at('none')} cannot be read: it is not there`,
      `The answer file ${directory} cannot be read: it is a directory`,
      `The answer file /dev/zero cannot be read: it is neither a file nor a pipe`,
      `The answer file ${at('big')} cannot be read: it is larger than 16 MiB`,
    ]);
  });

  test('that hold secrets for everybody to read are warned of, with the command that changes it', async () => {
    const warningsOf = async (text: string, mode: number): Promise<unknown> => {
      writeFileSync(at('a.conf'), text);
      chmodSync(at('a.conf'), mode);
      return english(await exposedSecrets(await named(`--config-append=${at('a.conf')}`), (key) => key === 'A/secret'));
    };
    const secret = '[environment:default]\nA/secret=str:x\n';
    for (const mode of [0o604, 0o640, 0o644])
      expect(await warningsOf(secret, mode)).toEqual([
        `${at('a.conf')} holds secrets, and other users can read it. Change that: chmod 600 ${at('a.conf')}`,
      ]);
    expect(await warningsOf(secret, 0o600)).toEqual([]);
    expect(await warningsOf('[environment:default]\nA/other=str:x\nA/secret=none:None\n', 0o644)).toEqual([]);
  });
});

describe('the configuration of an installation', () => {
  const main = '/etc/ovirt-engine-setup.conf';
  const hostWith = (files: Readonly<Record<string, Parameters<ReturnType<typeof memoryHost>['files']['write']>[1]>>) =>
    memoryHost(newMachine({ disk: new Map(Object.entries(files)) }));

  test('is the main file, then those of its directory by name', async () => {
    const host = hostWith({
      [`${main}.d/20-b.conf`]: file('b', 0o600),
      [`${main}.d/10-a.conf`]: file('a', 0o600),
      [`${main}.d/15.conf.rpmsave`]: file('ignored', 0o600),
      [main]: file('main', 0o600),
    });
    expect(await keptFiles(host)).toEqual([
      { path: main, text: 'main', kept: true },
      { path: `${main}.d/10-a.conf`, text: 'a', kept: true },
      { path: `${main}.d/20-b.conf`, text: 'b', kept: true },
    ]);
    expect(await keptFiles(memoryHost(newMachine()))).toEqual([]);
  });

  test('may be a link', async () => {
    const host = hostWith({
      [`${main}.d/10-a.conf`]: { kind: 'link', target: '../shared/a.conf' },
      '/etc/shared/a.conf': { kind: 'link', target: '/srv/a.conf' },
      '/srv/a.conf': file('a', 0o600),
    });
    expect(await keptFiles(host)).toEqual([{ path: `${main}.d/10-a.conf`, text: 'a', kept: true }]);
  });

  test('that cannot be read says why', async () => {
    const host = hostWith({
      [main]: { kind: 'directory', mode: 0o755 },
      [`${main}.d/10-a.conf`]: { kind: 'link', target: 'nowhere' },
      [`${main}.d/20-b.conf`]: { kind: 'link', target: '20-b.conf' },
    });
    const problems = english((await keptFiles(host)).flatMap(({ unread }) => unread ?? [])) as { message: string }[];
    expect(problems.map(({ message }) => message)).toEqual([
      `The answer file ${main} cannot be read: it is a directory`,
      `The answer file ${main}.d/10-a.conf cannot be read: it is a link that leads nowhere`,
      `The answer file ${main}.d/20-b.conf cannot be read: it is a link that leads nowhere`,
    ]);
  });
});

const kept = '/var/lib/ovirt-engine/setup/answers/20260102030405-setup.conf';
const run = '20260102030405-abcdef';

describe('the answer file of a run', () => {
  test('is kept without secrets, for its owner alone, and never replaces that of another run', async () => {
    const machine = newMachine();
    const save = answerSaver(readArguments([]), run, memoryHost(machine));
    expect(await save('open', 'complete')).toEqual([kept]);
    expect(await save('open', 'complete')).toEqual([kept.replace('-setup', '-abcdef-setup')]);
    expect(machine.disk.get(kept)).toEqual(file('open', 0o600));
  });

  test('is written to where its user wants it as well, with secrets only if they are asked for', async () => {
    const target = at('answers');
    for (const [more, text] of [
      [[], 'open'],
      [['--with-secrets'], 'complete'],
    ] as const) {
      const machine = newMachine();
      const save = answerSaver(readArguments([`--generate-answer=${target}`, ...more]), run, memoryHost(machine));
      expect(await save('open', 'complete')).toEqual([kept, target]);
      expect(readFileSync(target, 'utf8')).toBe(text);
      expect(statSync(target).mode & 0o777).toBe(0o600);
      expect(machine.disk.get(kept)).toEqual(file('open', 0o600));
    }
  });
});

describe('the answer file that a user asks for', () => {
  const saver = (name: string, ...more: readonly string[]) =>
    answerSaver(readArguments([`--generate-answer=${at(name)}`, ...more]), run, memoryHost(newMachine()));

  test('is left alone by a run that failed, which keeps its own all the same', async () => {
    writeFileSync(at('mine'), 'my own words');
    expect(await saver('mine')('open', 'complete', { failed: true })).toEqual([kept]);
    expect(readFileSync(at('mine'), 'utf8')).toBe('my own words');
  });

  test.each(['a.yaml', 'a.yml'])('is written in YAML where it is called %s, and can be read again', async (name) => {
    const answers = new Map<string, unknown>([
      ['A/text', 'yes'],
      ['A/list', ['one', 'two words']],
      ['A/none', undefined],
      ['A/port', 8443],
    ]);
    const texts = [formatConf(answers, ['A/word']), formatConf(new Map([...answers, ['A/word', 'geheim']]))] as const;
    const readAgain = async () => {
      const text = readFileSync(at(name), 'utf8');
      const { statements, problems } = await readAnswers({ path: at(name), text });
      expect(problems).toEqual([]);
      return new Map(statements.map(({ key, value }) => [key, value]));
    };
    await saver(name)(...texts);
    expect(await readAgain()).toEqual(answers);
    expect(readFileSync(at(name), 'utf8')).toContain('# A/word is secret and not kept here');
    await saver(name, '--with-secrets')(...texts);
    expect((await readAgain()).get('A/word')).toBe('geheim');
  });

  test('cannot be one that answers come from, under whatever name', async () => {
    writeFileSync(at('in.conf'), '');
    symlinkSync('in.conf', at('link.conf'));
    const judge = async (...argv: readonly string[]) => {
      const args = readArguments(argv);
      keepInput(args, await namedFiles(args, new AbortController().signal));
    };
    for (const input of [`--config-append=${at('in.conf')}`, `--config=${at('link.conf')}`, `--set-file=A/b=${at('in.conf')}`])
      expect(await failureOf(judge(input, `--generate-answer=${at('link.conf')}`))).toMatchObject({ code: 'usage' });
    for (const output of [at('out.conf'), '/dev/null', `${at('in.conf')}/below`])
      expect(await failureOf(judge(`--config-append=${at('in.conf')}`, `--generate-answer=${output}`))).toBeUndefined();
  });
});

describe('a file with secrets', () => {
  test('is written for its owner alone, also where an open one lies already', () => {
    writePrivately(at('new'), 'secret');
    writeFileSync(at('open'), 'something longer than the secret');
    chmodSync(at('open'), 0o644);
    writePrivately(at('open'), 'secret');
    for (const name of ['new', 'open']) {
      expect(statSync(at(name)).mode & 0o777, name).toBe(0o600);
      expect(readFileSync(at(name), 'utf8')).toBe('secret');
    }
    const before = statSync('/dev/null').mode;
    writePrivately('/dev/null', 'secret');
    expect(statSync('/dev/null').mode).toBe(before);
    expect(() => writePrivately(at('no/such/directory'), 'x')).toThrow('ENOENT');
    expect(existsSync(at('no'))).toBe(false);
  });
});
