import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { link, normalize, pathsBelow, put } from './tree.ts';
import { programNames } from './program.ts';
import type { Release } from './share.ts';

/** Debian's names of processors by those of Node. */
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };
export const architecture = (arch: string): string => {
  const name = architectures[arch];
  if (name === undefined) throw new Error(`there is no runtime for ${arch}`);
  return name;
};

/** The program as dpkg keeps it; the maintainer scripts make the folder of a version from it. */
export const packaged = 'usr/lib/ovirt-engine/packaged';

/** What dpkg checks installed files by: lines as md5sum writes them. */
const checksums = (folder: string, files: readonly string[]): string =>
  files
    .map(
      (path) =>
        `${createHash('md5')
          .update(readFileSync(join(folder, path)))
          .digest('hex')}  ${path}\n`,
    )
    .join('');

/** Kibibytes on a disk, as Policy 5.6.20 counts them: files rounded up, one for everything else. */
const kibibytes = (folder: string, paths: readonly string[]): number =>
  paths.reduce((sum, path) => {
    const stat = lstatSync(join(folder, path));
    return sum + (stat.isFile() ? Math.ceil(stat.size / 1024) : 1);
  }, 0);

/**
 * Completes a folder that holds the files of a package below `usr`: links, control file and maintainer scripts.
 * The format is that of deb(5), deb-control(5) and Policy 6.
 */
export function layDebian(folder: string, project: string, release: Release, arch: string): void {
  for (const name of programNames(project)) link(join(folder, 'usr/bin', name), `../lib/ovirt-engine/current/bin/${name}`);
  const paths = pathsBelow(folder);
  const files = paths.filter((path) => lstatSync(join(folder, path)).isFile());
  const places: Readonly<Record<string, string>> = {
    VERSION: release.version,
    ARCHITECTURE: architecture(arch),
    SIZE: String(kibibytes(folder, paths)),
    FUNCTIONS: readFileSync(join(project, 'packaging/debian/functions.sh'), 'utf8').trimEnd(),
  };
  for (const name of ['control', 'postinst', 'prerm', 'postrm']) {
    const text = readFileSync(join(project, 'packaging/debian', name), 'utf8');
    const filled = text.replace(/@([A-Z]+)@/g, (whole, place: string) => places[place] ?? whole);
    put(join(folder, 'DEBIAN', name), filled, name === 'control' ? 0o644 : 0o755);
  }
  put(join(folder, 'DEBIAN/md5sums'), checksums(folder, files));
}

/** How hard to press: what is published is small, what a test builds is there soon. */
export type Effort = 'small' | 'quick';

const environmentFor = (epoch: number): NodeJS.ProcessEnv => ({ ...process.env, SOURCE_DATE_EPOCH: String(epoch), LC_ALL: 'C' });

/** Makes the .deb of a folder. Zstandard: dpkg 1.21.18 or newer, which Debian 12 has, and a tenth of the time that xz takes. */
export function packDebian(folder: string, file: string, { epoch }: Release, effort: Effort): void {
  normalize(folder, epoch);
  const options = ['-Zzstd', effort === 'small' ? '-z12' : '-z1', '--root-owner-group'];
  execFileSync('dpkg-deb', [...options, '--build', folder, file], { env: environmentFor(epoch), stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Makes a .tar.gz with the folder as its only entry at the top. */
export function packTarball(folder: string, file: string, { epoch }: Release, effort: Effort): void {
  normalize(folder, epoch);
  const fixed = ['--sort=name', '--format=gnu', '--owner=0', '--group=0', '--numeric-owner', `--mtime=@${epoch}`];
  const compressor = `gzip --no-name -${effort === 'small' ? 6 : 1}`;
  const args = ['--create', ...fixed, `--use-compress-program=${compressor}`, `--file=${file}`, `--directory=${join(folder, '..')}`];
  execFileSync('tar', [...args, basename(folder)], { env: environmentFor(epoch), stdio: ['ignore', 'ignore', 'inherit'] });
}
