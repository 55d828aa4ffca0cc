import { spawn } from 'node:child_process';
import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { failure } from './failures.ts';

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
  /** Whether its data lie in a file of their own. */
  readonly hasDataFile: boolean;
}

/** An image as a file that is open: names on the storage may lead elsewhere at any moment. */
export interface OpenImage {
  readonly file: Pick<FileHandle, 'fd'>;
  readonly format: VolumeFormat;
}

export interface QemuImg {
  /** Makes an image of a file that is empty. */
  create(
    image: OpenImage & {
      readonly bytes: number;
      readonly isPreallocated: boolean;
      /** What its header is to say of the image below it. */
      readonly backing: { readonly path: string; readonly format: VolumeFormat } | null;
    },
    signal: AbortSignal,
  ): Promise<void>;
  /** Makes an image larger. What is below it has no more bytes than it has. */
  resize(image: OpenImage, bytes: number, isPreallocated: boolean, signal: AbortSignal): Promise<void>;
  /** Writes what an image shows into a file that is empty. Those below it follow it, the lowest last. */
  convert(chain: readonly OpenImage[], target: OpenImage & { readonly isPreallocated: boolean }, signal: AbortSignal): Promise<void>;
  info(image: OpenImage): Promise<ImageInfo>;
}

const infoLimits = { seconds: 30, bytes: 1024 ** 3 } as const;
const lastWords = 500;
const mostBytes = 2 ** 20;
/** The first file that a program is given beside its standard ones has this number there. */
const firstFile = 3;
const pathOf = (place: number): string => `/proc/self/fd/${firstFile + place}`;

/** What QEMU is told of an image, so that it opens nothing but the files it is given, whatever headers say. */
const node = (format: VolumeFormat, place: number, backing: object | null): object => ({
  driver: formatNames[format],
  file: { driver: 'file', filename: pathOf(place) },
  ...(format === 'COW' ? { backing } : {}),
});

/** How a program of QEMU is told of an image and those below it, the lowest last: it is given them as files that are open, in that order. */
export const chainName = (chain: readonly OpenImage[]): string =>
  `json:${JSON.stringify(chain.reduceRight<object | null>((below, { format }, place) => node(format, place, below), null))}`;

/** Makes what runs QEMU's program for images. It is handed files that are open, and told no names. */
export function createQemuImg(program: string): QemuImg {
  const run = (argv: readonly [string, ...string[]], files: readonly OpenImage[], signal?: AbortSignal): Promise<string> =>
    new Promise((resolve, reject) => {
      const [name, ...args] = argv;
      const child = spawn(name, args, {
        cwd: '/',
        env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' },
        stdio: ['ignore', 'pipe', 'pipe', ...files.map(({ file }) => file.fd)],
        // Half done is for others to clean up; what is told to end does not go on writing.
        killSignal: 'SIGKILL',
        ...(signal ? { signal } : {}),
      });
      const [out, said] = [collect(child.stdout), collect(child.stderr)];
      child.on('error', reject);
      child.on('close', (code) => {
        if (code === 0) return resolve(out());
        const words = said().trim().slice(-lastWords) || `${program} was ended`;
        if (/No space left on device|Disk quota exceeded|File too large/.test(words))
          reject(failure('no space', `There is no room left on the storage: ${words}`));
        else reject(new Error(words));
      });
    });
  const preallocation = (isPreallocated: boolean): readonly string[] => (isPreallocated ? ['preallocation=falloc'] : []);

  return {
    async create({ bytes, isPreallocated, backing, ...image }, signal) {
      const options = [...(image.format === 'COW' ? ['compat=1.1'] : []), ...preallocation(isPreallocated)];
      await run(
        [
          ...([program, 'create', '-q', '-f', formatNames[image.format]] as const),
          ...(options.length === 0 ? [] : ['-o', options.join(',')]),
          // The image below is there, and has been looked at; it may be in use.
          ...(backing === null ? [] : ['-u', '-b', backing.path, '-F', formatNames[backing.format]]),
          ...[pathOf(0), String(bytes)],
        ],
        [image],
        signal,
      );
    },
    async resize(image, bytes, isPreallocated, signal) {
      const how = isPreallocated ? ['--preallocation=falloc'] : [];
      await run([program, 'resize', '-q', ...how, `json:${JSON.stringify(node(image.format, 0, null))}`, String(bytes)], [image], signal);
    },
    async convert(chain, target, signal) {
      const options = [...(target.format === 'COW' ? ['compat=1.1'] : []), ...preallocation(target.isPreallocated)];
      await run(
        [
          ...([program, 'convert', '-q', '-O', formatNames[target.format]] as const),
          ...[...(options.length === 0 ? [] : ['-o', options.join(',')]), chainName(chain), pathOf(chain.length)],
        ],
        [...chain, target],
        signal,
      );
    },
    async info(image) {
      // A forged header may ask for any amount of memory and time.
      const limits = ['/usr/bin/prlimit', `--cpu=${infoLimits.seconds}`, `--as=${infoLimits.bytes}`, '--'] as const;
      const out = await run([...limits, program, 'info', '-U', '--output=json', '-f', formatNames[image.format], pathOf(0)], [image]);
      return readInfo(JSON.parse(out));
    },
  };
}

/** Keeps what comes, up to a limit. */
function collect(stream: Readable | null): () => string {
  const pieces: Buffer[] = [];
  let size = 0;
  stream?.on('data', (piece: Buffer) => {
    size += piece.length;
    if (size <= mostBytes) pieces.push(piece);
  });
  return () => Buffer.concat(pieces).toString();
}

function readInfo(value: unknown): ImageInfo {
  const info = value as Readonly<Record<string, unknown>>;
  const special = info['format-specific'] as { readonly data?: Readonly<Record<string, unknown>> } | undefined;
  const text = (key: string): string | null => (typeof info[key] === 'string' ? info[key] : null);
  return {
    format: text('format') ?? '',
    virtualSize: Number(info['virtual-size']),
    backing: text('backing-filename'),
    hasDataFile: special?.data?.['data-file'] !== undefined,
  };
}
