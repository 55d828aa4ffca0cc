import { plugins } from '../../plugins/index.ts';
import { waivable } from '../../src/setup/answers/known.ts';
import { confirmSettings } from '../../src/setup/core/confirm.ts';
import { commands, options } from '../../src/setup/cli/options.ts';
import { helps } from './helps.ts';

const settings = [...plugins.flatMap((plugin) => plugin.settings ?? []), confirmSettings];
const keys = (secret: boolean): readonly string[] => settings.filter((one) => (one.secret === true) === secret).map(({ key }) => key);

/** The long options that a help names, with `=` where they take a value. */
function optionsIn(help: string): readonly string[] {
  const named = new Set<string>(help.match(/--[a-z][a-z-]*=?/g));
  return [...named].filter((name) => !named.has(`${name}=`));
}

/** The options of engine-setup, from its own table. */
const ownOptions = [...options].map(([name, { value }]) => `--${name}${value === undefined ? '' : '='}`);

/** `user add`, `query` and the like at the beginnings of lines. */
const directoryWords = (help: string): readonly string[] => [
  ...new Set([...help.matchAll(/^ {2}([a-z][a-z-]*)(?: ([a-z-]+))?/gm)].flatMap(([, module = '', verb = '']) => [module, verb])),
];

const words = (list: readonly string[]): string => list.filter((word) => word !== '').join(' ');

/**
 * The completion script: a template (packaging/completion.bash) with the words that the programs' own tables hold.
 * Keys of secrets are offered only where they may be given.
 */
export function completionScript(template: string): string {
  const choices = [...options].flatMap(([name, { choices: values = [] }]) => values.map((value) => `--${name}=${value}`));
  const offers = [...helps].map(
    ([name, help]) => `    ${name}) echo '${words(name === 'engine-setup' ? ownOptions : optionsIn(help))}' ;;`,
  );
  const places: Readonly<Record<string, string>> = {
    KEYS: words(keys(false)),
    SECRETS: words(keys(true)),
    ALLOW: words(waivable.map((id) => `--allow=${id}`)),
    CHOICES: words(choices),
    COMMANDS: words(Object.keys(commands)),
    DIRECTORY_WORDS: words(directoryWords(helps.get('ovirt-aaa-jdbc-tool') ?? '')),
    OPTIONS: offers.join('\n'),
    PROGRAMS: words([...helps.keys()]),
  };
  return template.replace(/@([A-Z_]+)@/g, (_, name: string) => {
    const text = places[name];
    if (text === undefined) throw new Error(`packaging/completion.bash: @${name}@ is not known`);
    return text;
  });
}
