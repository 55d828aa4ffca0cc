import { randomBytes } from 'node:crypto';
import type { Host, Text } from '#kit';
import { formatConf } from '../answers/conf.ts';
import type { Run } from '../core/run.ts';
import { catalogueFor } from '../ui/catalogue.ts';
import { silentLog, stamp } from '../ui/log.ts';
import { newMask } from '../ui/mask.ts';
import type { Arguments } from './args.ts';
import { openConversation, silence } from './conversation.ts';
import type { DialogKind } from './dialog-kind.ts';
import type { Input } from './input.ts';
import { tryOpenLog, usualLog } from './run-log.ts';
import { runSources } from './run-sources.ts';
import { answerSaver } from './save-answers.ts';
import type { Signals } from './signals.ts';

export interface Composed {
  readonly run: Run;
  /** @param code the exit code, for those who are told of the end */
  readonly close: (code: number) => void;
}

/** After a second signal in the middle of the work. */
const stoppedHalfWay: Text = 'Stopped before everything was taken back. Run engine-setup again: it takes that up.';

/**
 * The one place that wires everything: host, answers, dialog, log.
 * @param on.host the machine; it is a sandbox, or one in memory for a rehearsal
 * @param on.root where the log lies on the file system of this process
 * @param on.dialog undefined: the run only looks. Nothing may be written, not even a log, and nobody is asked
 */
export async function compose(
  args: Arguments,
  input: Input,
  on: { version: string; host: Host; root: string; signals: Signals; dialog: DialogKind | undefined },
): Promise<Composed> {
  const { version, host, root, signals, dialog: kind } = on;
  const { sources, files, warnings } = await runSources(input, { host, withoutKept: args.config.length > 0 });
  const name = `${stamp(new Date())}-${randomBytes(3).toString('hex')}`;
  const screenMask = newMask({ words: false });
  const logMask = newMask({ words: true });
  const logPath = args.log ?? usualLog(root, name);
  const { log, trouble } =
    kind === undefined ? { log: silentLog(logPath), trouble: [] } : tryOpenLog(logPath, logMask, { named: args.log !== undefined });
  const { catalogue, warning: noTranslation } = catalogueFor(process.env);
  const means = { mask: screenMask, log, signal: signals.signal, catalogue };
  const conversation = kind === undefined ? silence(means) : await openConversation(kind, args, means);
  const { dialog, observer } = conversation;
  signals.beforeEnd((code) => {
    dialog.log('error', code === 3 ? stoppedHalfWay : 'Stopped before anything was changed');
    conversation.end(code);
  });
  const all: readonly Text[] = [...trouble, ...(noTranslation === undefined ? [] : [noTranslation]), ...input.warnings, ...warnings];
  const run: Run = {
    version,
    name,
    plugins: input.plugins,
    host,
    sources,
    warnings: all,
    configurationFiles: files,
    dialog,
    observer,
    signal: signals.signal,
    allowed: args.allow,
    acceptDefaults: args.acceptDefaults,
    reconfigureOptional: args.reconfigureOptional,
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
    saveAnswers: answerSaver(args, name, host),
  };
  return {
    run,
    close(code) {
      conversation.end(code);
      log.close();
    },
  };
}
