import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test, vi } from 'vitest';
import { SetupError, inWords } from '#kit';
import { plugins } from '../../plugins/index.ts';
import { findTexts } from '../../scripts/texts.ts';
import { explanationText } from '../../src/setup/answers/explain-text.ts';
import { explain } from '../../src/setup/answers/explain.ts';
import { readArguments } from '../../src/setup/cli/args.ts';
import { outlookText } from '../../src/setup/cli/commands/plan.ts';
import { complaint } from '../../src/setup/cli/complain.ts';
import { environmentStatements } from '../../src/setup/cli/environment-statements.ts';
import { helpText } from '../../src/setup/cli/help.ts';
import { type Status, inspectInstallation } from '../../src/setup/cli/installation.ts';
import { options } from '../../src/setup/cli/options.ts';
import { placeOf, placeToChange } from '../../src/setup/cli/place.ts';
import { claimRoot, sandboxRoot } from '../../src/setup/cli/sandbox-root.ts';
import { statusText } from '../../src/setup/cli/status-text.ts';
import { accounts } from '../../plugins/environment/settings.ts';
import { planOnly } from '../../src/setup/core/plan-only.ts';
import { memoryHost } from '../../src/setup/host/memory/index.ts';
import { sourcesOf } from '../support/fakes.ts';
import { machines } from '../support/machines.ts';
import { markedLanguage, plainWords } from '../support/marked-language.ts';
import { testRun } from '../support/run.ts';
import { stories } from './stories.ts';
import { play } from './stories/story.ts';

// Reading all sources takes a while.
const { texts, untranslatable } = findTexts();
const marked = markedLanguage(texts);

/** Texts of programs and libraries that are shown as they are. */
const foreign: readonly RegExp[] = [];

test('every text on the screen is a sentence of the catalogue, without data in it', async () => {
  const known = new Set(texts);
  const asked = new Set<string>();
  for (const story of stories) await play(story, (id) => (asked.add(id), undefined));
  const unknown = [...asked].filter((id) => id !== '' && !known.has(id) && !foreign.some((pattern) => pattern.test(id)));
  expect(unknown).toEqual([]);
}, 60_000);

test('a screen in another language has its words, its columns and the same answers', async () => {
  const story = stories.find(({ name }) => name === 'weak-password-accepted');
  if (story === undefined) throw new Error('the story is gone');
  const words = new Map([
    ['Host FQDN', 'Rechnername'],
    ['Use weak password?', 'Schwaches Passwort verwenden?'],
    ['The password is weak: {0}', 'Das Passwort ist schwach: {0}'],
    ['Stage: {0}', 'Abschnitt: {0}'],
    ['Closing up', 'Abschluss'],
    ['Yes', 'Ja'],
    ['No', 'Nein'],
  ]);
  const typed = story.typed?.map((line) => (line === 'yes' ? 'ja' : line));
  const { screen, log, outcome } = await play({ ...story, ...(typed === undefined ? {} : { typed }) }, (id) => words.get(id));
  expect(outcome.failure).toBeUndefined();
  expect(screen).toContain('Rechnername                             : engine.example.net');
  expect(screen).toContain('Schwaches Passwort verwenden? (Ja, Nein) [Nein]: ja');
  expect(screen).toContain('[WARNING] Das Passwort ist schwach: ');
  expect(screen).toContain('Abschnitt: Abschluss');
  expect(log).toContain('The password is weak');
  expect(log).not.toContain('schwach');
});

test('no text on the screen is put together from plain strings', () => {
  expect(untranslatable.filter((where) => !where.startsWith('src/setup/host/memory/'))).toEqual([]);
});

