import { createHash } from 'node:crypto';
import { type Entry, type HostReader, type Step, file, message, nothing, readText, sameEntry } from '#kit';
import type { Answers } from './answers.ts';
import type { Journal } from './journal.ts';

/** What setup owns on this host: paths and the hashes of what it left there. Tells drift, and cleanup what to take away. */
export type Owned = Readonly<Record<string, string>>;

const recordPath = '/var/lib/ovirt-engine/setup/record.json';

const hashOf = (entry: Entry | undefined): string => {
  if (entry === undefined) return 'absent';
  if (entry.kind === 'file') return createHash('sha256').update(entry.content).digest('hex');
  return entry.kind === 'link' ? `link ${entry.target}` : 'directory';
};

/** The record of the last run; empty where there is none, or none that can be read: it only serves notes. */
export async function readRecord(host: HostReader): Promise<Owned> {
  try {
    const parsed: unknown = JSON.parse((await readText(host, recordPath)) ?? '{}');
    const entries = Object.entries(typeof parsed === 'object' && parsed !== null ? parsed : {});
    return Object.fromEntries(entries.filter(([path, hash]) => path.startsWith('/') && typeof hash === 'string'));
  } catch {
    return {};
  }
}

/** Whether one of the paths is ours but no longer as we left it. */
export async function anyDrifted(paths: readonly string[], owned: Owned, host: HostReader): Promise<boolean> {
  for (const path of paths) {
    const left = owned[path];
    const found = hashOf(await host.files.read(path));
    if (left !== undefined && found !== 'absent' && found !== left) return true;
  }
  return false;
}

/** A file written by the core itself. */
const ownFile = (heading: Pick<Step, 'id' | 'title' | 'quiet'>, path: string, content: (host: HostReader) => Promise<string>): Step => ({
  ...{ quiet: false, ...heading },
  chapter: 'record',
  undo: 'restore-files',
  async check(host) {
    const found = await host.files.read(path);
    const wanted = file(await content(host), 0o600);
    return sameEntry(found, wanted) ? nothing : { kind: found === undefined ? 'create' : 'update', note: path, touches: [path] };
  },
  apply: async (host) => host.files.write(path, file(await content(host), 0o600)),
});

/** The step that brings the record up to date with what this run has touched. Runs at the commit, outside the plan. */
export const recordStep = (journal: Journal): Step =>
  ownFile({ id: 'record/files', title: 'Recording what was configured', quiet: true }, recordPath, async (host) => {
    const paths = new Set(Object.keys(await readRecord(host)));
    for (const entry of journal.entries())
      if (entry.t === 'begin') for (const path of Object.keys(entry.files)) if (path !== recordPath) paths.add(path);
    const hashes: Record<string, string> = {};
    for (const path of [...paths].sort()) {
      const hash = hashOf(await host.files.read(path));
      if (hash !== 'absent') hashes[path] = hash;
    }
    return `${JSON.stringify(hashes, null, 1)}\n`;
  });

/** Where the next run finds the answers that belong to the installation. */
export const postInstallPath = '/etc/ovirt-engine-setup.conf.d/20-setup-ovirt-post.conf';

/** The step that writes the post-install file: every relevant setting marked `keep`, in the order of the questions. */
export function postInstallStep(answers: Answers, version: string, format: (answers: ReadonlyMap<string, unknown>) => string): Step {
  const kept = [...answers.all].filter(([setting]) => (setting.keep ?? false) !== false && setting.secret !== true);
  const values = kept.map(([setting, { value }]) => [setting.key, value] as const);
  const text = format(new Map<string, unknown>([['OVESETUP_CORE/generatedByVersion', version], ...values]));
  return ownFile(
    { id: 'record/answers', title: message`Generating post install configuration file '${postInstallPath}'` },
    postInstallPath,
    () => Promise.resolve(text),
  );
}
