import { plugins as ours } from '../../../plugins/index.ts';
import { type Plugin, type Text, message } from '#kit';
import { secrecy } from '../answers/meaning.ts';
import type { CommandLineAnswer } from '../answers/sources.ts';
import { confirmSettings } from '../core/confirm.ts';
import { type NamedFile, findFiles, keepInput } from './answer-files.ts';
import { allowedNames } from './allowed-names.ts';
import type { Arguments } from './args.ts';
import { commandLineAnswers } from './command-line-answers.ts';
import { exposedSecrets } from './exposed-secrets.ts';
import { thirdPartyPlugins } from './third-party/load.ts';

/** What a run is given from outside, by its user and by those who extend it. */
export interface Input {
  /** Our plugins and those of third parties. */
  readonly plugins: readonly Plugin[];
  /** Answer files that were named for this run, in the order they count. */
  readonly files: readonly NamedFile[];
  readonly answers: readonly CommandLineAnswer[];
  /** What is odd about all that, and harmless. */
  readonly warnings: readonly Text[];
}

/**
 * Reads all input before anything is written. Answers that cannot be read are a part of it: see `refuseFlaws`.
 * @param on.root where plugins of third parties are looked for
 * @param on.plugins another program than the wizard of the engine, which nobody extends
 * @throws SetupError `usage`, or `refused` for plugins that cannot be used
 */
export async function readInput(args: Arguments, on: { root: string; signal: AbortSignal; plugins?: readonly Plugin[] }): Promise<Input> {
  const theirs = on.plugins === undefined ? await thirdPartyPlugins(on.root, [{ name: 'core', settings: [confirmSettings] }, ...ours]) : [];
  const plugins = [...(on.plugins ?? ours), ...theirs];
  const unknownDoubts = await allowedNames(args.allow, theirs);
  const isSecret = secrecy(plugins.flatMap(({ settings }) => settings ?? []));
  const answers = await commandLineAnswers(args, isSecret, on.signal);
  const files = await findFiles(args, on.signal);
  keepInput(args, files);
  const warnings = await exposedSecrets(files, isSecret);
  const jboss = args.jbossHome === undefined ? [] : [message`--jboss-home has no effect: the engine needs no JBoss`];
  return { plugins, files, answers, warnings: [...warnings, ...unknownDoubts, ...jboss] };
}
