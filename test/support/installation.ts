import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Catalogue, Dialog, Plugin, Step } from '#kit';
import { plugins } from '../../plugins/index.ts';
import { formatConf } from '../../src/setup/answers/conf.ts';
import { type AnswerFile, readSources } from '../../src/setup/answers/sources.ts';
import type { Answers } from '../../src/setup/core/answers.ts';
import { type Outcome, runPipeline } from '../../src/setup/core/pipeline.ts';
import { postInstallPath } from '../../src/setup/core/record.ts';
import { type Run, prepare, settleAnswers, stepsFor } from '../../src/setup/core/run.ts';
import { type Accident, type Machine, type MemoryHost, memoryHost, newMachine } from '../../src/setup/host/memory/index.ts';
import { type Entry, textOf } from '../../src/setup/kit/host.ts';
import { linesDialog } from '../../src/setup/ui/dialog-lines.ts';
import { newMask } from '../../src/setup/ui/mask.ts';
import { linesProgress } from '../../src/setup/ui/progress-lines.ts';
import { nodePlugins } from '../../plugins/node.ts';
import { keyHolder } from './engine-elsewhere.ts';
import { askingNode, enrolledNode, nodeWithKeys } from './node.ts';
import { testRun } from './run.ts';

const answersDirectory = fileURLToPath(new URL('../../answers/', import.meta.url));

/** The answer files that ship with the program. */
export const samples: readonly AnswerFile[] = readdirSync(answersDirectory).map((name) => ({
  path: `answers/${name}`,
  text: readFileSync(answersDirectory + name, 'utf8'),
  kept: false,
}));

/** All that contract tests walk through: a compute node as well, before and after the engine has signed what it asks for. */
export const walked: readonly AnswerFile[] = [...samples, askingNode, enrolledNode];

/** The program that some answers are for. */
const pluginsFor = ([first]: readonly AnswerFile[]): readonly Plugin[] =>
  first === askingNode || first === enrolledNode ? nodePlugins : plugins;

/** A machine for a sample, with nothing on it. */
export const emptyMachineFor = (files: readonly AnswerFile[]): Machine => (files[0] === enrolledNode ? newMachine() : machineFor(files));

/** A machine for a sample: that of a trial lies below a directory, any other is a host of its own, and one of them sees that of an engine. */
export function machineFor([first]: readonly AnswerFile[]): Machine {
  if (first?.path === 'answers/sandbox.yaml') return newMachine({ prefix: '/srv/trial', user: { name: 'ann', root: false } });
  if (first?.path === 'answers/warehouse-host.conf') return keyHolder('change-this-password');
  if (first === enrolledNode) return nodeWithKeys();
  return newMachine();
}

/** Classic answers as a file. */
export const conf = (lines: Readonly<Record<string, string>>): AnswerFile => ({
  path: 'test.conf',
  text: `[environment:default]\n${Object.entries(lines)
    .map(([key, value]) => `${key}=${value}`)
    .join('\n')}\n`,
  kept: false,
});

/** The post-install file of a machine is read like any other, as the real program does. */
const kept = (machine: Machine): readonly AnswerFile[] => {
  const entry = machine.disk.get(postInstallPath);
  return entry === undefined ? [] : [{ path: postInstallPath, text: textOf(entry), kept: true }];
};

export interface Trial {
  readonly outcome: Outcome;
  readonly host: MemoryHost;
  readonly screen: string;
  readonly log: string;
}

export interface Setting {
  readonly machine: Machine;
  readonly files: readonly AnswerFile[];
  readonly accidents?: readonly Accident[];
  /** The host of the machine, if it is not one of its own with these accidents. */
  readonly host?: MemoryHost;
  /** What is typed, a line for each question; without it nobody can be asked. */
  readonly typed?: readonly string[];
  readonly plugins?: readonly Plugin[];
  readonly signal?: AbortSignal;
  /** The language of the screen; English without it. */
  readonly catalogue?: Catalogue;
  readonly more?: Partial<Run>;
}

