import { execFile } from 'node:child_process';
import { failure } from './failures.ts';
import type { Folder } from './folder.ts';

export type VolumeFormat = 'RAW' | 'COW';
/** What QEMU calls a format. */
export const formatNames = { RAW: 'raw', COW: 'qcow2' } as const;

/** What QEMU says of an image that nobody can be trusted to have written. */
export interface ImageInfo {
  readonly format: string;
  /** Bytes that a guest sees. */
  readonly virtualSize: number;
  /** The image below it, as it is written in its header. */
  readonly backing: string | null;
  readonly backingFormat: string | null;
  /** Whether its data lie in a file of their own. */
  readonly hasDataFile: boolean;
}

export interface QemuImg {
  create(
    folder: Folder,
    name: string,
    image: {
      readonly format: VolumeFormat;
      readonly bytes: number;
      readonly isPreallocated: boolean;
      readonly backing: { readonly path: string; readonly format: VolumeFormat } | null;
    },
    signal: AbortSignal,
  ): Promise<void>;
  resize(folder: Folder, name: string, format: VolumeFormat, bytes: number, isPreallocated: boolean, signal: AbortSignal): Promise<void>;
  /** Writes what an image and those below it show into another one. Both folders are held open by the caller. */
  convert(
    source: { readonly folder: Folder; readonly name: string; readonly format: VolumeFormat },
    target: { readonly path: string; readonly format: VolumeFormat; readonly isPreallocated: boolean },
    signal: AbortSignal,
  ): Promise<void>;
  info(folder: Folder, name: string, format: VolumeFormat): Promise<ImageInfo>;
}

const infoLimits = { seconds: 30, bytes: 1024 ** 3 } as const;
const lastWords = 500;

/** Makes what runs QEMU's program for images, in the folder of the image, so that no link on the way there is followed. */
export function createQemuImg(program: string): QemuImg {
  const run = (argv: readonly [string, ...string[]], cwd: string, signal?: AbortSignal): Promise<string> =>
    new Promise((resolve, reject) => {
      const [file, ...args] = argv;
      execFile(
        file,
        args,
        // Half done is for others to clean up; what is told to end does not go on writing.
        { cwd, env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' }, maxBuffer: 2 ** 20, killSignal: 'SIGKILL', ...(signal ? { signal } : {}) },
        (error, out, said) => {
          if (error === null) return resolve(out);
          const words = said.trim().slice(-lastWords) || error.message;
          if (/No space left on device|Disk quota exceeded|File too large/.test(words))
            reject(failure('no space', `There is no room left on the storage: ${words}`, error));
          else reject(new Error(words, { cause: error }));
        },
      );
    });
  const preallocation = (isPreallocated: boolean): readonly string[] => (isPreallocated ? ['preallocation=falloc'] : []);

  return {
    async create(folder, name, { format, bytes, isPreallocated, backing }, signal) {
      const options = [...(format === 'COW' ? ['compat=1.1'] : []), ...preallocation(isPreallocated)];
      await run(
        [
          ...([program, 'create', '-q', '-f', formatNames[format]] as const),
          ...(options.length === 0 ? [] : ['-o', options.join(',')]),
          // The image below is there, and has been looked at; it may be in use.
          ...(backing === null ? [] : ['-u', '-b', backing.path, '-F', formatNames[backing.format]]),
          ...[`./${name}`, String(bytes)],
        ],
        folder.self,
        signal,
      );
    },
    async resize(folder, name, format, bytes, isPreallocated, signal) {
      const how = isPreallocated ? ['--preallocation=falloc'] : [];
      await run([program, 'resize', '-q', '-f', formatNames[format], ...how, `./${name}`, String(bytes)], folder.self, signal);
    },
    async convert(source, target, signal) {
      const options = [...(target.format === 'COW' ? ['compat=1.1'] : []), ...preallocation(target.isPreallocated)];
      const how = [...(options.length === 0 ? [] : ['-o', options.join(',')])];
      await run(
        [
          ...([program, 'convert', '-q', '-f', formatNames[source.format], '-O', formatNames[target.format]] as const),
          ...[...how, `./${source.name}`, target.path],
        ],
        source.folder.self,
        signal,
      );
    },
    async info(folder, name, format) {
      // A forged header may ask for any amount of memory and time.
      const limits = ['/usr/bin/prlimit', `--cpu=${infoLimits.seconds}`, `--as=${infoLimits.bytes}`, '--'] as const;
      const out = await run([...limits, program, 'info', '-U', '--output=json', '-f', formatNames[format], `./${name}`], folder.self);
      return readInfo(JSON.parse(out));
    },
  };
}

function readInfo(value: unknown): ImageInfo {
  const info = value as Readonly<Record<string, unknown>>;
  const special = info['format-specific'] as { readonly data?: Readonly<Record<string, unknown>> } | undefined;
  const text = (key: string): string | null => (typeof info[key] === 'string' ? info[key] : null);
  return {
    format: text('format') ?? '',
    virtualSize: Number(info['virtual-size']),
    backing: text('backing-filename'),
    backingFormat: text('backing-filename-format'),
    hasDataFile: special?.data?.['data-file'] !== undefined,
  };
}
