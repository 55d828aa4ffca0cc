import { parseArgs } from 'node:util';
import { isHostAddress } from '../hosts/host-address.ts';
import { misuse } from '../tool.ts';

export const help = `engine-iso-uploader lists ISO storage domains, and uploads files to them.

Usage:
  engine-iso-uploader [option ...] list
  engine-iso-uploader [option ...] -i NAME upload FILE [FILE ...]

Options:
  -i NAME, --iso-domain=NAME       the storage domain, which must be active: for ISO files, or for data, where each becomes a disk
  -n HOST:/PATH, --nfs-server=HOST:/PATH
                                   its folder on a file server, in the place of its name; the engine is not asked
  -f, --force                      replaces files that are there already
  --ssh-user=USER                  copies with ssh as this user (default root), also where the domain is on this host
  --ssh-port=PORT                  port of the ssh server (default 22)
  -k FILE, --key-file=FILE         key to log in with there
  -r HOST:PORT, --engine=HOST:PORT the engine (default: that of this host, or localhost:443)
  -u NAME, --user=NAME             user of the engine (default admin@internal), whose password is asked for, or is the first line of the input
  -p WORD, --passwd=WORD           its password, which everybody on this host can read there
  --cert-file=FILE                 authority of the engine (default /etc/pki/ovirt-engine/ca.pem)
  --insecure                       does not look at who vouches for the engine
  --conf-file=FILE                 settings (default /etc/ovirt-engine/isouploader.conf, and isouploader.conf.d/*.conf)
  --root=DIR                       the installation below this directory
  --log-file=FILE                  also writes what is told into this file
  --quiet                          tells of errors alone
  -v, --verbose                    tells of each request
  -h, --help                       this text
`;

/** What the command line says; what it leaves open stands in files. */
export interface Given {
  readonly verb: 'list' | 'upload';
  readonly files: readonly string[];
  readonly options: Options;
  readonly confFile: string | undefined;
  readonly root: string | undefined;
}

/** What the command line and files of settings have in common, by the names of files. */
export interface Options {
  readonly engine?: string;
  readonly user?: string;
  readonly passwd?: string;
  readonly 'iso-domain'?: string;
  readonly 'nfs-server'?: string;
  readonly 'ssh-user'?: string;
  readonly 'ssh-port'?: string;
  readonly 'key-file'?: string;
  readonly 'cert-file'?: string;
  readonly 'log-file'?: string;
  readonly insecure?: boolean;
  readonly force?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

const known = {
  'iso-domain': { type: 'string', short: 'i' },
  'nfs-server': { type: 'string', short: 'n' },
  force: { type: 'boolean', short: 'f' },
  'ssh-user': { type: 'string' },
  'ssh-port': { type: 'string' },
  'key-file': { type: 'string', short: 'k' },
  engine: { type: 'string', short: 'r' },
  user: { type: 'string', short: 'u' },
  passwd: { type: 'string', short: 'p' },
  'cert-file': { type: 'string' },
  insecure: { type: 'boolean' },
  'conf-file': { type: 'string' },
  root: { type: 'string' },
  'log-file': { type: 'string' },
  quiet: { type: 'boolean' },
  verbose: { type: 'boolean', short: 'v' },
  'with-kerberos': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: known, allowPositionals: true });
  } catch {
    throw misuse('The command line cannot be understood. See engine-iso-uploader --help.');
  }
}

/** Reads a command line; null where it asks for help. Throws a Problem. */
export function readArguments(args: readonly string[]): Given | null {
  const { values, positionals } = parse(args);
  const { help: wantsHelp, 'conf-file': confFile, root, 'with-kerberos': kerberos, ...options } = values;
  if (wantsHelp === true || args.length === 0) return null;
  if (kerberos === true) throw misuse('Kerberos is not among the ways to log in at this engine.');
  const [verb, ...files] = positionals;
  if (verb !== 'list' && verb !== 'upload') throw misuse('Say list or upload. See engine-iso-uploader --help.');
  if (verb === 'list' && files.length > 0) throw misuse('list takes no files.');
  if (verb === 'upload' && files.length === 0) throw misuse('Say which files are to be uploaded.');
  return { verb, files, options, confFile, root };
}

/** `HOST:PORT` or `HOST`, as addresses are written. Throws a Problem. */
export function readAddress(text: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, port = '443'] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? '';
  if (!isHostAddress(host) || Number(port) < 1 || Number(port) > 65_535) throw misuse(`${text} is not HOST:PORT.`);
  return { host, port: Number(port) };
}

/** `HOST:/PATH`. Throws a Problem. */
export function readServer(text: string): { readonly host: string; readonly path: string } {
  const [, bracketed, plain, path = ''] = /^(?:\[([^\]]+)\]|([^:]+)):(\/[^\0\n]*)$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? '';
  if (!isHostAddress(host)) throw misuse(`${text} is not HOST:/PATH.`);
  return { host, path: path.replace(/(?<=.)\/+$/, '') };
}
