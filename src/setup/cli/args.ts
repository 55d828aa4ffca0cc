import { SetupError } from '../kit/errors.ts';
import { type Text, message } from '../kit/text.ts';
import { type CommandName, type OptionName, commands, options } from './options.ts';
import { type Words, takeApart } from './words.ts';

/** `KEY=VALUE`, taken apart. */
export interface Pair {
  readonly key: string;
  readonly value: string;
}

/** Everything that the command line can say. */
export interface Arguments {
  readonly command: CommandName;
  /** Words after the command: `sandbox start`. */
  readonly words: readonly string[];
  readonly help: boolean;
  readonly version: boolean;
  readonly root: string | undefined;
  readonly offline: boolean;
  readonly reconfigureOptional: boolean;
  readonly reconfigureDwhScale: boolean;
  readonly jbossHome: string | undefined;
  /** Read instead of the configuration of the installation; empty: that one is read. */
  readonly config: readonly string[];
  readonly configAppend: readonly string[];
  readonly set: readonly Pair[];
  /** Keys with the paths of files that hold their values. */
  readonly setFile: readonly Pair[];
  /** Keys with the numbers of descriptors that their values are read from. */
  readonly setFd: readonly Pair[];
  /** `KEY=type:value` statements, quoted as in a shell. */
  readonly otopiEnvironment: string | undefined;
  readonly acceptDefaults: boolean;
  readonly allow: ReadonlySet<string>;
  readonly yes: boolean;
  readonly generateAnswer: string | undefined;
  readonly withSecrets: boolean;
  readonly dialog: 'lines' | 'terminal' | 'machine' | undefined;
  readonly noInput: boolean;
  /** Whether events are told: on standard output, instead of texts for people, unless they have a descriptor of their own. */
  readonly events: boolean;
  readonly eventsFd: number | undefined;
  readonly log: string | undefined;
  readonly json: boolean;
  readonly to: 'yaml' | 'conf' | undefined;
  readonly output: string | undefined;
  /** Files of a certificate of another authority. */
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  readonly chain: string | undefined;
  readonly keyPasswordFile: string | undefined;
  /** The host that a request is signed for. */
  readonly name: string | undefined;
  readonly ours: boolean;
  /** The database that is to be looked at. */
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly database: string | undefined;
  readonly user: string | undefined;
  readonly passwordFile: string | undefined;
  readonly passwordFd: number | undefined;
  readonly tls: 'required' | 'verified' | undefined;
  readonly kind: 'engine' | 'dwh' | undefined;
}

/** Commands that take words of their own, and check them. */
const wordy: ReadonlySet<CommandName> = new Set(['answers', 'pki', 'db', 'sandbox']);

/** A front end, and somebody who reads events, want standard output for themselves; a front end is there to answer. */
export const dialogClashes = (said: {
  readonly dialog: string | undefined;
  readonly noInput: boolean;
  readonly events: boolean;
  readonly eventsFd: unknown;
}): readonly Text[] =>
  said.dialog !== 'machine'
    ? []
    : [
        ...(said.noInput ? ['--dialog=machine and --no-input: a front end is there to be asked'] : []),
        ...(said.events && said.eventsFd === undefined
          ? ['--dialog=machine and --events=json: both want standard output for themselves, unless events have --events-fd=N']
          : []),
      ];

/** What does not go together. */
function clashes({ plain, values }: Words): readonly Text[] {
  const [word = 'setup', ...more] = plain;
  if (!Object.hasOwn(commands, word)) return [message`${word} is not a command`];
  const command = word as CommandName;
  const idle = [...values.keys()].filter((name) => options.get(name)?.only?.includes(command) === false);
  const problems: Text[] = idle.map((name) => message`--${name} means nothing to ${command}`);
  if (more.length > 0 && !wordy.has(command)) problems.push(message`${more.join(' ')}: ${command} takes no further words`);
  if (values.has('with-secrets') && !values.has('generate-answer')) problems.push('--with-secrets wants --generate-answer=FILE, too');
  if (values.has('events-fd') && !values.has('events')) problems.push('--events-fd wants --events=json, too');
  return [
    ...problems,
    ...dialogClashes({
      dialog: values.get('dialog')?.at(-1),
      noInput: values.has('no-input'),
      events: values.has('events'),
      eventsFd: values.get('events-fd'),
    }),
  ];
}

