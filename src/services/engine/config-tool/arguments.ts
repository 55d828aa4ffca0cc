import { parseArgs } from 'node:util';
import { Problem } from '../tool.ts';
import type { Request } from './commands.ts';

export const help = `engine-config shows and changes options of the engine.

Usage:
  engine-config -l | --list              all options, with what they mean
  engine-config -a | --all               all options, with their values
  engine-config -d | --diff              those that are not as they usually are
  engine-config -g NAME | --get=NAME     the value of one
  engine-config -s NAME=VALUE | --set=NAME=VALUE
                                         changes one; it counts at once, without a restart
Options:
  -c FILE, --config=FILE                 configuration of the engine (default /etc/ovirt-engine/engine.conf)
  --root=DIR                             the installation below this directory
  --cver=general                         the only version that options have here
  -h, --help                             this text
`;

export interface Given {
  readonly request: Request;
  readonly config?: string;
  readonly root?: string;
}

const options = {
  list: { type: 'boolean', short: 'l' },
  all: { type: 'boolean', short: 'a' },
  diff: { type: 'boolean', short: 'd' },
  get: { type: 'string', short: 'g' },
  set: { type: 'string', short: 's' },
  config: { type: 'string', short: 'c' },
  root: { type: 'string' },
  cver: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch {
    throw new Problem('The command line cannot be understood. See engine-config --help.');
  }
}

/** Reads a command line. Throws Problem. */
export function readArguments(args: readonly string[]): Given {
  const { values, positionals } = parse(args);
  const verbs = (['list', 'all', 'diff', 'get', 'set'] as const).filter((name) => values[name] !== undefined);
  const where = {
    ...(values.config === undefined ? {} : { config: values.config }),
    ...(values.root === undefined ? {} : { root: values.root }),
  };
  if (values.help === true || args.length === 0) return { request: { verb: 'help' }, ...where };
  if (values.cver !== undefined && values.cver !== 'general') throw new Problem('Options have one version here: general.');
  const [verb, ...more] = verbs;
  if (verb === undefined || more.length > 0)
    throw new Problem('Say one of --list, --all, --diff, --get and --set. See engine-config --help.');
  if (positionals.length > 0) throw new Problem(`${positionals[0] ?? ''} is not expected here. See engine-config --help.`);
  if (verb === 'get') return { request: { verb, name: values.get ?? '' }, ...where };
  if (verb !== 'set') return { request: { verb }, ...where };
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(values.set ?? '') ?? [];
  if (name === undefined || value === undefined) throw new Problem('--set wants NAME=VALUE.');
  return { request: { verb, name, value }, ...where };
}