/** Runs the whole wizard on a machine in memory, through the line dialog. */
export async function install({
  machine,
  files,
  accidents = [],
  host = memoryHost(machine, ...accidents),
  typed,
  signal,
  catalogue = () => undefined,
  more,
  plugins: list = pluginsFor(files),
}: Setting): Promise<Trial> {
  let screen = '';
  let log = '';
  const replies = [...(typed ?? [])];
  const mask = newMask({ words: true });
  const screenMask = newMask({ words: false });
  const record = {
    path: '/var/log/setup.log',
    write: (level: string, from: string, text: string) => (log += mask.apply(`${level} ${from} ${text}\n`)),
    close: () => undefined,
  };
  const { EndOfInput } = await import('#kit');
  const keyboard = {
    line: async (hidden: boolean) => {
      const reply = replies.shift();
      // What is typed appears on the screen, and always the line end.
      screen += `${hidden ? '' : (reply ?? '')}\n`;
      if (reply === undefined) throw new EndOfInput();
      return reply;
    },
    close: () => undefined,
  };
  const dialog: Dialog = linesDialog({
    screen: { colour: false, write: (text) => void (screen += text) },
    mask: screenMask,
    log: record,
    catalogue,
    ...(typed === undefined ? {} : { keyboard }),
  });
  const outcome = await runPipeline({
    version: '0.1.0',
    name: '20260102030405-abcdef',
    plugins: list,
    host,
    sources: await readSources([...kept(machine), ...files]),
    warnings: [],
    configurationFiles: files.map(({ path }) => path),
    dialog,
    observer: linesProgress(dialog, record),
    signal: signal ?? new AbortController().signal,
    allowed: new Set(),
    acceptDefaults: false,
    reconfigureOptional: false,
    yes: typed === undefined,
    logFile: record.path,
    trace: (line) => record.write('DEBUG', 'setup', line),
    hide: (secret) => (mask.add(secret), screenMask.add(secret)),
    masked: (text) => mask.apply(text),
    committed: () => undefined,
    formatAnswers: formatConf,
    async saveAnswers(text) {
      const path = '/var/lib/ovirt-engine/setup/answers/20260102030405-setup.conf';
      await host.files.write(path, { kind: 'file', content: Buffer.from(text), mode: 0o600 });
      return [path];
    },
    ...more,
  });
  return { outcome, host, screen, log };
}

/** Answers that nobody can do without; all others have usual values. */
export const fewestAnswers = { 'OVESETUP_CONFIG/adminPassword': 'str:canary-Wort-77', 'OVESETUP_DIALOG/confirmSettings': 'bool:True' };

/** Installs on a machine in memory, or runs setup there once more, with nothing answered but what is given. Throws where the run fails. */
export async function installOn(
  machine: Machine,
  given: Readonly<Record<string, string>> = {},
): Promise<Trial & { readonly effects: readonly string[] }> {
  const trial = await install({ machine, files: [conf({ ...fewestAnswers, ...given })] });
  if (trial.outcome.failure !== undefined) throw new Error(trial.screen);
  return { ...trial, effects: trial.host.effects };
}

/** An installation whose engine schema lacks the newest migrations, with rows that violate its keys, and tasks that run in the engine. */
export function outdated(
  machine: Machine,
  { violations, tasks = [] }: { readonly violations?: Readonly<Record<string, number>>; readonly tasks?: Machine['tasks'] } = {},
): Machine {
  const path = '/var/lib/postgresql/15/main/base/cluster.json';
  const cluster = JSON.parse(textOf(machine.disk.get(path))) as { databases: Record<string, Record<string, unknown>> };
  const engine = cluster.databases['engine'] as { schemas: object; violations?: object };
  engine.schemas = { ...engine.schemas, public: { version: '04050008' } };
  if (violations !== undefined) engine.violations = violations;
  machine.disk.set(path, { kind: 'file', content: Buffer.from(JSON.stringify(cluster)), mode: 0o600 });
  return { ...machine, tasks };
}

/** A run for which nobody is there, whose words go nowhere. */
export const silentRun = async (machine: Machine, files: readonly AnswerFile[]): Promise<Run> =>
  testRun({
    version: '0.1.0',
    name: '20260102030405-abcdef',
    plugins: pluginsFor(files),
    host: memoryHost(machine),
    sources: await readSources([...kept(machine), ...files]),
    acceptDefaults: true,
    yes: true,
    formatAnswers: formatConf,
  });

/** The answers and steps for a machine, without a run. */
export async function prepared(machine: Machine, files: readonly AnswerFile[]): Promise<{ answers: Answers; steps: readonly Step[] }> {
  const run = await silentRun(machine, files);
  const preparation = await prepare(run);
  await settleAnswers(run, preparation);
  return { answers: preparation.answers, steps: stepsFor(run, preparation).map(({ step }) => step) };
}

/** Where a run keeps its own account of itself, which is not part of the installation. */
const own = ['/var/lib/ovirt-engine/setup/runs', '/var/lib/ovirt-engine/setup/answers', '/var/lib/ovirt-engine/setup/record.json'];
const scaffold = new Set(['/var', '/var/lib', '/var/lib/ovirt-engine', '/var/lib/ovirt-engine/setup']);

const described = new WeakMap<Entry, string>();
/** An entry as text, made once: copies of a machine share what is the same on them. */
const describe = (entry: Entry): string => {
  const made =
    described.get(entry) ??
    (entry.kind === 'link' ? `link to ${entry.target}` : `${entry.kind} ${entry.mode.toString(8)} ${textOf(entry)}`);
  described.set(entry, made);
  return made;
};

/** The disk as text, with all that is on it. */
export const wholeDiskOf = ({ disk }: Machine): Readonly<Record<string, string>> =>
  Object.fromEntries([...disk].map(([path, entry]) => [path, describe(entry)]));

/** The disk as text, without what runs keep of themselves: two equal installations give equal texts. */
export function diskOf({ disk }: Machine): Readonly<Record<string, string>> {
  const mine = (path: string): boolean => own.some((prefix) => path === prefix || path.startsWith(`${prefix}/`)) || scaffold.has(path);
  return Object.fromEntries(
    [...disk]
      .filter(([path]) => !mine(path))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, entry]) => [path, describe(entry)]),
  );
}
