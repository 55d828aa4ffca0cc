import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { plugins } from '../../../plugins/index.ts';
import { formatConf } from '../answers/conf.ts';
import { readSources, unknownKeys, withoutEnd } from '../answers/sources.ts';
import type { AnySetting } from '../core/answers.ts';
import { confirmSettings } from '../core/confirm.ts';
import type { Run } from '../core/pipeline.ts';
import { sandboxHost } from '../host/sandbox.ts';
import { SetupError } from '../kit/errors.ts';
import { file } from '../kit/index.ts';
import { linesDialog } from '../ui/dialog-lines.ts';
import { stdinKeyboard } from '../ui/keyboard.ts';
import { type Log, openLog, silentLog, stamp } from '../ui/log.ts';
import { newMask } from '../ui/mask.ts';
import { linesProgress } from '../ui/progress-lines.ts';
import { stdoutScreen } from '../ui/screen.ts';
import { answerFiles, writePrivately } from './answer-files.ts';
import type { Arguments } from './args.ts';
import type { Signals } from './signals.ts';

const settings: readonly AnySetting[] = [...plugins.flatMap((plugin) => plugin.settings ?? []), confirmSettings];
const knownKeys = new Set(settings.flatMap(({ key, formerly }) => [key, ...(formerly ?? [])]));

/** The directory to install below. This version knows no other host than a sandbox. */
export function requireRoot(root: string | undefined): string {
  if (root !== undefined) return root;
  throw new SetupError('refused', 'Installing on this host itself is not supported by this version', {
    remedy: 'Install below a directory with --root=DIR, or try it with: engine-setup sandbox start',
  });
}

/** Secrets on a command line can be read by every user of the host. */
export function refuseSecrets(given: ReadonlyMap<string, string>): void {
  const secret = settings.filter(
    (setting) => setting.secret === true && [setting.key, ...(setting.formerly ?? [])].some((key) => given.has(key)),
  );
  if (secret.length === 0) return;
  throw new SetupError(
    'usage',
    `${secret.map(({ key }) => key).join(', ')}: secrets are not taken from the command line, where other users can see them`,
    {
      remedy: 'Put it into a file that only you can read, and name it with --config-append=FILE.',
    },
  );
}

/** Opens the log; without one the run goes on, and the screen says why. */
function tryOpenLog(path: string, mask: ReturnType<typeof newMask>): { readonly log: Log; readonly trouble?: string } {
  try {
    return { log: openLog(path, mask) };
  } catch (error) {
    return { log: silentLog(path), trouble: `The log ${path} cannot be written: ${(error as Error).message}` };
  }
}

export interface Composed {
  readonly run: Run;
  readonly close: () => void;
}

/**
 * The one place that wires everything: host, answers, dialog, log.
 * @param root absolute path of the sandbox
 * @param changes false: nothing may be written, not even a log
 */
export async function compose(
  args: Arguments,
  version: string,
  on: { root: string; signals: Signals; changes: boolean },
): Promise<Composed> {
  const { root, signals, changes } = on;
  const files = answerFiles(root, args.configAppend);
  const sources = await readSources(files, args.set);
  const host = sandboxHost(root);
  const screenMask = newMask({ words: false });
  const logMask = newMask({ words: true });
  const name = `${stamp(new Date())}-${randomBytes(3).toString('hex')}`;
  const logPath = args.log ?? join(root, `var/log/ovirt-engine/setup/ovirt-engine-setup-${name}.log`);
  const { log, trouble } = changes ? tryOpenLog(logPath, logMask) : { log: silentLog(logPath), trouble: undefined };
  const interactive = args.dialog === 'lines' || (process.stdin.isTTY && process.stdout.isTTY);
  const keyboard = interactive && changes ? stdinKeyboard(signals.signal) : undefined;
  const dialog = linesDialog({
    screen: changes ? stdoutScreen() : { colour: false, write: () => undefined },
    mask: screenMask,
    log,
    ...(keyboard === undefined ? {} : { keyboard }),
  });
  if (trouble !== undefined) dialog.log('warning', trouble);
  const run: Run = {
    version,
    name,
    plugins,
    host,
    sources,
    configurationFiles: files.map(({ path }) => path),
    dialog,
    observer: linesProgress(dialog, log),
    signal: signals.signal,
    allowed: args.allow,
    acceptDefaults: args.acceptDefaults,
    yes: args.yes,
    logFile: logPath,
    trace: (line) => log.write('DEBUG', 'setup', line),
    hide(secret) {
      screenMask.add(secret);
      logMask.add(secret);
    },
    masked: (text) => logMask.apply(text),
    committed: () => signals.commit(),
    formatAnswers: formatConf,
    warnings: [...withoutEnd(files), ...unknownKeys(sources, knownKeys)],
    async saveAnswers(text) {
      const directory = '/var/lib/ovirt-engine/setup/answers';
      const taken = (await host.files.list(directory)).includes(`${name.slice(0, 14)}-setup.conf`);
      const kept = `${directory}/${taken ? name : name.slice(0, 14)}-setup.conf`;
      await host.files.write(kept, file(text, 0o600));
      if (args.generateAnswer === undefined) return [host.files.real(kept)];
      writePrivately(args.generateAnswer, text);
      return [host.files.real(kept), args.generateAnswer];
    },
  };
  return {
    run,
    close() {
      keyboard?.close();
      log.close();
    },
  };
}