describe('a whole translation leaves no English word', () => {
  const settings = plugins.flatMap((plugin) => plugin.settings ?? []);
  const choices = settings.flatMap(({ kind }) => kind.choices ?? []);
  /** Words of answer files, which are the same in every language. */
  const answerWords = [...choices, 'Yes', 'No', 'OK', 'Cancel', 'True', 'False'].map((word) => new RegExp(`\\b${word}\\b`, 'g'));

  test('in the help', () => {
    const names = [...options.values()].flatMap(({ value }) => (value === undefined ? [] : [`=${value}`]));
    const commands = /^ {2}[a-z]+ {2}/gm;
    expect(plainWords(helpText(marked), ['engine-setup [COMMAND] [OPTION]...', commands, ...names])).toEqual([]);
  });

  const step = { id: 'pki/ca', n: 1, of: 3, since: '2026-01-02T03:04:05.000Z' };
  const at = { began: '2026-01-02T03:04:05.000Z', ended: '2026-01-02T03:05:05.000Z' };
  const titles = { 'pki/ca': 'Generating keys' };
  const states: readonly Partial<Status>[] = [
    { state: 'not installed' },
    { state: 'running', user: 'admin@internal', passwordFile: '/p', addresses: { web: 'https://h/', api: 'https://h/api' } },
    { state: 'degraded', services: [{ name: 'a', state: 'running', pid: 1, version: '1', health: 'ready' }] },
    { state: 'stopped', services: (['stopped', 'failed', 'restarting', 'unknown'] as const).map((state) => ({ name: 'a', state })) },
    { state: 'unknown', run: { state: 'active', pid: 1, ...at, step } },
    { run: { state: 'active', ...at } },
    { run: { state: 'done', ...at, log: '/l' } },
    { run: { state: 'rolled-back', ...at, failed: { step: 'pki/ca', error: 'Stopped by a signal' } } },
    { run: { state: 'rolled-back', failed: { step: 'pki/ca' } } },
    { run: { state: 'cut-off', step, titles } },
    { run: { state: 'cut-off', step, leftOver: ['pki/ca'] } },
    { run: { state: 'unclear' } },
  ];
  test.each(states)('in the status %j', (status) => {
    const shown = statusText({ root: '/r', state: 'running', services: [], ...status }, marked);
    expect(plainWords(shown, ['admin@internal'])).toEqual([]);
  });

  test('in the status of what was damaged', async () => {
    const root = mkdtempSync(join(tmpdir(), 'texts-'));
    try {
      claimRoot(root);
      for (const [path, text] of [
        ['etc/ovirt-engine-setup.conf.d/20-setup-ovirt-post.conf', '[environment:default]\nstray'],
        ['var/lib/ovirt-engine/setup/runs/1/journal', 'damaged\n'],
      ] as const) {
        mkdirSync(join(root, path, '..'), { recursive: true });
        writeFileSync(join(root, path), text);
      }
      const found = await inspectInstallation(placeOf(root));
      expect(found).toMatchObject({ run: { state: 'unclear' }, problems: [{}, {}] });
      expect(plainWords(statusText(found, marked), [root, 'admin@internal'])).toEqual([]);
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  const directory = fileURLToPath(new URL('../fixtures/answers/', import.meta.url));
  const flawed = [
    '[environment:default]',
    'stray',
    '[broken',
    '[environment:default] more',
    'include x',
    'A/a=str:x',
    'A/a=str:y',
    'A/b=bool:maybe',
    'A/c=int:x',
    'A/d=none',
    'A/e=str:100%% and 5%',
    'A/f=bool:True',
    ' A/g=str:x',
    ...settings.map(({ key }) => `${key}=multi-str:\n one\n # two`),
    ...settings.flatMap(({ ask }) => (ask === undefined ? [] : [`QUESTION/1/${ask.name}=str:`, `QUESTION/2/${ask.name}=str:?`])),
    '[environment:defult]',
    'A/h=str:x',
    '[DEFAULT]',
    'A/i=str:x',
  ].join('\n');
  const yaml = 'A:\n  a: 1\n  a: 2\n  b: &x 1\n  c: *x\n  d: !t 1\n  e: [[1]]\n  f: "\\q"\n';
  const files = [
    ...readdirSync(directory).flatMap((name) => (name.endsWith('.conf') ? [[name, readFileSync(directory + name, 'utf8')] as const] : [])),
    ['flawed.conf', flawed] as const,
    ['empty.conf', ''] as const,
    ['flawed.yaml', yaml] as const,
    ['twice.yaml', 'A:\n  a: 1\n  a: 2\n1: x\n'] as const,
    ['list.yaml', '- a\n'] as const,
  ];
  test.each(files)('in what becomes of the answers in %s', async (path, text) => {
    const shown = explanationText(await explain([{ path, text, kept: false }], settings), marked);
    const key = /^\S+ +[^ -~]+( [^ -~]+)? +\S+/gm;
    // Behind an equals sign stands the value.
    expect(plainWords(shown, [/ = .*?(?= {2}\(|$)/gm, key, /\[[\w: ]+\]/g, ...answerWords])).toEqual([]);
  });

  test('in a plan, with what the checks of the host find', async () => {
    const answers = { 'OVESETUP_CONFIG/fqdn': 'engine.example.net', 'OVESETUP_CONFIG/adminPassword': 'canary-Wort-77' };
    const machine = { ...machines['modest-memory'](), listening: new Map([[443, 'x']]) };
    const outlook = await planOnly(testRun({ host: memoryHost(machine), sources: sourcesOf(answers), yes: true, acceptDefaults: true }));
    expect(outlook.findings).not.toEqual([]);
    const shown = outlookText(outlook)
      .map((line) => inWords(line, marked))
      // The difference of a file is data.
      .filter((line) => !/^ {6}/.test(line));
    const { findings, plan } = outlook;
    const names = [...findings.map(({ id }) => id), ...plan.steps.flatMap(({ step }) => step.notify ?? [])];
    // Names of databases, roles, certificates and rows.
    names.push('engine', 'apache', 'FenceKdumpDestinationPort', 'ProductRPMVersion', 'ApplicationMode', 'SANWipeAfterDelete');
    names.unshift('ovirt_engine_history', 'engine.example.net', 'engine.example.net:6100', 'engine.example.net:54323', 'websocket-proxy');
    names.push('ovn-central-firewall-service', 'ovn-central', 'ovn-ndb', 'ovn-sdb', 'pssl:6641:\\[::\\]', 'pssl:6642:\\[::\\]');
    names.push('imageio-proxy', 'imageio-client', 'ImageProxyAddress', 'ovirt-imageio-proxy');
    names.push('ovirt-engine-core', 'WebSocketProxy', 'ovirt-https', 'ovirt-http', 'ovirt-fence-kdump-listener', 'ovirt-websocket-proxy');
    names.push('ovirt-vmconsole-proxy', 'openssh-server', 'vmconsole-proxy-helper');
    names.push('apache2', 'firewalld', 'postgresql-15', 'postgresql@15-main', ...Object.values(accounts));
    const words = names.map((name) => new RegExp(`(?<=[ ,'])${name}(?=[,.:' ]|$)`, 'gm'));
    expect(plainWords(shown.join('\n'), words)).toEqual([]);
  });

  const asOrdinaryUser = (work: () => unknown): unknown => {
    const seen = vi.spyOn(process, 'geteuid').mockReturnValue(1000);
    try {
      return work();
    } finally {
      seen.mockRestore();
    }
  };
  const mistakes: readonly (readonly [what: string, make: () => unknown])[] = [
    ...[
      '--strange',
      '--root',
      '--yes=x',
      '--dialog=x',
      'strange',
      'plan x',
      '--set=x',
      '--allow=a,,b',
      '--with-secrets',
      'status --to=yaml',
    ]
      .map((line) => line.split(' '))
      .map((argv) => [argv.join(' '), () => readArguments(argv)] as const),
    ['several mistakes', () => readArguments(['--strange', '--yes=x'])],
    ['somebody who is not root', () => asOrdinaryUser(() => placeToChange(undefined))],
    ['a strange root', () => sandboxRoot('/')],
    ['a root that cannot be', () => sandboxRoot('\n')],
    ['an open quote', () => environmentStatements("'")],
    ['strange statements', () => environmentStatements('A/a A/b=x A/c=bool:maybe')],
  ];
  test.each(mistakes)('in the complaint about %s', (what, make) => {
    let failure: unknown;
    try {
      make();
    } catch (error) {
      failure = error;
    }
    if (!(failure instanceof SetupError)) throw new Error(`${what} is no mistake`);
    const said = [
      'engine-setup:',
      'strange',
      'lines, terminal, machine',
      'plan',
      'status',
      /[A-Z]+=[A-Z]+/g,
      /=[A-Z]+/g,
      ...what.split(/[ =]/).filter(Boolean),
    ];
    expect(plainWords(complaint(failure, marked).join('\n'), said)).toEqual([]);
  });
});
