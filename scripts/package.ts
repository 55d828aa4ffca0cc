import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Effort, architecture, layDebian, packDebian, packTarball, packaged } from './package/debian.ts';
import { productionDependencies } from './package/dependencies.ts';
import { layProgram } from './package/program.ts';
import { type Release, layShare } from './package/share.ts';

/*
 * `npm run package`: makes the .deb and the tarball, for the kind of processor of this machine, in dist/. See docs/packaging.md.
 */

const project = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

export interface Wish {
  /** The folder to write into. */
  readonly into: string;
  /** Behind the version of package.json: `+git20260101`. */
  readonly suffix?: string;
  readonly epoch: number;
  readonly effort?: Effort;
  readonly kinds?: readonly ('deb' | 'tarball')[];
}

/** Whether a program is on the path. */
const isThere = (name: string): boolean => (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, name)));

/** The programs that packages are made with and that are missing here. */
export const missingTools = (): readonly string[] => ['dpkg-deb', 'tar', 'gzip'].filter((name) => !isThere(name));

/** The version to build. Throws for a suffix that would not make one (deb-version(7), no epoch and no revision). */
function versionWith(suffix: string): string {
  const { version } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as { version: string };
  if (!/^\d[A-Za-z0-9.+~]*$/.test(version + suffix)) throw new Error(`${version}${suffix} is no version: letters, digits and . + ~`);
  return version + suffix;
}

/** Makes the packages and returns their paths. The same sources, packages and epoch give the same bytes. */
export function buildPackages({ into, suffix = '', epoch, effort = 'small', kinds = ['deb', 'tarball'] }: Wish): readonly string[] {
  const release: Release = { version: versionWith(suffix), epoch };
  const dependencies = productionDependencies(project);
  const name = `engine-setup-${release.version}-linux-${process.arch}`;
  const deb = join(into, `engine-setup_${release.version}_${architecture(process.arch)}.deb`);
  const tarball = join(into, `${name}.tar.gz`);
  mkdirSync(into, { recursive: true });
  // Beside the result, so that the big files are moved and shared instead of copied.
  const stage = mkdtempSync(join(into, '.stage-'));
  try {
    const program = join(stage, name);
    layProgram(program, project, release.version, dependencies);
    if (kinds.includes('tarball')) {
      layShare(join(program, 'share'), project, release, dependencies);
      packTarball(program, tarball, release, effort);
      rmSync(join(program, 'share'), { recursive: true });
    }
    if (kinds.includes('deb')) {
      const root = join(stage, 'debian');
      mkdirSync(join(root, dirname(packaged)), { recursive: true });
      renameSync(program, join(root, packaged));
      layShare(join(root, 'usr/share'), project, release, dependencies);
      layDebian(root, project, release, process.arch);
      packDebian(root, deb, release, effort);
    }
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
  return [...(kinds.includes('deb') ? [deb] : []), ...(kinds.includes('tarball') ? [tarball] : [])];
}

/** What everything is dated with: SOURCE_DATE_EPOCH (reproducible-builds.org), or the time of the last commit. */
function epochOf(environment: NodeJS.ProcessEnv): number {
  const text =
    environment['SOURCE_DATE_EPOCH'] ?? execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: project, encoding: 'utf8' }).trim();
  if (!/^\d{1,10}$/.test(text)) throw new Error('SOURCE_DATE_EPOCH is a number of seconds since 1970');
  return Number(text);
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { suffix: { type: 'string' } } });
  const missing = missingTools();
  if (missing.length > 0) throw new Error(`packages are made with ${missing.join(' and ')}, which this machine lacks`);
  const paths = buildPackages({ into: join(project, 'dist'), epoch: epochOf(process.env), suffix: values.suffix ?? '' });
  for (const path of paths) console.log(path);
}
