import { SetupError } from '../kit/errors.ts';
import { message } from '../kit/text.ts';
import { withoutMeaning } from './unit-keys.ts';
import { absolute, commandLine, environment, killSignal, logFile, milliseconds, oneOf } from './unit-values.ts';
import { splitWords, withoutSpecifiers } from './unit-words.ts';

/**
 * The part of systemd's unit files that a sandbox understands. Every other key is refused, so that nobody believes
 * in something that does not happen.
 *
 * - [Unit] Description, After, Wants, Requires: read; the order of starts is setup's own.
 * - [Service] Type=exec|simple|notify, ExecStart, ExecReload=/bin/kill -HUP $MAINPID, Environment, WorkingDirectory, Restart=no|on-failure|always,
 *   RestartSec, TimeoutStopSec, KillSignal, KillMode=mixed|process|control-group, UMask, StandardOutput and StandardError=append:/path.
 *   User and Group do nothing: all processes of a sandbox belong to the user who started it. Neither do the keys of `unit-keys.ts`.
 *   A service of Type=notify counts as started when it runs, as with exec: the runtime has no datagram sockets of the kind that systemd
 *   is told by. Whether it is ready is found out by the health checks of setup.
 * - [Install] WantedBy: read; a unit is enabled by a link below multi-user.target.wants.
 *
 * All paths are real ones: the sandbox's root is a part of them.
 */
export interface Unit {
  readonly argv: readonly [string, ...string[]];
  /** Whether the service reads its configuration again on SIGHUP. */
  readonly reloads: boolean;
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
  readonly restart: 'no' | 'on-failure' | 'always';
  readonly restartMs: number;
  readonly stopMs: number;
  readonly killSignal: NodeJS.Signals;
  /** Whether the signal to end goes to all processes of the unit, or to the main one alone. */
  readonly signalAll: boolean;
  readonly umask: number;
  /** Files that output is appended to; without them the supervisor chooses one. */
  readonly stdout?: string;
  readonly stderr?: string;
}

type Draft = { -readonly [K in keyof Unit]?: Unit[K] };
/** Takes the value of a key over into the draft; throws an Error that says what is accepted. */
type Take = (value: string, draft: Draft) => void;

/** Read, so that a mistake is found, but without a meaning here. */
const list: Take = (value) => void splitWords(value);
const ignored: Take = () => undefined;

const keys: Readonly<Record<string, Readonly<Record<string, Take>>>> = {
  Unit: {
    Description: (value) => void withoutSpecifiers(value),
    After: list,
    Wants: list,
    Requires: list,
  },
  Service: {
    Type: (value) => oneOf(value, ['exec', 'simple', 'notify']),
    ExecStart(value, draft) {
      if (value === '') delete draft.argv;
      else if (draft.argv !== undefined) throw new Error('a single ExecStart is expected');
      else draft.argv = commandLine(value);
    },
    ExecReload(value, draft) {
      if (splitWords(value).join(' ') !== '/bin/kill -HUP $MAINPID') throw new Error('only /bin/kill -HUP $MAINPID is supported');
      draft.reloads = true;
    },
    Environment: (value, draft) => (draft.environment = value === '' ? {} : { ...draft.environment, ...environment(value) }),
    WorkingDirectory: (value, draft) => (draft.directory = absolute(value)),
    Restart: (value, draft) => (draft.restart = oneOf(value, ['no', 'on-failure', 'always'])),
    RestartSec: (value, draft) => (draft.restartMs = milliseconds(value)),
    TimeoutStopSec: (value, draft) => (draft.stopMs = milliseconds(value)),
    KillSignal: (value, draft) => (draft.killSignal = killSignal(value)),
    KillMode: (value, draft) => (draft.signalAll = oneOf(value, ['mixed', 'process', 'control-group']) === 'control-group'),
    UMask(value, draft) {
      if (!/^[0-7]{3,4}$/.test(value)) throw new Error('an octal mode is expected, for instance 0027');
      draft.umask = parseInt(value, 8);
    },
    User: ignored,
    Group: ignored,
    StandardOutput: (value, draft) => (draft.stdout = logFile(value)),
    StandardError: (value, draft) => (draft.stderr = logFile(value)),
    ...Object.fromEntries([...withoutMeaning].map((key) => [key, ignored])),
  },
  Install: { WantedBy: list },
};

/** Lines with their numbers: comments dropped, lines that end in a backslash joined with the next. */
function* logicalLines(text: string): Generator<readonly [number: number, line: string]> {
  let begun: [number, string] | undefined;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    if (/^\s*[#;]/.test(raw) || (begun === undefined && raw.trim() === '')) continue;
    const [number, before] = begun ?? [index + 1, ''];
    const line = `${before}${raw}`;
    const [slashes = ''] = /\\*$/.exec(line) ?? [];
    begun = slashes.length % 2 === 1 ? [number, `${line.slice(0, -1)} `] : undefined;
    if (begun === undefined) yield [number, line.trim()];
  }
  if (begun !== undefined) yield [begun[0], begun[1].trim()];
}

/** Reads a unit file; refuses, with file and line, what a sandbox does not support. */
export function parseUnit(text: string, path: string): Unit {
  const draft: Draft = {};
  const refuse = (line: number, why: string): never => {
    throw new SetupError('failed', message`${path}, line ${line}: ${why}`, {
      remedy: 'The supported keys are listed in src/setup/host/unit-file.ts.',
    });
  };
  let section: string | undefined;
  let last = 1;
  for (const [number, line] of logicalLines(text)) {
    last = number;
    // eslint-disable-next-line no-control-regex -- control characters are exactly what must be refused
    if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(line)) refuse(number, 'control characters are not supported');
    if (line.startsWith('[')) {
      section = /^\[(\w+)\]$/.exec(line)?.[1];
      if (section === undefined || !Object.hasOwn(keys, section)) refuse(number, `the section ${line} is not supported`);
      continue;
    }
    const [, key, value] = /^([A-Za-z]+)\s*=\s*(.*)$/s.exec(line) ?? [];
    if (key === undefined || value === undefined) return refuse(number, 'a section or key=value is expected');
    const known = keys[section ?? ''];
    if (known === undefined) return refuse(number, `${key} stands before the first section`);
    const take = Object.hasOwn(known, key) ? known[key] : undefined;
    if (take === undefined) return refuse(number, `${key} is not supported in [${section ?? ''}]`);
    try {
      take(value, draft);
    } catch (error) {
      refuse(number, `${key}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (draft.argv === undefined) return refuse(last, 'ExecStart is missing');
  return { ...defaults, ...draft, argv: draft.argv };
}

/** As in systemd, but for the limit to stop: a trial should not wait for a minute and a half. */
const defaults = {
  reloads: false,
  environment: {},
  directory: '/',
  restart: 'no',
  restartMs: 100,
  stopMs: 30_000,
  killSignal: 'SIGTERM',
  signalAll: true,
  umask: 0o022,
} as const;
