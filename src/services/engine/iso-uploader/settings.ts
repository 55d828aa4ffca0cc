import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Assignment, ConfigError } from '../../frame/conf-parser.ts';
import { loadConfig } from '../../frame/config.ts';
import { parseIni } from '../../frame/ini-parser.ts';
import { misuse, Problem } from '../tool.ts';
import { type Given, type Options, readAddress, readServer } from './arguments.ts';

/** Everything that is settled before the first request. */
export interface Settings {
  readonly engine: { readonly host: string; readonly port: number };
  readonly user: string;
  /** Null where it is asked for. */
  readonly password: string | null;
  /** Certificates of who vouches for the engine, in PEM; null where nobody has to. */
  readonly authority: string | null;
  readonly domain: string | null;
  readonly server: { readonly host: string; readonly path: string } | null;
  /** Null where the domain may be copied to in place. */
  readonly sshUser: string | null;
  readonly sshPort: number;
  readonly keyFile: string | null;
  readonly force: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly logFile: string | null;
}

const section = 'ISOUploader';
const words = [
  'engine',
  'user',
  'passwd',
  'iso-domain',
  'nfs-server',
  'ssh-user',
  'ssh-port',
  'key-file',
  'cert-file',
  'log-file',
] as const;
const switches = ['insecure', 'force', 'quiet', 'verbose'] as const;

async function readText(file: string): Promise<string | null> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    if (code === 'ENOENT') return null;
    throw new Problem(`${file} cannot be read (${code}).`);
  });
}

/** What files of settings say. Throws ConfigError, or a Problem where a file that was named is not there. */
async function readFiles(main: string, isNamed: boolean): Promise<Options> {
  const text = await readText(main);
  if (text === null && isNamed) throw new Problem(`${main} is not there.`);
  const folder = `${main}.d`;
  const more = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.conf')).sort();
  const values = new Map<string, Assignment>();
  const problems = text === null ? [] : parseIni(text, main, values);
  for (const name of more) problems.push(...parseIni((await readText(join(folder, name))) ?? '', join(folder, name), values));
  if (problems.length > 0) throw new ConfigError(problems);
  const valueOf = (key: string): string | undefined => values.get(`${section}/${key}`)?.value || undefined;
  const given = words.flatMap((key) => {
    const value = valueOf(key) ?? valueOf(key.replace('-', '_'));
    return value === undefined ? [] : [[key, value] as const];
  });
  const on = switches.flatMap((key) => (/^(true|yes|1)$/i.test(valueOf(key) ?? '') ? [[key, true] as const] : []));
  return Object.fromEntries([...given, ...on]) as Options;
}

/** Where the engine of this host is, and who vouches for it; nothing where none is installed here, or this user may not know. */
async function engineHere(root: string): Promise<{ readonly engine?: string; readonly authority?: string }> {
  const defaults = fileURLToPath(new URL('../defaults.conf', import.meta.url));
  const config = await loadConfig(join(root, '/etc/ovirt-engine/engine.conf'), defaults).catch(() => null);
  if (config === null) return {};
  const [url, name, authority] = ['ENGINE_SSO_AUTH_URL', 'ENGINE_FQDN', 'ENGINE_PKI_CA'].map((key) => config.optionalText(key));
  const { hostname, port } = URL.parse(url ?? '') ?? { hostname: name ?? '', port: '' };
  return {
    ...(hostname === '' ? {} : { engine: `${hostname}:${port === '' ? '443' : port}` }),
    ...(authority === null || authority === undefined ? {} : { authority }),
  };
}

/** Puts together what the command line, files of settings and the engine of this host say, in this order. Throws a Problem or ConfigError. */
export async function settle({ options, confFile, root = '/' }: Given): Promise<Settings> {
  const all: Options = {
    ...(await readFiles(confFile ?? join(root, 'etc/ovirt-engine/isouploader.conf'), confFile !== undefined)),
    ...(Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options),
  };
  const here = await engineHere(root);
  const { user = 'admin@internal', 'ssh-user': sshUser = null, 'ssh-port': sshPort = '22', 'nfs-server': server } = all;
  if (sshUser !== null && !/^[a-z_][a-z0-9_.-]{0,31}$/i.test(sshUser)) throw misuse('--ssh-user is the name of an account.');
  if (!/^\d{1,5}$/.test(sshPort) || Number(sshPort) < 1 || Number(sshPort) > 65_535)
    throw misuse('--ssh-port is a number from 1 to 65535.');
  if (server !== undefined && all['iso-domain'] !== undefined) throw misuse('Say either --iso-domain or --nfs-server.');
  if (!/^[^:\s]+@[^:\s]+$/.test(user)) throw misuse('--user is NAME@PROFILE, such as admin@internal.');
  const engine = readAddress(all.engine ?? here.engine ?? 'localhost:443');
  const file = all['cert-file'] ?? here.authority ?? join(root, 'etc/pki/ovirt-engine/ca.pem');
  const authority = all.insecure === true || server !== undefined ? null : await readText(file);
  if (authority === null && all.insecure !== true && server === undefined)
    throw new Problem(`${file} is not there. Name the certificate of the engine's authority with --cert-file.`);
  return {
    ...{ engine, user, authority, sshUser, sshPort: Number(sshPort) },
    password: all.passwd ?? null,
    domain: all['iso-domain'] ?? null,
    server: server === undefined ? null : readServer(server),
    keyFile: all['key-file']?.replace(/^~(?=\/)/, homedir()) ?? null,
    logFile: all['log-file'] ?? null,
    ...{ force: all.force === true, quiet: all.quiet === true, verbose: all.verbose === true },
  };
}
