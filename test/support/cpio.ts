/* Archives of the kernel's initial file system: "newc" of cpio(5), as the kernel reads it. */

export interface CpioEntry {
  readonly name: string;
  /** Kind and permissions, as in `st_mode`. */
  readonly mode: number;
  /** The target of a link; nothing of a folder. */
  readonly content: Buffer;
}

const headBytes = 110;
const upTo4 = (bytes: number): number => (bytes + 3) & ~3;

/** Reads an archive up to its end; the kernel would read what comes behind it, too. */
export function readCpio(archive: Buffer): readonly CpioEntry[] {
  const entries: CpioEntry[] = [];
  for (let at = 0; ;) {
    const field = (index: number): number => parseInt(archive.toString('latin1', at + 6 + 8 * index, at + 14 + 8 * index), 16);
    if (archive.toString('latin1', at, at + 6) !== '070701') throw new Error('this is no archive of cpio');
    const [mode, size, nameSize] = [field(1), field(6), field(11)];
    const name = archive.toString('utf8', at + headBytes, at + headBytes + nameSize - 1);
    if (name === 'TRAILER!!!') return entries;
    const begin = upTo4(at + headBytes + nameSize);
    entries.push({ name, mode, content: archive.subarray(begin, begin + size) });
    at = upTo4(begin + size);
  }
}

/** Writes an archive, in which everything belongs to root. Folders have to come before what is in them. */
export function writeCpio(entries: readonly CpioEntry[]): Buffer {
  const all = [...entries, { name: 'TRAILER!!!', mode: 0, content: Buffer.alloc(0) }];
  return Buffer.concat(
    all.flatMap(({ name, mode, content }, at) => {
      const named = Buffer.from(`${name}\0`);
      const fields = [at + 1, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, named.length, 0];
      const head = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`);
      const padding = (bytes: number): Buffer => Buffer.alloc(upTo4(bytes) - bytes);
      return [head, named, padding(headBytes + named.length), content, padding(content.length)];
    }),
  );
}
