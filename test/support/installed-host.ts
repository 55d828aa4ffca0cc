import { type Installed, type InstalledFile, withoutOwn } from './installed.ts';
import { bootHost } from './test-host.ts';
import { installationAnswers, ofHost, services } from './whole-host-answers.ts';

/* A real installation, looked at from outside. */

const schemas = { engine: ['engine', 'public'], directory: ['engine', 'aaa_jdbc'], history: ['ovirt_engine_history', 'public'] } as const;
const kinds = { 'regular file': 'file', 'regular empty file': 'file', directory: 'directory', 'symbolic link': 'link' } as const;
/** Keys are secret, and certificates and public keys are others every time. */
const isText = (path: string): boolean => !path.startsWith('/etc/pki/') && !/\/(?:pg_hba\.conf|known_hosts)$/.test(path);

/** Installs a package on a fresh host, runs setup there, and says what is there then. */
export async function installedHost(deb: string): Promise<Omit<Installed, 'version'>> {
  const host = await bootHost('equipped');
  const shell = async (...argv: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await host.run(argv);
    if (code !== 0) throw new Error(`${argv.join(' ')} ended with code ${code}:\n${stdout}${stderr}`);
    return stdout.replace(/\n$/, '');
  };
  const fileAt = async (path: string): Promise<InstalledFile> => {
    const [kind = '', mode = '', owner = ''] = (await shell('stat', '--format=%F\t%04a\t%U:%G', path)).split('\t');
    const known = kinds[kind as keyof typeof kinds];
    const link = known === 'link' ? { target: await shell('readlink', path) } : {};
    const text = known === 'file' && isText(path) ? { content: withoutOwn(`${await shell('cat', path)}\n`) } : {};
    return { kind: known, mode, owner, ...link, ...text };
  };
  try {
    await host.copy(deb, '/root/engine-setup.deb');
    await shell('sh', '-c', `umask 077; cat >/root/answers.conf <<'END'\n${installationAnswers}END`);
    await shell('dpkg', '-i', '/root/engine-setup.deb');
    await shell(ofHost, '--config-append=/root/answers.conf');
    const record = JSON.parse(await shell('cat', '/var/lib/ovirt-engine/setup/record.json')) as Readonly<Record<string, string>>;
    const files: Record<string, InstalledFile> = {};
    for (const path of Object.keys(record)) files[path] = await fileAt(path);
    const units: Record<string, Installed['units'][string]> = {};
    for (const unit of [...services, 'ovirt-engine-notifier', 'postgresql@15-main', 'apache2']) {
      const [active = '', enabled = ''] = (await shell('systemctl', 'show', '--value', '--property=ActiveState,UnitFileState', unit)).split(
        '\n',
      );
      units[unit] = { enabled, active };
    }
    const versionOf = (database: string, schema: string): Promise<string> =>
      shell(
        ...['runuser', '-u', 'postgres', '--', 'psql', '--no-psqlrc', '--dbname', database],
        ...['-Atc', `select version from ${schema}.schema_version where current order by id desc limit 1`],
      );
    const [engine, directory, history] = [schemas.engine, schemas.directory, schemas.history];
    return {
      schemas: { engine: await versionOf(...engine), directory: await versionOf(...directory), history: await versionOf(...history) },
      units,
      files,
    };
  } finally {
    await host.remove();
  }
}
