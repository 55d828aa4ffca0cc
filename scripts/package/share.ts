import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { completionScript } from './completion.ts';
import { copyright } from './copyright.ts';
import type { Dependency } from './dependencies.ts';
import { helps } from './helps.ts';
import { manPage } from './man-page.ts';
import { link, put } from './tree.ts';

export interface Release {
  readonly version: string;
  /** Seconds since 1970 that everything is dated with. */
  readonly epoch: number;
}

/** Without a name and a time, so that the same text gives the same bytes. */
const zipped = (text: string | Uint8Array): Uint8Array => gzipSync(text, { level: 9 });

/** Lays what stands beside a program into a folder, which is /usr/share on a host: manual pages, completion, documents. */
export function layShare(folder: string, project: string, { version, epoch }: Release, dependencies: readonly Dependency[]): void {
  const text = (...path: readonly string[]): string => readFileSync(join(project, ...path), 'utf8');
  const date = new Date(epoch * 1000).toISOString().slice(0, 10);
  for (const [name, help] of helps) {
    put(join(folder, 'man/man8', `${name}.8.gz`), zipped(manPage(text('man', `${name}.8`), help, { version, date })));
  }
  // Looked up by the name of the program, so one file with a link for each of the others.
  const completions = join(folder, 'bash-completion/completions');
  put(join(completions, 'engine-setup'), completionScript(text('packaging/completion.bash')));
  for (const name of helps.keys()) if (name !== 'engine-setup') link(join(completions, name), 'engine-setup');

  const documents = join(folder, 'doc/engine-setup');
  put(join(documents, 'copyright'), copyright(dependencies));
  put(join(documents, 'changelog.gz'), zipped(text('CHANGELOG.md')));
  put(join(documents, 'README.md'), text('README.md'));
  for (const name of readdirSync(join(project, 'docs'))) {
    if (/\.(?:md|json)$/.test(name)) put(join(documents, 'docs', basename(name)), text('docs', name));
  }
}
