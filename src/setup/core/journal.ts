import { type Host, type HostReader, type Json, SetupError, type Text, message, readText, term } from '#kit';

/** When a line was written; journals of older versions do not say. */
interface Timed {
  /** ISO 8601, UTC. */
  readonly at?: string;
}

/**
 * What a journal line says. `files` maps each touched path to the stash copy of what was there; null: nothing was.
 * `parents` are directories above them that were not there either.
 */
export type Entry = Timed & Event;
type Event =
  | {
      readonly t: 'start';
      readonly run: string;
      readonly version: string;
      readonly steps: readonly string[];
      readonly titles?: readonly Text[];
    }
  | { readonly t: 'stopped'; readonly unit: string }
  | {
      readonly t: 'begin';
      readonly step: string;
      readonly kept: Json;
      readonly files: Readonly<Record<string, string | null>>;
      readonly parents: readonly string[];
    }
  | { readonly t: 'done' | 'already'; readonly step: string; readonly ms: number }
  | { readonly t: 'failed' | 'undone' | 'undo-failed'; readonly step: string; readonly error?: Text }
  | { readonly t: 'notify' | 'notified'; readonly unit: string }
  | { readonly t: 'end'; readonly result: 'ok' | 'rolled-back' };

/**
 * One JSON object a line, synced to disk before the effect it announces. Journal and stash together are the transaction.
 * Neither file contents nor secrets stand in it, so it can be attached to a bug report.
 */
export interface Journal {
  readonly run: string;
  /** The directory of the run: journal and stash. */
  readonly directory: string;
  /** Writes a line, with its time. */
  append(entry: Event): Promise<void>;
  entries(): readonly Entry[];
}

/** Where the runs are kept. */
export const runsDirectory = '/var/lib/ovirt-engine/setup/runs';
/** Journals of ended runs that are kept for questions afterwards. */
const kept = 10;

const fileIn = (run: string): string => `${runsDirectory}/${run}/journal`;

/** Room for the lines of a rollback, set aside while there is some: a full disk must not keep a run from being taken back. */
const roomForLines = 64 * 1024;
const reserveIn = (directory: string): string => `${directory}/stash/reserve`;

/** Throws what the file system says, with how much is needed. */
async function setAside(host: Host, directory: string, bytes: number): Promise<void> {
  try {
    await host.files.write(reserveIn(directory), { kind: 'file', content: Buffer.alloc(bytes), mode: 0o600 });
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    const needed = Math.ceil(bytes / 1024 / 1024);
    throw new SetupError(
      error.code,
      message`Setup cannot set ${needed} MiB aside, without which it could not take everything back: ${term(error.text)}`,
      {
        cause: error,
        ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
      },
    );
  }
}

/** Gives that room to whoever writes next. */
export async function freeReserve(host: Host, { directory }: Pick<Journal, 'directory'>): Promise<void> {
  const path = reserveIn(directory);
  if ((await host.files.read(path)) !== undefined) await host.files.remove(path);
}

function parse(text: string, path: string): readonly Entry[] {
  const lines = text.split('\n');
  // The last line is complete only if a line end follows it: a power cut may have torn it.
  const complete = lines.slice(0, -1);
  return complete.map((line, index) => {
    try {
      const entry = JSON.parse(line) as Partial<Entry> | null;
      if (typeof entry?.t !== 'string') throw new Error('no entry');
      return entry as Entry;
    } catch {
      throw new SetupError('refused', message`The journal of an unfinished run is damaged: ${path}, line ${index + 1}`, {
        remedy: message`That run cannot be undone by itself any more. To go on from the present state of the host, move the directory ${path.replace(/\/journal$/, '')} away and run engine-setup again: it compares the host with what is wanted.`,
      });
    }
  });
}

function open(host: Host, run: string, before: readonly Entry[]): Journal {
  const all: Entry[] = [...before];
  return {
    run,
    directory: `${runsDirectory}/${run}`,
    async append(event) {
      const entry: Entry = { ...event, at: host.now().toISOString() };
      await host.files.append(fileIn(run), JSON.stringify(entry));
      all.push(entry);
    },
    entries: () => all,
  };
}

/** A run without an end, as its entries; undefined if all runs came to an end. Throws `refused` when its journal is damaged. */
export async function findUnfinished(host: HostReader): Promise<{ readonly run: string; readonly entries: readonly Entry[] } | undefined> {
  for (const run of [...(await host.files.list(runsDirectory))].reverse()) {
    const text = await readText(host, fileIn(run));
    if (text === undefined) continue;
    const entries = parse(text, host.files.real(fileIn(run)));
    if (entries.length > 0 && entries.at(-1)?.t !== 'end') return { run, entries };
  }
  return undefined;
}

/** The runs that came to their end, oldest first, as their entries. Journals that cannot be read are passed over: they only serve estimates. */
export async function endedRuns(host: HostReader): Promise<readonly (readonly Entry[])[]> {
  const runs: (readonly Entry[])[] = [];
  for (const run of await host.files.list(runsDirectory)) {
    try {
      const entries = parse((await readText(host, fileIn(run))) ?? '', fileIn(run));
      if (entries.at(-1)?.t === 'end') runs.push(entries);
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
    }
  }
  return runs;
}

/**
 * Opens the journal of the unfinished run, or of a new one. A torn last line is cut off first, so that the next one starts clean.
 * @param room bytes that a new run needs on the way back beside its lines
 */
export async function openJournal(
  host: Host,
  unfinished: Awaited<ReturnType<typeof findUnfinished>>,
  newRun: string,
  room = 0,
): Promise<Journal> {
  const run = unfinished?.run ?? newRun;
  const directory = { kind: 'directory', mode: 0o700 } as const;
  // A run that was cut off within its very first line has begun nothing.
  if (unfinished === undefined && (await host.files.read(fileIn(run))) !== undefined) await host.files.remove(fileIn(run));
  await host.files.write(`${runsDirectory}/${run}`, directory);
  if (unfinished === undefined) {
    const opened = open(host, run, []);
    await host.files.write(`${opened.directory}/stash`, directory);
    await setAside(host, opened.directory, roomForLines + room);
    return opened;
  }
  const text = (await readText(host, fileIn(run))) ?? '';
  if (!text.endsWith('\n')) {
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    await host.files.write(fileIn(run), { kind: 'file', content: Buffer.from(whole), mode: 0o600 });
  }
  return open(host, run, unfinished.entries);
}

/** Throws away what only an unfinished run needs (the stash holds old contents, secrets among them), and the oldest journals. */
export async function tidyRuns(host: Host): Promise<void> {
  const runs = await host.files.list(runsDirectory);
  const ended: string[] = [];
  for (const run of runs) {
    const lines = (await readText(host, fileIn(run)))?.split('\n') ?? [];
    // Without one whole line nothing was begun.
    if (lines.length <= 1) {
      await host.files.remove(`${runsDirectory}/${run}`);
      continue;
    }
    if (lines.at(-2)?.startsWith('{"t":"end"') !== true) continue;
    ended.push(run);
    if ((await host.files.list(`${runsDirectory}/${run}/stash`)).length > 0) await host.files.remove(`${runsDirectory}/${run}/stash`);
  }
  for (const run of ended.slice(0, Math.max(0, ended.length - kept))) await host.files.remove(`${runsDirectory}/${run}`);
}
