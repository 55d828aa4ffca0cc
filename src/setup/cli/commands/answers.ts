import { plugins as ours } from '../../../../plugins/index.ts';
import { type Plugin, SetupError, type Text, message } from '#kit';
import { type AnswerFile, isYaml } from '../../answers/sources.ts';
import { confirmSettings } from '../../core/confirm.ts';
import { namedFiles, writePrivately } from '../answer-files.ts';
import type { Arguments } from '../args.ts';
import { documentText } from '../document.ts';
import type { ExitCode } from '../exit-codes.ts';
import { print } from '../output.ts';
import { listenToSignals } from '../signals.ts';

type Settings = NonNullable<Plugin['settings']>;

/** The settings that answers can be for: ours, and with `--root` those of the plugins that lie there. */
async function knownSettings({ root }: Arguments): Promise<Settings> {
  const known = [{ name: 'core', settings: [confirmSettings] }, ...ours];
  if (root === undefined) return known.flatMap(({ settings = [] }) => settings);
  const [{ thirdPartyPlugins }, { sandboxRoot }] = await Promise.all([import('../third-party/load.ts'), import('../sandbox-root.ts')]);
  const theirs = await thirdPartyPlugins(sandboxRoot(root), known);
  return [...known, ...theirs].flatMap(({ settings = [] }) => settings);
}

async function explainFiles(files: readonly AnswerFile[], settings: Settings, json: boolean): Promise<ExitCode> {
  const { explain } = await import('../../answers/explain.ts');
  const all = await explain(files, settings);
  if (json) print(documentText(all));
  else {
    const [{ explanationText }, { catalogueFor }, { visible }] = await Promise.all([
      import('../../answers/explain-text.ts'),
      import('../../ui/catalogue.ts'),
      import('../../ui/visible.ts'),
    ]);
    print(visible(explanationText(all, catalogueFor(process.env).catalogue)));
  }
  return all.some(({ status }) => status === 'bad-value') ? 4 : 0;
}

/** The format to write: as it was said, or as the file to write is called, or the one that the files do not have. */
function formatFor(files: readonly AnswerFile[], { to, output }: Arguments): 'conf' | 'yaml' {
  if (to !== undefined) return to;
  if (output !== undefined) return isYaml(output) ? 'yaml' : 'conf';
  const formats = new Set(files.map(({ path }) => isYaml(path)));
  if (formats.size > 1) throw usage('The files have different formats: say with --to=yaml or --to=conf which one to write');
  return formats.has(true) ? 'conf' : 'yaml';
}

async function convertFiles(files: readonly AnswerFile[], settings: Settings, args: Arguments): Promise<ExitCode> {
  const [{ convert }, { secrecy }] = await Promise.all([import('../../answers/convert.ts'), import('../../answers/meaning.ts')]);
  const { text, keys } = await convert(files, formatFor(files, args));
  if (args.output !== undefined) {
    writePrivately(args.output, text);
    return 0;
  }
  const secret = keys.filter(secrecy(settings));
  if (process.stdout.isTTY && secret.length > 0) {
    throw new SetupError('refused', message`The answers hold secrets, which a terminal would show: ${[...new Set(secret)].join(', ')}`, {
      remedy: 'Write them to a file that only you can read with --output=FILE.',
    });
  }
  print(text);
  return 0;
}

const usage = (text: Text): SetupError => new SetupError('usage', text, { remedy: 'See engine-setup --help.' });

/**
 * `engine-setup answers explain FILE...`: what each statement of answer files comes to; exit code 4 if a run would refuse one.
 * `engine-setup answers convert FILE...`: the same answers in the other format, passwords included, comments not.
 */
export async function answers(args: Arguments): Promise<ExitCode> {
  const [verb, ...paths] = args.words;
  if (verb !== 'explain' && verb !== 'convert') throw usage('answers wants one of its words: explain FILE..., or convert FILE...');
  if (paths.length === 0) throw usage(message`answers ${verb} wants the name of an answer file`);
  if (verb === 'explain' && (args.to ?? args.output) !== undefined) throw usage('--to and --output mean nothing to answers explain');
  if (verb === 'convert' && args.json) throw usage('--json means nothing to answers convert');
  const { signal } = listenToSignals(() => process.exit(5));
  const [settings, files] = await Promise.all([knownSettings(args), namedFiles({ ...args, config: [], configAppend: paths }, signal)]);
  return verb === 'explain' ? explainFiles(files, settings, args.json) : convertFiles(files, settings, args);
}
