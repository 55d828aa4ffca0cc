import { parseArgs } from 'node:util';
import { SetupError } from '../kit/errors.ts';

/** Everything that the command line can say. */
export interface Arguments {
  readonly command: CommandName;
  /** Words after the command: `sandbox start`. */
  readonly words: readonly string[];
  readonly help: boolean;
  readonly version: boolean;
  readonly root: string | undefined;
  readonly configAppend: readonly string[];
  readonly set: ReadonlyMap<string, string>;
  readonly generateAnswer: string | undefined;
  readonly log: string | undefined;
  readonly dialog: 'lines' | undefined;
  readonly yes: boolean;
  readonly allow: ReadonlySet<string>;
  readonly acceptDefaults: boolean;
  readonly json: boolean;
}

/** The commands, with the line that `--help` shows for each. */
export const commands = {
  setup: 'install, or bring an installation to what the answers want (the default)',
  plan: 'show what setup would change, and change nothing',
  rollback: 'take back an unfinished run',
  status: 'show addresses, services and their versions',
  sandbox: 'start, stop or reset: a trial below --root, default .sandbox',
} as const;
export type CommandName = keyof typeof commands;

/** The options, with what `--help` shows for each. */
export const options = {
  root: { type: 'string', value: 'DIR', about: 'install below this directory; nothing else is touched' },
  'config-append': {
    type: 'string',
    value: 'FILE',
    multiple: true,
    about: 'read answers from this file (.conf or .yaml); may be repeated, the last one wins',
  },
  set: { type: 'string', value: 'KEY=VALUE', multiple: true, about: 'give one answer; not for secrets' },
  'generate-answer': { type: 'string', value: 'FILE', about: 'also write the answers of this run to this file' },
  log: { type: 'string', value: 'FILE', about: 'write the log to this file instead of the usual place' },
  dialog: { type: 'string', value: 'lines', about: 'ask line by line, also through a pipe' },
  'accept-defaults': { type: 'boolean', about: 'take the default where there is one, without asking' },
  allow: { type: 'string', value: 'ID', multiple: true, about: 'accept the doubt of this name; may be repeated' },
  yes: { type: 'boolean', about: 'give the final confirmation; it accepts no doubts' },
  json: { type: 'boolean', about: 'with plan and status: one JSON document' },
  help: { type: 'boolean', about: 'show this help' },
  version: { type: 'boolean', about: 'show the version' },
} as const;

const usage = (message: string): SetupError => new SetupError('usage', message, { remedy: 'See engine-setup --help.' });

function statements(texts: readonly string[]): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  for (const text of texts) {
    const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
    if (key === undefined || value === undefined) throw usage(`--set wants KEY=VALUE, not ${text}`);
    map.set(key, value);
  }
  return map;
}

/** Reads the command line. Throws SetupError `usage`. */
export function readArguments(argv: readonly string[]): Arguments {
  let parsed;
  try {
    parsed = parseArgs({ args: [...argv], options, allowPositionals: true });
  } catch (error) {
    // node adds advice about "--" after the first sentence.
    throw usage((error as Error).message.split(/\.\s/)[0] ?? '');
  }
  const { values, positionals } = parsed;
  const [command = 'setup', ...words] = positionals;
  if (!Object.hasOwn(commands, command)) throw usage(`${command} is not a command`);
  const { dialog } = values;
  if (dialog !== undefined && dialog !== 'lines') throw usage(`--dialog knows lines, not ${dialog}`);
  if (words.length > 0 && command !== 'sandbox') throw usage(`${words.join(' ')}: ${command} takes no further words`);
  return {
    command: command as CommandName,
    words,
    help: values.help === true,
    version: values.version === true,
    root: values.root,
    configAppend: values['config-append'] ?? [],
    set: statements(values.set ?? []),
    generateAnswer: values['generate-answer'],
    log: values.log,
    dialog,
    yes: values.yes === true,
    allow: new Set(values.allow ?? []),
    acceptDefaults: values['accept-defaults'] === true,
    json: values.json === true,
  };
}