function refuse(problems: readonly Text[]): never {
  const [first = ''] = problems;
  throw new SetupError('usage', problems.length === 1 ? first : 'The command line cannot be understood', {
    remedy: 'See engine-setup --help.',
    problems: problems.length === 1 ? [] : problems.map((text) => ({ id: 'usage', level: 'error', message: text })),
  });
}

/** Reads the command line. Throws SetupError `usage` with all mistakes together. */
export function readArguments(argv: readonly string[]): Arguments {
  const words = takeApart(argv);
  const problems = [...words.problems, ...(words.strange ? [] : clashes(words))];
  const has = (name: OptionName): boolean => words.values.has(name);
  const all = (name: OptionName): readonly string[] => words.values.get(name) ?? [];
  const last = (name: OptionName): string | undefined => all(name).at(-1);
  const pairs = (name: OptionName, value: RegExp): readonly Pair[] =>
    all(name).flatMap((text) => {
      const at = text.indexOf('=');
      const pair = { key: text.slice(0, at), value: text.slice(at + 1) };
      if (at > 0 && value.test(pair.value)) return [pair];
      // It may be a password at the wrong place: it is not repeated. That nothing stands there has been said.
      if (text !== '') problems.push(message`--${name} wants ${options.get(name)?.value ?? ''}`);
      return [];
    });
  const eventsFd = last('events-fd');
  // The first two are those of the dialog.
  if (eventsFd !== undefined && eventsFd !== '' && !/^(?:[2-9]|[1-9]\d{1,8})$/.test(eventsFd))
    problems.push('--events-fd wants the number of an open descriptor, 2 or more');
  const port = last('port');
  if (port !== undefined && port !== '' && !(/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535))
    problems.push('--port wants a whole number from 1 to 65535');
  const passwordFd = last('password-fd');
  if (passwordFd !== undefined && passwordFd !== '' && !/^\d{1,9}$/.test(passwordFd))
    problems.push('--password-fd wants the number of an open descriptor');
  const allowed = all('allow').flatMap((ids) => ids.split(',').map((id) => id.trim()));
  if (allowed.includes('') && !all('allow').includes('')) problems.push('--allow: a name between its commas is empty');
  const [command = 'setup', ...more] = words.plain;
  const args: Arguments = {
    command: command as CommandName,
    words: more,
    help: has('help'),
    version: has('version'),
    root: last('root'),
    offline: has('offline'),
    reconfigureOptional: has('reconfigure-optional-components'),
    reconfigureDwhScale: has('reconfigure-dwh-scale'),
    jbossHome: last('jboss-home'),
    config: all('config'),
    configAppend: all('config-append'),
    set: pairs('set', /^/),
    setFile: pairs('set-file', /./s),
    setFd: pairs('set-fd', /^\d{1,9}$/),
    otopiEnvironment: last('otopi-environment'),
    acceptDefaults: has('accept-defaults'),
    allow: new Set(allowed),
    yes: has('yes'),
    generateAnswer: last('generate-answer'),
    withSecrets: has('with-secrets'),
    dialog: last('dialog') as Arguments['dialog'],
    noInput: has('no-input'),
    events: has('events'),
    eventsFd: eventsFd === undefined ? undefined : Number(eventsFd),
    log: last('log'),
    json: has('json'),
    to: last('to') as Arguments['to'],
    output: last('output'),
    certificate: last('certificate'),
    key: last('key'),
    chain: last('chain'),
    keyPasswordFile: last('key-password-file'),
    name: last('name'),
    ours: has('ours'),
    host: last('host'),
    port: port === undefined ? undefined : Number(port),
    database: last('database'),
    user: last('user'),
    passwordFile: last('password-file'),
    passwordFd: passwordFd === undefined ? undefined : Number(passwordFd),
    tls: last('tls') as Arguments['tls'],
    kind: last('kind') as Arguments['kind'],
  };
  if (problems.length > 0) refuse(problems);
  return args;
}
